//! What a caller gets: the plan that a call pins when it begins, so that a changed configuration never reaches
//! a live call. Routing in `src` chooses the plan; the machine only follows it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::command::conference::Beep;
use crate::command::leg::RejectCause;
use crate::flow::{Flow, FlowHash, PinRoom};
use crate::ids::ConferenceName;
use crate::phone::PhoneNumber;

/// The plan of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPlan {
    /// Follow a flow.
    Flow(Box<FlowPlan>),
    /// What calls followed before there were flows: read from old journals, never made any more.
    Conference(Box<ConferencePlan>),
    /// Refuse the call before it is answered, at no cost.
    Reject(RejectCause),
}

impl CallPlan {
    /// Name of the flow, for all but callers who are refused.
    pub fn flow(&self) -> Option<&str> {
        match self {
            Self::Flow(plan) => Some(&plan.name),
            Self::Conference(plan) => Some(&plan.flow),
            Self::Reject(_) => None,
        }
    }
}

/// The flow of a call, and what the installation adds to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowPlan {
    /// Which; the entity is given the flow itself beside its state.
    pub flow: FlowHash,
    /// Its name, for traces and records.
    pub name: String,
    /// Deadlines.
    pub limits: Limits,
    /// Secret of this installation: room names tell nothing about numbers and PINs, and no other installation's
    /// conferences have them.
    #[serde(default)]
    pub room_salt: String,
    /// The flow itself, where no shelf has it: a call of a journal that was written before there were flows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<Box<Flow>>,
}

impl FlowPlan {
    /// A plan for this flow.
    pub fn new(flow: &Flow, limits: Limits, room_salt: String) -> Self {
        Self {
            flow: flow.pinned().0,
            name: flow.flow.clone(),
            limits,
            room_salt,
            inline: None,
        }
    }
}

/// How callers of one route found their room before there were flows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConferencePlan {
    /// Name of the route.
    pub flow: String,
    /// Which room.
    pub room: RoomChoice,
    /// Callers who are moderators by their number.
    pub moderators: Vec<PhoneNumber>,
    /// Rules of the room.
    pub settings: RoomSettings,
    /// Voice and language of what we say.
    pub voice: Voice,
    /// Deadlines.
    pub limits: Limits,
    /// Secret of the installation.
    #[serde(default)]
    pub room_salt: String,
}

/// Which room a caller is brought into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomChoice {
    /// Always this one.
    Named(ConferenceName),
    /// One room per called number.
    CalledNumber,
    /// The caller types a PIN.
    Pin(PinPrompt),
}

/// Asks the caller for a PIN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinPrompt {
    /// PIN to room. Empty: every PIN of `min_digits..=max_digits` keys names a room of its own.
    pub pins: BTreeMap<String, PinRoom>,
    /// Fewest keys.
    pub min_digits: u32,
    /// Most keys.
    pub max_digits: u32,
    /// How often the caller may try.
    pub tries: u32,
    /// Silence after the prompt that ends a try, milliseconds.
    pub timeout_ms: u32,
    /// What the caller hears.
    pub prompt: String,
    /// What the caller hears after a wrong PIN.
    pub wrong: String,
}

/// Rules of a room. The first caller's rules hold until the conference ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomSettings {
    /// When the others hear a beep.
    pub beep: Beep,
    /// Most participants, 2..=800. We count; the carrier is told as a second net.
    pub max_participants: u32,
    /// Participants hear hold audio until a moderator is in.
    pub hold_until_moderator: bool,
    /// The conference ends when its last moderator leaves.
    pub end_on_moderator_exit: bool,
    /// Audio for those on hold; the carrier's silence when absent.
    pub hold_audio_url: Option<String>,
    /// The carrier ends the conference after this many minutes, whatever becomes of us.
    pub duration_minutes: u32,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            beep: Beep::Always,
            max_participants: 250,
            hold_until_moderator: false,
            end_on_moderator_exit: false,
            hold_audio_url: None,
            duration_minutes: 240,
        }
    }
}

/// Voice of what we say ourselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voice {
    /// The carrier's voice name.
    pub voice: String,
    /// BCP 47 tag.
    pub language: String,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            voice: "female".into(),
            language: "en-US".into(),
        }
    }
}

/// Deadlines of waiting states, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A call or room about which the carrier said nothing for so long is asked about.
    pub probe_after_ms: u64,
    /// The interval doubles with each uneventful probe, up to this.
    pub probe_max_ms: u64,
    /// Every waiting state but the conference itself is left after so long.
    pub step_ms: u64,
    /// After a participant left the room, so long until the leg is hung up by us.
    pub after_leave_ms: u64,
    /// An event of a session whose start we did not see waits so long for it.
    pub orphan_ms: u64,
    /// A command is given up, outcome unknown, after so long.
    pub command_ms: u64,
    /// A hangup is given up after so long.
    pub hangup_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            probe_after_ms: 20_000,
            probe_max_ms: 60_000,
            step_ms: 120_000,
            after_leave_ms: 5_000,
            orphan_ms: 10_000,
            command_ms: 40_000,
            hangup_ms: 120_000,
        }
    }
}

impl Limits {
    /// Silence before probe number `n` (0 is the first).
    pub fn probe_delay(&self, n: u32) -> Duration {
        let doubled = self.probe_after_ms.saturating_mul(1 << n.min(10));
        Duration::from_millis(doubled.min(self.probe_max_ms.max(self.probe_after_ms)))
    }
}

/// The room of a called number. A salted digest, so that no name carries a phone number into logs and traces.
pub fn room_of_number(salt: &str, number: &PhoneNumber) -> ConferenceName {
    ConferenceName::new(format!(
        "room-{}",
        short_digest(&[salt, "number", number.expose()])
    ))
}

/// The room of a free PIN within a route; salted, since a PIN is guessed at once.
pub fn room_of_pin(salt: &str, flow: &str, pin: &str) -> ConferenceName {
    ConferenceName::new(format!("{flow}-{}", short_digest(&[salt, flow, pin])))
}

fn short_digest(parts: &[&str]) -> String {
    Sha256::digest(parts.join("\n"))
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
