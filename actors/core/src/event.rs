//! What happened at the carrier: one normalised fact per webhook, whoever the carrier is.
//!
//! Decoders in `src/carriers` produce these; machines consume them. Fields that no machine can act on stay out.

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::hangup::{HangupCause, HangupSource};
use crate::ids::{CallControlId, CallLegId, CallSessionId, ConferenceId, ConnectionId, EventId, RecordingId};
use crate::phone::{Digits, PhoneNumber};
use crate::text::{TextReceived, TextReport};
use crate::time::Timestamp;

/// One webhook, decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The same on redelivery; what we dedupe by.
    pub id: EventId,
    /// The carrier's clock. For display and tie-breaks; never for decisions.
    pub occurred_at: Option<Timestamp>,
    /// The carrier application it came through.
    pub connection: Option<ConnectionId>,
    /// The session the carrier groups it under.
    pub session: Option<CallSessionId>,
    /// The leg it is about.
    pub leg: Option<CallControlId>,
    /// The same leg under its report id.
    pub leg_uuid: Option<CallLegId>,
    /// The conference it is about.
    pub conference: Option<ConferenceId>,
    /// Our own state, when the event carries it and its authentication holds.
    pub client_state: Option<ClientState>,
    /// The fact itself.
    pub body: EventBody,
}

/// What we attach to a command and find in the events that it causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientState {
    /// The entity that issued the command.
    pub owner: Address,
    /// The step of the flow, or the state, that issued it.
    pub step: String,
    /// Counts up with each prompt of a call: digits of an older gather never reach a newer one.
    pub generation: u32,
}

/// Who placed a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody called us.
    Incoming,
    /// We dialled.
    Outgoing,
}

/// How a gather ended (Telnyx `call.gather.ended.status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatherStatus {
    /// Digits came as asked.
    Valid,
    /// Digits came, not as asked.
    Invalid,
    /// The caller hung up meanwhile.
    CallHangup,
    /// A command of ours stopped it.
    Cancelled,
    /// Silence.
    Timeout,
    /// A word this build does not know; treated as silence.
    Other,
}

/// How speech or audio ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaStatus {
    /// Played to its end.
    Completed,
    /// The caller hung up meanwhile.
    CallHangup,
    /// Stopped by a command or by machine detection.
    Cancelled,
    /// Could not be played.
    Failed,
    /// A word this build does not know.
    Other,
}

/// Why a conference ended (Telnyx `conference.ended.reason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConferenceEndReason {
    /// The last participant left.
    AllLeft,
    /// A participant with end-on-exit left.
    HostLeft,
    /// The carrier's time limit.
    TimeExceeded,
    /// A command ended it.
    EndedViaApi,
    /// A word this build does not know.
    Other,
}

/// Facts about recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingSaved {
    /// The recording, where the event names it.
    pub recording: Option<RecordingId>,
    /// `wav` and `mp3` links, good for minutes only.
    pub urls: Vec<String>,
}

/// The facts, one variant per carrier event type (API-FACTS 1.7 and 1.8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventBody {
    /// A leg exists and rings.
    CallInitiated {
        /// Only incoming legs are ever answered.
        direction: Direction,
        /// The caller.
        from: PhoneNumber,
        /// The called number.
        to: PhoneNumber,
    },
    /// The leg is up.
    CallAnswered {
        /// The caller, where the event names it.
        from: Option<PhoneNumber>,
        /// The called number, where the event names it.
        to: Option<PhoneNumber>,
    },
    /// Two legs hear each other; one event per leg.
    CallBridged,
    /// Whoever was rung by a transfer of this leg is gone, or was never reached: the leg is alone again. From carriers
    /// whose legs ask what comes next.
    TransferEnded {
        /// Why, in the words for the end of the far leg.
        cause: HangupCause,
    },
    /// The leg is over.
    CallHangup {
        /// Why, in the carrier's words.
        cause: HangupCause,
        /// By whom.
        source: HangupSource,
        /// SIP status where there is one, such as `486`.
        sip_code: Option<String>,
    },
    /// The leg was put on hold.
    CallHeld,
    /// The leg was taken off hold.
    CallUnheld,
    /// One key.
    DtmfReceived {
        /// The key.
        digit: Digits,
    },
    /// A gather is over.
    GatherEnded {
        /// What was pressed.
        digits: Digits,
        /// How it ended.
        status: GatherStatus,
    },
    /// Speech began.
    SpeakStarted,
    /// Speech ended.
    SpeakEnded {
        /// How.
        status: MediaStatus,
    },
    /// Audio began.
    PlaybackStarted,
    /// Audio ended.
    PlaybackEnded {
        /// How.
        status: MediaStatus,
    },
    /// A recording can be fetched.
    RecordingSaved(RecordingSaved),
    /// A recording failed.
    RecordingFailed {
        /// The carrier's sentence.
        reason: String,
    },
    /// A recording's transcription can be fetched.
    RecordingTranscriptionSaved {
        /// The recording.
        recording: Option<RecordingId>,
    },
    /// Answering-machine detection spoke.
    MachineDetectionEnded {
        /// The carrier's verdict, such as `human`, `machine`, `human_business`.
        result: String,
        /// Whether the premium detector spoke.
        premium: bool,
    },
    /// A machine's greeting ended.
    MachineGreetingEnded {
        /// The carrier's verdict, such as `beep_detected`.
        result: String,
        /// Whether the premium detector spoke.
        premium: bool,
    },
    /// Media forking began.
    ForkStarted,
    /// Media forking ended.
    ForkStopped,
    /// The leg entered a carrier queue.
    Enqueued {
        /// The queue.
        queue: String,
    },
    /// The leg left a carrier queue.
    Dequeued {
        /// The queue.
        queue: String,
        /// `bridged`, `hangup`, `leave`, `timeout`, …
        reason: String,
    },
    /// SIP REFER was sent.
    ReferStarted,
    /// SIP REFER succeeded.
    ReferCompleted,
    /// SIP REFER failed.
    ReferFailed {
        /// The far end's SIP status.
        sip_code: Option<u16>,
    },
    /// A piece of live transcription; the text is as secret as digits.
    Transcription {
        /// Whether the carrier will still revise it.
        is_final: bool,
        /// What was heard.
        transcript: Digits,
    },
    /// What the call cost.
    CallCost,
    /// A media stream began.
    StreamingStarted,
    /// A media stream ended.
    StreamingStopped,
    /// A media stream failed.
    StreamingFailed {
        /// The carrier's sentence.
        reason: String,
    },
    /// SIPREC began.
    SiprecStarted,
    /// SIPREC ended.
    SiprecStopped,
    /// SIPREC failed.
    SiprecFailed,
    /// A conference exists.
    ConferenceCreated,
    /// A conference is over.
    ConferenceEnded {
        /// Why.
        reason: ConferenceEndReason,
    },
    /// A leg is in the conference.
    ParticipantJoined,
    /// A leg is no longer in the conference.
    ParticipantLeft,
    /// Speech or audio towards one participant began or ended.
    ParticipantMedia,
    /// Speech or audio towards the whole conference began or ended.
    ConferenceMedia,
    /// A conference recording can be fetched.
    ConferenceRecordingSaved(RecordingSaved),
    /// Another participant speaks.
    FloorChanged,
    /// Somebody texted one of our numbers.
    MessageReceived(Box<TextReceived>),
    /// Where a text stands that one of our numbers sent.
    MessageStatus(Box<TextReport>),
    /// Any other message event (API-FACTS 1.9).
    Message {
        /// The carrier's event type.
        event_type: String,
    },
    /// An event type this build does not know: journalled, counted, ignored.
    Unknown {
        /// The carrier's event type, length-capped.
        event_type: String,
    },
}

