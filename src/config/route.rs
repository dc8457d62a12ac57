//! One `[[route]]` table: which calls it takes, and what they get.
//!
//! Read by serde through `RouteTable`, so that a mistake is reported at its line. `routes.rs` makes plans of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cordboard_core::command::conference::Beep;
use cordboard_core::command::leg::RejectCause;
use cordboard_core::flow::{ConferenceRoute, PinRoom};
use cordboard_core::plan::{PinPrompt, RoomChoice, RoomSettings, Voice};
use cordboard_core::{ConferenceName, ConnectionId, PhoneNumber};
use serde::{Deserialize, Serialize, Serializer};

use super::duration;
use super::secret::Secret;

/// Its keys stand in the route itself.
const CONFERENCE: &str = "conference";

/// Keys of a PIN when every PIN opens a room.
const FREE_PIN_DIGITS: (u32, u32) = (4, 10);

/// Which calls a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// Calls to this number.
    Number(PhoneNumber),
    /// Calls to numbers that begin like this.
    Prefix(String),
    /// Calls through this carrier application.
    Connection(ConnectionId),
    /// All that no other route takes.
    Default,
}

/// A checked route.
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "RouteTable", into = "RouteTable")]
pub struct Route {
    table: RouteTable,
    matcher: Matcher,
    gets: Gets,
}

/// What the calls of a route get.
#[derive(Clone, Debug, PartialEq)]
pub enum Gets {
    /// They are refused before they are answered.
    Refusal(RejectCause),
    /// A room, as the route's own keys say.
    Room(Box<ConferenceRoute>),
    /// The flow of this name.
    Flow(String),
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The plan says the same again, with its PINs in the clear.
        f.debug_tuple("Route").field(&self.table).finish()
    }
}

impl Route {
    /// Which calls it takes.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// What they get.
    pub fn gets(&self) -> &Gets {
        &self.gets
    }
}

/// The table as it is written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct RouteTable {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "masked")]
    number: Option<PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beep: Option<Beep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_participants: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_until_moderator: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_on_moderator_exit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_audio_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "all_masked")]
    moderators: Vec<PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<Prompts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pins: Vec<PinTable>,
}

/// `pins = [{ pin = "…", room = "…" }]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PinTable {
    pin: Secret,
    room: String,
    #[serde(default)]
    moderator: bool,
}

/// `prompts = { … }`: how a PIN is asked for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Prompts {
    pin: String,
    wrong: String,
    tries: u32,
    #[serde(with = "duration")]
    timeout: Duration,
    min_digits: u32,
    max_digits: u32,
}

impl Default for Prompts {
    fn default() -> Self {
        Self {
            pin: "Please enter your conference PIN, then press pound.".into(),
            wrong: "That PIN is not known.".into(),
            tries: 3,
            timeout: Duration::from_secs(10),
            min_digits: FREE_PIN_DIGITS.0,
            max_digits: FREE_PIN_DIGITS.1,
        }
    }
}

impl From<Route> for RouteTable {
    fn from(route: Route) -> Self {
        route.table
    }
}

impl TryFrom<RouteTable> for Route {
    type Error = String;

    fn try_from(table: RouteTable) -> Result<Self, String> {
        let matcher = table.matcher()?;
        let gets = match (&table.reject, table.flow.as_deref()) {
            (Some(word), _) => table.rejection(word)?,
            (None, None | Some(CONFERENCE)) => Gets::Room(Box::new(table.conference()?)),
            (None, Some(name)) => table.flow_named(name)?,
        };
        Ok(Self { table, matcher, gets })
    }
}

