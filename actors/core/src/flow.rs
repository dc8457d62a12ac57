//! Flows: what callers hear and what happens to their calls, as data.
//!
//! A flow is named steps; each step is of a kind with its settings, and `on` says where its outcomes lead. One file
//! per kind: settings, ways out, progress and rule. The call machine follows a flow; it knows no kind by name.

// A new kind: its file, its line here, its line in the list below.
mod branch;
mod conference;
mod dial;
mod gather;
mod hangup;
mod http;
mod note;
mod play;
mod queue;
mod record;
mod reject;
mod say;
mod set;
mod sms;
mod transfer;
mod wait;

mod invite;
pub mod kind;
mod mood;
pub(crate) mod numbers;
mod pin;
mod reading;
mod ring;
mod route;
pub(crate) mod rule;
mod span;
mod speech;
mod template;

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

pub use self::kind::{Complaints, KindFacts, Otherwise, Settings, WayOut};
pub use self::pin::FlowHash;
pub use self::reading::{Mistake, Mistakes};
pub use self::route::ConferenceRoute;
pub use self::span::Span;
pub use self::template::{Template, Variables};
pub(crate) use branch::calendar;
pub use conference::{PinRoom, RoomPer};
pub use http::Method;
pub use queue::QueueAgent;

use crate::call::Stage;
use crate::hangup::EndReason;
use crate::plan::Voice;
use rule::{Happening, Next, Rule};

/// Ends the call well, as a target of `on` and `next`.
pub const END: &str = "end";

/// Steps that one call may take: a cycle without a caller in it must not run for ever. A caller who walks through
/// menus for half an hour takes about a hundred.
pub const MAX_STEPS: u32 = 500;

/// A flow.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name: letters, digits, dots, dashes, underscores; at most 60.
    pub flow: String,
    /// What it is for, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Voice of what its steps say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Language of what its steps say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What a caller hears when a step fails and `on` says nothing about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apology: Option<Template>,
    /// Steps that one call may take.
    #[serde(default = "max_steps")]
    pub max_steps: u32,
    /// Values for `{{ vars.… }}`; the configuration's `[flows.vars]` win over these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, String>,
    /// The first step.
    pub start: String,
    /// The steps.
    pub step: BTreeMap<String, Step>,
}

fn max_steps() -> u32 {
    MAX_STEPS
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does.
    pub kind: Kind,
    /// Where its outcomes lead: a step's name or [`END`].
    pub on: BTreeMap<String, String>,
    /// Where an outcome leads that goes on and is not in `on`.
    pub next: Option<String>,
}

/// Makes the enum of kinds and everything that goes through all of them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $module:ident: $Settings:ident,)*) => {
        /// The kind of a step, with its settings.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Kind {
            $($(#[$doc])* $Settings(Box<$module::$Settings>),)*
        }

        $(pub use self::$module::$Settings;)*

        /// Where a step stands: what its kind remembers while it waits.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Progress {
            $($(#[$doc])* $Settings(Box<<$module::$Settings as Settings>::Progress>),)*
        }

        impl Progress {
            /// Where the step stands, for spans and lists; bounded.
            pub fn phase(&self) -> &'static str {
                match self { $(Self::$Settings(progress) => <$module::$Settings as Rule>::phase(progress),)* }
            }
        }

        /// Every kind, in the order of the reference.
        pub const KINDS: &[KindFacts] = &[$(<$module::$Settings as Settings>::FACTS,)*];

        impl Kind {
            /// What this kind says about itself.
            pub fn facts(&self) -> KindFacts {
                match self { $(Self::$Settings(_) => <$module::$Settings as Settings>::FACTS,)* }
            }

            /// Outcomes of the author's own making that these settings can bring.
            pub fn own_outcomes(&self) -> Vec<String> {
                match self { $(Self::$Settings(settings) => settings.own_outcomes(),)* }
            }

            /// Its texts with holes, by key.
            pub fn templates(&self) -> Vec<(&'static str, &Template)> {
                match self { $(Self::$Settings(settings) => settings.templates(),)* }
            }

            /// Whether the caller must have been answered before this step.
            pub fn needs_answer(&self) -> bool {
                match self { $(Self::$Settings(settings) => settings.needs_answer(),)* }
            }

            pub(crate) fn enter(&self, stage: &mut Stage<'_>) -> (Progress, Next) {
                match self {
                    $(Self::$Settings(settings) => {
                        let mut progress = Box::default();
                        let next = settings.enter(&mut progress, stage);
                        (Progress::$Settings(progress), next)
                    })*
                }
            }

            pub(crate) fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
                match (self, progress) {
                    $((Self::$Settings(settings), Progress::$Settings(progress)) => settings.on(progress, what, stage),)*
                    _ => Next::HangUp { reason: EndReason::FlowUnreadable, say: None },
                }
            }

            pub(crate) fn cut_short(&self, progress: &Progress, stage: &mut Stage<'_>) {
                match (self, progress) {
                    $((Self::$Settings(settings), Progress::$Settings(progress)) => settings.cut_short(progress, stage),)*
                    _ => {}
                }
            }

            fn may_bring(&self, outcome: &str) -> bool {
                match self { $(Self::$Settings(settings) => settings.may_bring(outcome),)* }
            }

            fn check(&self, complaints: &mut Complaints) {
                match self { $(Self::$Settings(settings) => settings.check(complaints),)* }
            }

            fn read(word: &str, table: Value) -> Option<Result<Self, serde_path_to_error::Error<serde_json::Error>>> {
                Some(match word {
                    $(<$module::$Settings as Settings>::NAME => {
                        serde_path_to_error::deserialize(table).map(|settings| Self::$Settings(Box::new(settings)))
                    })*
                    _ => return None,
                })
            }

            fn table(&self) -> Result<Value, serde_json::Error> {
                match self { $(Self::$Settings(settings) => serde_json::to_value(settings),)* }
            }
        }
    };
}

