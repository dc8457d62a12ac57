//! What a machine states for the books: a call began, a leg answered, digits were collected, a transfer failed.
//!
//! A fact asks for nothing. Machines state it through [`crate::Effects::fact`], the record carries it after its
//! effects proper, the outbox passes it over, the journal never counts it as unsettled. `src/records` turns facts into
//! rows that users query. The time of a fact is the time of its record; nothing here repeats it.
//!
//! State a fact once, when it becomes true; a second one of the same kind about the same thing is harmless, the books
//! keep the first. What is a secret rather than a piece of information (a PIN that opens a room) is never a fact.

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::event::Direction;
use crate::hangup::{EndReason, HangupCause, HangupSource};
use crate::ids::{CallControlId, ConferenceId, ConnectionId, RecordingId};
use crate::phone::{Digits, PhoneNumber, Text};
use crate::time::Timestamp;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// By a call: it began. Missing only when the carrier never told who called whom.
    CallBegan {
        /// Who placed it.
        direction: Direction,
        /// The calling party.
        caller: Option<PhoneNumber>,
        /// The called party.
        called: Option<PhoneNumber>,
        /// The flow that it follows; `None` when no route took it.
        flow: Option<String>,
        /// The carrier application.
        connection: Option<ConnectionId>,
    },
    /// By a call: one of its legs rings.
    LegRang {
        /// The leg.
        leg: CallControlId,
        /// Its part in the call.
        role: LegRole,
        /// Whom it rings; for the caller's own leg the called number.
        to: Option<PhoneNumber>,
    },
    /// By a call: one of its legs is up.
    LegAnswered {
        /// The leg.
        leg: CallControlId,
    },
    /// By a call: one of its legs is over.
    LegEnded {
        /// The leg.
        leg: CallControlId,
        /// The carrier's word; `None` when its hangup event never came.
        cause: Option<HangupCause>,
        /// Which side hung up.
        source: HangupSource,
        /// SIP status where there is one, such as `486`.
        sip_code: Option<String>,
    },
    /// By a call: it is over.
    CallEnded {
        /// Why, in our words.
        reason: EndReason,
        /// Why, in the carrier's words.
        cause: Option<HangupCause>,
        /// By whom, in the carrier's words.
        source: HangupSource,
    },
    /// By a call: it left a step of its flow.
    StepTaken {
        /// Name of the step.
        step: String,
        /// Kind of the step, such as `gather`.
        kind: String,
        /// The way out, as the flow's `on` table names it: a menu's choice, `no_input`, `bridged`.
        outcome: String,
        /// How long the call was in it, milliseconds.
        after_ms: u64,
    },
    /// By a call: the caller typed something that the flow asked for as information.
    InputCollected {
        /// Name of the step that asked.
        step: String,
        /// What was typed.
        digits: Digits,
    },
    /// By a call: somebody is tried for the caller, by a transfer or a dial. Each target is a fact of its own.
    TransferTried {
        /// Name of the step.
        step: String,
        /// Who is tried: a number or SIP address.
        target: PhoneNumber,
    },
    /// By a call: what became of the latest try of this target in this step.
    TransferEnded {
        /// Name of the step.
        step: String,
        /// Who was tried.
        target: PhoneNumber,
        /// `bridged` (the only success), `busy`, `no_answer`, `rejected`, `failed`, `cancelled`.
        outcome: String,
    },
    /// By a room: it has a live conference.
    ConferenceBegan {
        /// Its id at the carrier.
        conference: ConferenceId,
        /// Which of the room's conferences it is.
        incarnation: u64,
    },
    /// By a room: a leg is in.
    ParticipantJoined {
        /// Which of the room's conferences.
        incarnation: u64,
        /// The leg.
        leg: CallControlId,
        /// The call that it belongs to.
        call: Address,
        /// Whether it came in as a moderator.
        moderator: bool,
    },
    /// By a room: a leg that was in is out.
    ParticipantLeft {
        /// Which of the room's conferences.
        incarnation: u64,
        /// The leg.
        leg: CallControlId,
    },
    /// By a room: its conference is over.
    ConferenceEnded {
        /// Which of the room's conferences.
        incarnation: u64,
        /// Why.
        reason: EndReason,
    },
    /// By a sending number: a text is to be sent.
    MessagePlanned {
        /// Our own key of the text; later facts name it.
        key: String,
        /// The number that sends it.
        from: PhoneNumber,
        /// Who gets it.
        to: PhoneNumber,
        /// The words.
        text: Text,
        /// The call that asked for it, if one did.
        call: Option<Address>,
    },
    /// By a sending number: a text came in.
    MessageReceived {
        /// The carrier's message id, which serves as its key.
        key: String,
        /// Who sent it.
        from: PhoneNumber,
        /// The number that got it.
        to: PhoneNumber,
        /// The words.
        text: Text,
        /// Attached pictures and other files.
        attachments: u32,
    },
    /// By a sending number: where a text stands.
    MessageStatus {
        /// Our own key of the text.
        key: String,
        /// The carrier's id, once known.
        message: Option<String>,
        /// `attempting`, `accepted`, `sent`, `delivered`, `failed`, `refused`, `unknown`, …
        status: String,
        /// The carrier's or our own reason, where there is one; never the words of the text.
        reason: Option<String>,
        /// How many segments were billed, once known.
        segments: Option<u32>,
    },
    /// By a sending number: nothing more is awaited about a text. What a trace tells of the whole; the books have it from
    /// the statements before.
    MessageOver {
        /// Our own key of the text.
        key: String,
        /// When it was asked for.
        asked_at: Timestamp,
        /// Where it stands, and stays unless the carrier says more after all.
        standing: String,
        /// Why it was not sent, did not arrive or is in doubt; a bounded word. `None` when all is well.
        error: Option<String>,
        /// The call that asked for it, if one did.
        call: Option<Address>,
    },
    /// By a call or a room: a recording can be fetched at the carrier.
    RecordingSaved {
        /// The leg that was recorded; `None` for a whole conference.
        leg: Option<CallControlId>,
        /// Its id at the carrier. Links are not kept: they are good for minutes only.
        recording: RecordingId,
    },
}

