//! Why a leg hung up, as the carrier says it, and why we regard a session as over. The only list of reasons.

use serde::{Deserialize, Serialize};

/// The carrier's word for why a leg ended (Telnyx `hangup_cause`, API-FACTS 1.7). Raw text is kept when unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangupCause {
    /// The far end refused.
    CallRejected,
    /// A normal end.
    NormalClearing,
    /// The caller gave up before an answer.
    OriginatorCancel,
    /// Nobody acted in time.
    Timeout,
    /// The leg's own `time_limit_secs`.
    TimeLimit,
    /// The far end is on another call.
    UserBusy,
    /// No such number.
    NotFound,
    /// It rang out.
    NoAnswer,
    /// The carrier does not say.
    Unspecified,
    /// A word this build does not know.
    Other(String),
}

impl HangupCause {
    /// Reads the carrier's word.
    pub fn from_carrier(text: &str) -> Self {
        match text {
            "call_rejected" => Self::CallRejected,
            "normal_clearing" => Self::NormalClearing,
            "originator_cancel" => Self::OriginatorCancel,
            "timeout" => Self::Timeout,
            "time_limit" => Self::TimeLimit,
            "user_busy" => Self::UserBusy,
            "not_found" => Self::NotFound,
            "no_answer" => Self::NoAnswer,
            "unspecified" | "" => Self::Unspecified,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The carrier's word again; `other` for unknown ones, so that it may label a metric.
    pub fn label(&self) -> &'static str {
        match self {
            Self::CallRejected => "call_rejected",
            Self::NormalClearing => "normal_clearing",
            Self::OriginatorCancel => "originator_cancel",
            Self::Timeout => "timeout",
            Self::TimeLimit => "time_limit",
            Self::UserBusy => "user_busy",
            Self::NotFound => "not_found",
            Self::NoAnswer => "no_answer",
            Self::Unspecified => "unspecified",
            Self::Other(_) => "other",
        }
    }
}

/// Which side hung up (Telnyx `hangup_source`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangupSource {
    /// The party that called.
    Caller,
    /// The party that was called; on an incoming leg that is us.
    Callee,
    /// The carrier does not say.
    #[default]
    Unknown,
}

impl HangupSource {
    /// Reads the carrier's word.
    pub fn from_carrier(text: &str) -> Self {
        match text {
            "caller" => Self::Caller,
            "callee" => Self::Callee,
            _ => Self::Unknown,
        }
    }

    /// The carrier's word again.
    pub fn label(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Unknown => "unknown",
        }
    }
}

/// Why *we* regard a call session as over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The carrier reported the hangup and nothing of ours had asked for it.
    HungUp,
    /// The carrier says the leg is gone but never sent its hangup event.
    Vanished,
    /// Events came for a session whose start we never saw, and the carrier says it is over.
    NeverStarted,
    /// No route takes this number, or the number called itself; the call was rejected.
    NoRoute,
    /// The carrier refused our answer.
    AnswerRefused,
    /// The caller did not type a PIN.
    NoPin,
    /// The caller typed a wrong PIN too often.
    WrongPin,
    /// The room is at its `max_participants`.
    ConferenceFull,
    /// The carrier would not give us a conference.
    ConferenceUnavailable,
    /// The conference ended while the caller was in it.
    ConferenceEnded,
    /// An operator ended the call.
    Operator,
    /// An input of this call broke the machine twice; the call was landed safely.
    Quarantined,
    /// A waiting state ran into its last deadline.
    DeadlineExceeded,
    /// The carrier refused a command without which the flow cannot go on.
    CommandRefused,
    /// The flow came to its end, and we hung up.
    Completed,
    /// The caller pressed no key, however often asked.
    NoInput,
    /// The caller pressed other keys than asked for, however often asked.
    InvalidInput,
    /// Nobody whom the caller was to be connected with could be reached.
    TransferFailed,
    /// A step of the flow failed, and the flow says nothing about that.
    StepFailed,
    /// The flow went on and on without an end.
    StepBudget,
    /// The flow that the call began with cannot be read any more.
    FlowUnreadable,
    /// The flow refused the call before it was answered.
    Rejected,
    /// Whom we called is busy.
    Busy,
    /// Whom we called did not answer.
    NoAnswer,
    /// Whom we called refused.
    Declined,
    /// Whom we called cannot be reached.
    Unreachable,
    /// An outgoing call came to its turn too late to bother anybody.
    TooLate,
}

impl EndReason {
    /// Every reason, for metrics that want their series from the start.
    pub const ALL: [Self; 27] = [
        Self::HungUp,
        Self::Vanished,
        Self::NeverStarted,
        Self::NoRoute,
        Self::AnswerRefused,
        Self::NoPin,
        Self::WrongPin,
        Self::ConferenceFull,
        Self::ConferenceUnavailable,
        Self::ConferenceEnded,
        Self::Operator,
        Self::Quarantined,
        Self::DeadlineExceeded,
        Self::CommandRefused,
        Self::Completed,
        Self::NoInput,
        Self::InvalidInput,
        Self::TransferFailed,
        Self::StepFailed,
        Self::StepBudget,
        Self::FlowUnreadable,
        Self::Rejected,
        Self::Busy,
        Self::NoAnswer,
        Self::Declined,
        Self::Unreachable,
        Self::TooLate,
    ];

    /// snake_case name, as in traces, metrics and records.
    pub fn label(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Vanished => "vanished",
            Self::NeverStarted => "never_started",
            Self::NoRoute => "no_route",
            Self::AnswerRefused => "answer_refused",
            Self::NoPin => "no_pin",
            Self::WrongPin => "wrong_pin",
            Self::ConferenceFull => "conference_full",
            Self::ConferenceUnavailable => "conference_unavailable",
            Self::ConferenceEnded => "conference_ended",
            Self::Operator => "operator",
            Self::Quarantined => "quarantined",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::CommandRefused => "command_refused",
            Self::Completed => "completed",
            Self::NoInput => "no_input",
            Self::InvalidInput => "invalid_input",
            Self::TransferFailed => "transfer_failed",
            Self::StepFailed => "step_failed",
            Self::StepBudget => "step_budget",
            Self::FlowUnreadable => "flow_unreadable",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Declined => "declined",
            Self::Unreachable => "unreachable",
            Self::TooLate => "too_late",
        }
    }

    /// Whether the caller got what the flow offers, as far as we can tell.
    pub fn is_failure(self) -> bool {
        !matches!(
            self,
            Self::HungUp
                | Self::ConferenceEnded
                | Self::Operator
                | Self::Vanished
                | Self::Completed
                | Self::Rejected
        )
    }
}