kinds! {
    /// Says something.
    say: Say,
    /// Plays audio.
    play: Play,
    /// Collects keys.
    gather: Gather,
    /// Connects the caller with somebody else.
    transfer: Transfer,
    /// Rings several until one accepts.
    dial: Dial,
    /// Brings the caller into a room.
    conference: Conference,
    /// Sends a text message.
    sms: Sms,
    /// Records the caller.
    record: Record,
    /// Lets the caller wait for an agent.
    queue: Queue,
    /// Asks the user's own program.
    http: Http,
    /// Gives values names.
    set: Set,
    /// Writes something into the books.
    note: Note,
    /// Chooses a way.
    branch: Branch,
    /// Lets time pass.
    wait: Wait,
    /// Ends the call.
    hangup: Hangup,
    /// Refuses the call before it is answered.
    reject: Reject,
}

impl Flow {
    /// Reads a flow file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the path of the key.
    pub fn parse(toml: &str) -> Result<Self, Mistakes> {
        reading::parse(toml)
    }

    /// Reads a flow from its canonical form, as a journal keeps it.
    ///
    /// # Errors
    /// When this build cannot follow it.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, Mistakes> {
        reading::from_canonical(bytes)
    }

    /// Looks over a flow that was built in memory.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn checked(self) -> Result<Self, Mistakes> {
        reading::check(&self)?;
        Ok(self)
    }

    /// Its hash, and the bytes that it is the hash of.
    pub fn pinned(&self) -> (FlowHash, Vec<u8>) {
        pin::pinned(self)
    }

    /// Voice of what its steps say, unless they say otherwise.
    pub fn voice(&self) -> Voice {
        let defaults = Voice::default();
        Voice {
            voice: self.voice.clone().unwrap_or(defaults.voice),
            language: self.language.clone().unwrap_or(defaults.language),
        }
    }
}

impl Step {
    /// Where this outcome leads when `on` names it.
    pub fn target(&self, outcome: &str) -> Option<&str> {
        self.on.get(outcome).map(String::as_str)
    }

    /// The fixed way out of this name.
    pub fn way_out(&self, outcome: &str) -> Option<WayOut> {
        self.kind
            .facts()
            .outcomes
            .iter()
            .find(|way| way.name == outcome)
            .copied()
    }

    /// Whether `on` may name this outcome.
    pub fn may_bring(&self, outcome: &str) -> bool {
        self.way_out(outcome).is_some() || self.kind.may_bring(outcome)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Steps hold PINs and numbers.
        write!(f, "Flow({}, {} steps)", self.flow, self.step.len())
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let settings = self.kind.table().map_err(S::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("do", self.kind.facts().name)?;
        for (key, value) in settings.as_object().into_iter().flatten() {
            map.serialize_entry(key, value)?;
        }
        if !self.on.is_empty() {
            map.serialize_entry("on", &self.on)?;
        }
        if let Some(next) = &self.next {
            map.serialize_entry("next", next)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = Value::deserialize(deserializer)?;
        reading::step(table).map_err(de::Error::custom)
    }
}
