//! What became of a command. A carrier's failure is a value that goes into the machine, classed once, in the adapter.

use serde::{Deserialize, Serialize};

use crate::event::{ClientState, Direction};
use crate::ids::{
    CallControlId, CallLegId, CallSessionId, ConferenceId, ConferenceName, ConnectionId, MessageId,
    RecordingId,
};
use crate::phone::PhoneNumber;
use crate::text::TextStatus;

/// What became of one logical command, after all attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The carrier took it. The effect itself is reported by events.
    Accepted(Answer),
    /// The carrier refused it for good.
    Refused(Refusal),
    /// Nobody can tell whether it took effect: time-outs, cut answers, past its deadline.
    Unknown {
        /// What was seen last, for people.
        why: String,
    },
    /// It never left: a hangup for the same leg overtook it, or an event proved it needless.
    Cancelled,
}

impl Outcome {
    /// `accepted`, `refused`, `unknown` or `cancelled`.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Unknown { .. } => "unknown",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What an accepted command or question brought back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing but consent.
    Done,
    /// The leg is answered, and no event will say so: at some carriers whoever tells a leg what to do has answered it.
    Answered,
    /// It is under way, and its id comes with the event about it: some carriers make a conference when its first
    /// participant gets there.
    UnderWay,
    /// Consent, and a recording was begun with it.
    Recording(RecordingId),
    /// A dialled leg.
    Dialled {
        /// The new leg.
        leg: CallControlId,
        /// The same under its report id.
        leg_uuid: CallLegId,
        /// The session it belongs to.
        session: CallSessionId,
    },
    /// A text that the carrier has taken.
    Message(MessageId),
    /// A conference, created or asked for.
    Conference(ConferenceView),
    /// Conferences asked for.
    Conferences(Vec<ConferenceView>),
    /// Participants asked for.
    Participants(Vec<ParticipantView>),
    /// A leg asked for.
    Call(CallView),
    /// Live legs asked for.
    ActiveCalls(Vec<CallView>),
    /// Texts asked for.
    Texts(Vec<TextView>),
}

/// A text of ours as the carrier's list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextView {
    /// Its id.
    pub message: MessageId,
    /// Where it stands.
    pub status: TextStatus,
}

/// A conference as the carrier sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConferenceView {
    /// Its id.
    pub id: ConferenceId,
    /// The room.
    pub name: ConferenceName,
    /// Whether it can still be joined.
    pub live: bool,
    /// The carrier application that it belongs to, where the carrier says.
    #[serde(default)]
    pub connection: Option<ConnectionId>,
}

/// A participant as the carrier sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantView {
    /// The leg.
    pub leg: CallControlId,
    /// In it, or on the way in; false once it has left.
    pub present: bool,
    /// On hold.
    pub on_hold: bool,
    /// Muted.
    pub muted: bool,
}

/// A leg as the carrier sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The leg.
    pub leg: CallControlId,
    /// The session.
    pub session: CallSessionId,
    /// `None` when the carrier does not say or contradicts itself: unknown, not dead.
    pub alive: Option<bool>,
    /// Our own state on that leg, if authentic.
    pub client_state: Option<ClientState>,
    /// Who called whom, where the carrier says. Telnyx does not.
    #[serde(default)]
    pub origin: Option<Box<CallOrigin>>,
}

/// Who placed a leg, and between which numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOrigin {
    /// Whether it came to us.
    pub direction: Direction,
    /// The caller.
    pub from: PhoneNumber,
    /// The called number.
    pub to: PhoneNumber,
}

/// A refusal, by what we do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The class.
    pub kind: RefusalKind,
    /// HTTP status.
    pub status: u16,
    /// The carrier's code, such as `90018`.
    pub code: Option<String>,
    /// The carrier's sentence, length-capped and escaped.
    pub detail: String,
}

/// Classes of refusal (API-FACTS 1.6), by what a machine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The leg is over (90018, or 404 for a leg).
    CallEnded,
    /// The leg is not up yet (90034): worth another try later.
    NotAnswered,
    /// An outgoing leg cannot be answered (90102).
    NotIncoming,
    /// The conference is over or unknown (90019, 90058).
    ConferenceEnded,
    /// The conference is full (90032).
    ConferenceFull,
    /// A conference of that name is active (90033).
    NameActive,
    /// The leg is already in the conference (90044).
    AlreadyJoined,
    /// The resource does not exist.
    NotFound,
    /// The API key is wrong: an operator must act.
    Unauthorized,
    /// Channel limits (90041..90043): back off.
    ChannelLimit,
    /// Who should get the text asked the carrier for no more of them (40300).
    OptedOut,
    /// The number a text should go to is none, or cannot be reached by texts.
    BadDestination,
    /// The request itself is wrong: a bug or a setting of ours.
    Invalid,
    /// Anything else.
    Other,
}

impl RefusalKind {
    /// snake_case name for spans and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::CallEnded => "call_ended",
            Self::NotAnswered => "not_answered",
            Self::NotIncoming => "not_incoming",
            Self::ConferenceEnded => "conference_ended",
            Self::ConferenceFull => "conference_full",
            Self::NameActive => "name_active",
            Self::AlreadyJoined => "already_joined",
            Self::NotFound => "not_found",
            Self::Unauthorized => "unauthorized",
            Self::ChannelLimit => "channel_limit",
            Self::OptedOut => "opted_out",
            Self::BadDestination => "bad_destination",
            Self::Invalid => "invalid",
            Self::Other => "other",
        }
    }
}

/// What one *attempt* brought; the outbox makes an [`Outcome`] of one or several.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// Taken.
    Accepted(Answer),
    /// Refused for good.
    Refused(Refusal),
    /// Certainly not taken; try again, not before `after` if the carrier said so (already clamped to 1..60 s).
    TryLater {
        /// The carrier's wish.
        after: Option<std::time::Duration>,
        /// `429`, `503`, `connect`, …; bounded, for metrics and spans.
        why: &'static str,
    },
    /// May have been taken; the same id may be sent again within the carrier's window.
    InDoubt {
        /// `timeout`, `reset`, `500`, `bad_answer`, …; bounded, for metrics and spans.
        why: &'static str,
    },
}