/// Longest way out of a step that is shown.
const LONGEST_WAY: usize = 40;

/// The part of a leg in its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    /// The party that called us.
    Caller,
    /// The party that we called, in an outgoing call.
    Callee,
    /// A party that was dialled or transferred to for the caller.
    Agent,
}

impl LegRole {
    /// snake_case name, as in the books.
    pub fn label(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Agent => "agent",
        }
    }
}

impl Fact {
    /// snake_case name of the kind: bounded, for lists and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::CallBegan { .. } => "call_began",
            Self::LegRang { .. } => "leg_rang",
            Self::LegAnswered { .. } => "leg_answered",
            Self::LegEnded { .. } => "leg_ended",
            Self::CallEnded { .. } => "call_ended",
            Self::StepTaken { .. } => "step_taken",
            Self::InputCollected { .. } => "input_collected",
            Self::TransferTried { .. } => "transfer_tried",
            Self::TransferEnded { .. } => "transfer_ended",
            Self::ConferenceBegan { .. } => "conference_began",
            Self::ParticipantJoined { .. } => "participant_joined",
            Self::ParticipantLeft { .. } => "participant_left",
            Self::ConferenceEnded { .. } => "conference_ended",
            Self::MessagePlanned { .. } => "message_planned",
            Self::MessageReceived { .. } => "message_received",
            Self::MessageStatus { .. } => "message_status",
            Self::MessageOver { .. } => "message_over",
            Self::RecordingSaved { .. } => "recording_saved",
        }
    }
}

/// A way out of a step as anybody may see it. One with digits is what the caller typed; a long one is not a name.
pub fn shown_way(outcome: &str) -> &str {
    let name = |byte: u8| byte.is_ascii_alphabetic() || b"_-".contains(&byte);
    match outcome.len() <= LONGEST_WAY && outcome.bytes().all(name) {
        true => outcome,
        false => "a choice",
    }
}