impl EventBody {
    /// Whether the event belongs to a conference rather than to a leg.
    pub fn is_conference(&self) -> bool {
        matches!(
            self,
            Self::ConferenceCreated
                | Self::ConferenceEnded { .. }
                | Self::ParticipantJoined
                | Self::ParticipantLeft
                | Self::ParticipantMedia
                | Self::ConferenceMedia
                | Self::ConferenceRecordingSaved(_)
                | Self::FloorChanged
        )
    }

    /// Whether the event brings a call, a conference or somebody's part in it to its end: let in when nothing else is.
    pub fn ends_something(&self) -> bool {
        matches!(
            self,
            Self::CallHangup { .. } | Self::ConferenceEnded { .. } | Self::ParticipantLeft
        )
    }

    /// Carrier-neutral name, bounded: for spans and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::CallInitiated { .. } => "call.initiated",
            Self::CallAnswered { .. } => "call.answered",
            Self::CallBridged => "call.bridged",
            Self::TransferEnded { .. } => "call.transfer.ended",
            Self::CallHangup { .. } => "call.hangup",
            Self::CallHeld => "call.hold",
            Self::CallUnheld => "call.unhold",
            Self::DtmfReceived { .. } => "call.dtmf.received",
            Self::GatherEnded { .. } => "call.gather.ended",
            Self::SpeakStarted => "call.speak.started",
            Self::SpeakEnded { .. } => "call.speak.ended",
            Self::PlaybackStarted => "call.playback.started",
            Self::PlaybackEnded { .. } => "call.playback.ended",
            Self::RecordingSaved(_) => "call.recording.saved",
            Self::RecordingFailed { .. } => "call.recording.error",
            Self::RecordingTranscriptionSaved { .. } => "call.recording.transcription.saved",
            Self::MachineDetectionEnded { .. } => "call.machine.detection.ended",
            Self::MachineGreetingEnded { .. } => "call.machine.greeting.ended",
            Self::ForkStarted => "call.fork.started",
            Self::ForkStopped => "call.fork.stopped",
            Self::Enqueued { .. } => "call.enqueued",
            Self::Dequeued { .. } => "call.dequeued",
            Self::ReferStarted => "call.refer.started",
            Self::ReferCompleted => "call.refer.completed",
            Self::ReferFailed { .. } => "call.refer.failed",
            Self::Transcription { .. } => "call.transcription",
            Self::CallCost => "call.cost",
            Self::StreamingStarted => "streaming.started",
            Self::StreamingStopped => "streaming.stopped",
            Self::StreamingFailed { .. } => "streaming.failed",
            Self::SiprecStarted => "siprec.started",
            Self::SiprecStopped => "siprec.stopped",
            Self::SiprecFailed => "siprec.failed",
            Self::ConferenceCreated => "conference.created",
            Self::ConferenceEnded { .. } => "conference.ended",
            Self::ParticipantJoined => "conference.participant.joined",
            Self::ParticipantLeft => "conference.participant.left",
            Self::ParticipantMedia => "conference.participant.media",
            Self::ConferenceMedia => "conference.media",
            Self::ConferenceRecordingSaved(_) => "conference.recording.saved",
            Self::FloorChanged => "conference.floor.changed",
            Self::MessageReceived(_) => "message.received",
            Self::MessageStatus(_) => "message.status",
            Self::Message { .. } => "message",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether this is the only event that may create a call: an incoming leg rings.
    pub fn starts_call(&self) -> bool {
        matches!(
            self,
            Self::CallInitiated {
                direction: Direction::Incoming,
                ..
            }
        )
    }
}
