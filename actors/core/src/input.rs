//! Everything that can happen to a machine, as one closed enum.
//!
//! Every input has a source that offers it again until a record contains it: the carrier (events), the outbox
//! (outcomes, messages), the registry (deadlines), the client (operator requests), the reconciler (findings).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::command::Command;
use crate::event::Event;
use crate::http::HttpOutcome;
use crate::ids::{CallControlId, CommandId, ConferenceId, ConnectionId};
use crate::message::Message;
use crate::outcome::Outcome;
use crate::phone::{PhoneNumber, Text};
use crate::plan::{CallPlan, FlowPlan};
use crate::sms::plan::NumberPlan;
use crate::text::TextOrder;
use crate::time::Timestamp;

/// One input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The carrier reported something.
    Event {
        /// What.
        event: Box<Event>,
        /// For the event that starts a call: what its caller gets.
        plan: Option<CallPlan>,
    },
    /// A command of this entity is settled.
    Outcome {
        /// Which.
        command: CommandId,
        /// How.
        outcome: Outcome,
    },
    /// A request to the user's own program is settled.
    HttpOutcome {
        /// Which.
        request: CommandId,
        /// How.
        outcome: HttpOutcome,
    },
    /// `next_deadline()` is reached.
    Deadline,
    /// Another machine said something.
    Message {
        /// Who.
        from: Address,
        /// The sender's record.
        seq: u64,
        /// The effect within that record.
        index: u32,
        /// What.
        body: Message,
    },
    /// A person or program of ours asks for something.
    Operator(OperatorRequest),
    /// The reconciler compared our books with the carrier's.
    Finding(Finding),
    /// An input of this entity panicked twice and will not be offered again: land safely.
    Quarantined {
        /// Kind of the input, such as `event`.
        input: String,
        /// The leg that it was about: a call that knows of none yet must hang up this one.
        #[serde(default)]
        leg: Option<CallControlId>,
    },
}

impl Input {
    /// Short name for spans, metrics and panics: bounded, no ids, no numbers.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Event { .. } => "event",
            Self::Outcome { .. } => "outcome",
            Self::HttpOutcome { .. } => "http_outcome",
            Self::Deadline => "deadline",
            Self::Message { .. } => "message",
            Self::Operator(_) => "operator",
            Self::Finding(_) => "finding",
            Self::Quarantined { .. } => "quarantined",
        }
    }
}

/// What an operator may ask of a live entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorRequest {
    /// Issue one carrier command in the entity's name.
    Issue(Box<Command>),
    /// End the call.
    Hangup,
    /// Place this call; at an address of its own that nothing has happened at yet.
    Start(Box<StartCall>),
    /// Change how participants of a room take part. A call takes no notice.
    Room(RoomRequest),
    /// The settings of a sending number, at every start of the program. Calls and rooms take no notice.
    Number(Box<NumberPlan>),
    /// Send a text. Calls and rooms take no notice.
    Text(Box<TextOrder>),
}

impl OperatorRequest {
    /// Whether it brings a call, a conference or somebody's part in it to its end: let in when nothing else is.
    pub fn ends_something(&self) -> bool {
        match self {
            Self::Issue(command) => {
                matches!(command.name(), "hangup" | "conference_end" | "conference_leave")
            }
            Self::Hangup => true,
            Self::Start(_) => false,
            Self::Room(request) => matches!(request, RoomRequest::Kick { .. }),
            Self::Number(_) | Self::Text(_) => false,
        }
    }
}

/// A call that we place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartCall {
    /// The number shown.
    pub from: PhoneNumber,
    /// Whom to call: E.164 or SIP URI.
    pub to: PhoneNumber,
    /// The carrier application that owns the leg.
    pub connection: ConnectionId,
    /// What whoever answers gets.
    pub plan: Box<FlowPlan>,
    /// Values for `{{ vars.NAME }}` of this call alone; they win over the flow's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, Text>,
    /// How long it rings, milliseconds; the carrier takes 5 to 600 s.
    pub ring_ms: u32,
    /// Past this nobody is called any more.
    pub not_after: Timestamp,
}

/// What an operator may ask of a live room. Legs that are not in it are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomRequest {
    /// Silence these participants for the others.
    Mute {
        /// Their legs.
        legs: Vec<CallControlId>,
    },
    /// Undo mute.
    Unmute {
        /// Their legs.
        legs: Vec<CallControlId>,
    },
    /// Let these participants hear hold audio only, until they are taken off hold again.
    Hold {
        /// Their legs.
        legs: Vec<CallControlId>,
    },
    /// Undo hold. Whom the room itself holds, because no moderator is in, stays on hold.
    Unhold {
        /// Their legs.
        legs: Vec<CallControlId>,
    },
    /// Take these participants out; their calls decide what comes then.
    Kick {
        /// Their legs.
        legs: Vec<CallControlId>,
    },
    /// Speak to participants.
    Say {
        /// What is said.
        text: Text,
        /// The carrier's voice name.
        voice: String,
        /// BCP 47 tag.
        language: String,
        /// Who hears it; everybody when empty.
        legs: Vec<CallControlId>,
    },
}

/// What the reconciler found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The carrier has no such live leg.
    LegGone {
        /// The leg.
        leg: CallControlId,
    },
    /// A live leg carries this entity's own state, and nobody claims it.
    LegAlive {
        /// The leg.
        leg: CallControlId,
    },
    /// The carrier has no such live conference.
    ConferenceGone {
        /// The conference.
        conference: ConferenceId,
    },
    /// A live conference has this room's name, and nobody claims it.
    ConferenceAlive {
        /// The conference.
        conference: ConferenceId,
    },
}