impl RouteTable {
    fn matcher(&self) -> Result<Matcher, String> {
        match (&self.number, &self.prefix, &self.connection) {
            (None, None, None) => Ok(Matcher::Default),
            (Some(number), None, None) => {
                let sip = number.expose().starts_with("sip:") || number.expose().starts_with("sips:");
                let why =
                    "number is neither E.164, such as \"+15550100\", nor a SIP address, such as \"sip:a@b\"";
                (number.is_e164() || sip)
                    .then(|| Matcher::Number(number.clone()))
                    .ok_or_else(|| why.into())
            }
            (None, Some(prefix), None) => {
                let digits = prefix.strip_prefix('+').unwrap_or_default();
                let good =
                    (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
                good.then(|| Matcher::Prefix(prefix.clone()))
                    .ok_or_else(|| "prefix must be `+` and 1 to 15 digits, such as \"+1555\"".into())
            }
            (None, None, Some(id)) if !id.trim().is_empty() => {
                Ok(Matcher::Connection(ConnectionId::new(id.trim())))
            }
            (None, None, Some(_)) => Err("connection is empty: it is the id of a carrier application".into()),
            _ => Err("a route has one of number, prefix and connection: make two routes of it".into()),
        }
    }

    fn rejection(&self, word: &str) -> Result<Gets, String> {
        let matchers_only = Self {
            number: self.number.clone(),
            prefix: self.prefix.clone(),
            connection: self.connection.clone(),
            reject: self.reject.clone(),
            ..Self::default()
        };
        if *self != matchers_only {
            return Err("a route with `reject` has nothing else but its number, prefix or connection".into());
        }
        match word {
            "busy" => Ok(Gets::Refusal(RejectCause::UserBusy)),
            "rejected" => Ok(Gets::Refusal(RejectCause::CallRejected)),
            _ => Err("reject must be \"busy\" or \"rejected\"".into()),
        }
    }

    /// A flow says everything else itself.
    fn flow_named(&self, name: &str) -> Result<Gets, String> {
        let matchers_only = Self {
            number: self.number.clone(),
            prefix: self.prefix.clone(),
            connection: self.connection.clone(),
            flow: self.flow.clone(),
            ..Self::default()
        };
        if *self != matchers_only {
            return Err(format!(
                "a route with flow = \"{}\" has nothing else but its number, prefix or connection: the other keys are \
                 those of a conference",
                shown(name)
            ));
        }
        name_of("flow", name).map(Gets::Flow)
    }

    fn conference(&self) -> Result<ConferenceRoute, String> {
        let defaults = Voice::default();
        let choice = self.room_choice()?;
        self.check_pin_keys(&choice)?;
        Ok(ConferenceRoute {
            name: name_of("name", self.name.as_deref().unwrap_or(CONFERENCE))?,
            room: choice,
            moderators: self.moderators()?,
            settings: self.settings()?,
            voice: Voice {
                voice: self.voice.clone().unwrap_or(defaults.voice),
                language: self.language.clone().unwrap_or(defaults.language),
            },
        })
    }

    fn room_choice(&self) -> Result<RoomChoice, String> {
        match self.room.as_deref().unwrap_or("called-number") {
            "called-number" => Ok(RoomChoice::CalledNumber),
            "pin" => self.pin_prompt().map(RoomChoice::Pin),
            other => match other.strip_prefix("name:") {
                Some(name) => Ok(RoomChoice::Named(ConferenceName::new(name_of("room", name)?))),
                None => Err("room must be \"called-number\", \"pin\" or \"name:<room>\"".into()),
            },
        }
    }

    /// Keys about PINs in a route that asks for none are a misunderstanding.
    fn check_pin_keys(&self, choice: &RoomChoice) -> Result<(), String> {
        let asks = matches!(choice, RoomChoice::Pin(_));
        if !asks && !self.pins.is_empty() {
            return Err("pins are only asked for with room = \"pin\"".into());
        }
        if !asks && self.prompts.is_some() {
            return Err("prompts are only spoken with room = \"pin\"".into());
        }
        Ok(())
    }

    fn pin_prompt(&self) -> Result<PinPrompt, String> {
        let prompts = self.prompts.clone().unwrap_or_default();
        let mut pins = BTreeMap::new();
        for entry in &self.pins {
            let pin = entry.pin.expose();
            if !(1..=20).contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err("a pin must be 1 to 20 digits in quotes".into());
            }
            let room = PinRoom {
                room: ConferenceName::new(name_of("the room of a pin", &entry.room)?),
                moderator: entry.moderator,
            };
            if pins.insert(pin.to_owned(), room).is_some() {
                return Err("the same pin is listed twice".into());
            }
        }
        let lengths = || {
            pins.keys()
                .map(|pin: &String| u32::try_from(pin.len()).unwrap_or(u32::MAX))
        };
        let min_digits = lengths().min().unwrap_or(prompts.min_digits);
        let max_digits = lengths().max().unwrap_or(prompts.max_digits);
        if min_digits == 0 || max_digits < min_digits || max_digits > 20 {
            return Err("min_digits and max_digits must lie between 1 and 20, in this order".into());
        }
        if !(1..=10).contains(&prompts.tries) {
            return Err("tries must lie between 1 and 10".into());
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&prompts.timeout) {
            return Err("the timeout of prompts must lie between 1s and 1m".into());
        }
        Ok(PinPrompt {
            pins,
            min_digits,
            max_digits,
            tries: prompts.tries,
            timeout_ms: u32::try_from(prompts.timeout.as_millis()).unwrap_or(u32::MAX),
            prompt: prompts.pin,
            wrong: prompts.wrong,
        })
    }

    fn moderators(&self) -> Result<Vec<PhoneNumber>, String> {
        match self.moderators.iter().position(|number| !number.is_e164()) {
            Some(at) => Err(format!(
                "moderator number {} is not E.164, such as \"+15550100\"",
                at + 1
            )),
            None => Ok(self.moderators.clone()),
        }
    }

    fn settings(&self) -> Result<RoomSettings, String> {
        let defaults = RoomSettings::default();
        let settings = RoomSettings {
            beep: self.beep.unwrap_or(defaults.beep),
            max_participants: self.max_participants.unwrap_or(defaults.max_participants),
            hold_until_moderator: self.hold_until_moderator.unwrap_or(defaults.hold_until_moderator),
            end_on_moderator_exit: self
                .end_on_moderator_exit
                .unwrap_or(defaults.end_on_moderator_exit),
            hold_audio_url: self.hold_audio_url.clone(),
            duration_minutes: self.duration_minutes.unwrap_or(defaults.duration_minutes),
        };
        // Bounds of the carrier's conference API.
        if !(2..=800).contains(&settings.max_participants) {
            return Err("max_participants must lie between 2 and 800".into());
        }
        if !(1..=1_440).contains(&settings.duration_minutes) {
            return Err("duration_minutes must lie between 1 and 1440, which is a day".into());
        }
        let web =
            |url: &String| url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !settings.hold_audio_url.as_ref().is_none_or(web) {
            return Err("hold_audio_url is no http or https URL".into());
        }
        let moderated = settings.hold_until_moderator || settings.end_on_moderator_exit;
        let pin_moderator = self.pins.iter().any(|entry| entry.moderator);
        if moderated && self.moderators.is_empty() && !pin_moderator {
            return Err(
                "nobody can be the moderator that hold_until_moderator or end_on_moderator_exit waits for: \
                        list moderators, or a pin with moderator = true"
                    .into(),
            );
        }
        Ok(settings)
    }
}

/// A name that is fit for traces, URLs and the carrier.
fn name_of(what: &str, name: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=60).contains(&name.len()) && name.bytes().all(plain) {
        Ok(name.to_owned())
    } else {
        Err(format!(
            "{what} must be 1 to 60 letters, digits, dots, dashes or underscores, not \"{}\"",
            shown(name)
        ))
    }
}

fn shown(text: &str) -> String {
    cordboard_observability::redact::escape(text, 40)
}

fn masked<S: Serializer>(number: &Option<PhoneNumber>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&number.as_ref().map(ToString::to_string).unwrap_or_default())
}

fn all_masked<S: Serializer>(numbers: &[PhoneNumber], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(ToString::to_string))
}
