//! What the doors tell about themselves: a trait of callbacks that the wiring connects to metrics and traces.
//!
//! Every method has an empty default, labels are bounded. No body, header or address of a request passes here.

use std::time::Duration;

use cordboard_actors::ports::Rejection;
use cordboard_core::{CallSessionId, EventId, Timestamp};
use http::StatusCode;

/// Receives what happens at the doors. Called on the request path: implementations only count or hand over.
pub trait DoorEvents: Send + Sync + 'static {
    /// A webhook was answered.
    fn webhook(&self, _seen: &WebhookSeen) {}

    /// A webhook was turned away before its body was read, for want of room.
    fn gate_refused(&self, _carrier: &'static str) {}

    /// So many webhooks are now between head and receipt.
    fn in_flight(&self, _webhooks: usize) {}

    /// Something happened to a connection of `door` (`carrier` or `operator`).
    fn connection(&self, _door: &'static str, _fact: ConnectionFact) {}
}

/// Hears nothing. For tests, and for doors nobody measures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl DoorEvents for Silent {}

/// One answered webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookSeen {
    /// `telnyx` or `twilio`.
    pub carrier: &'static str,
    /// The event, when the webhook was authentic and understood.
    pub event: Option<EventId>,
    /// What kind of event; `none` for what is no event.
    pub kind: &'static str,
    /// Its session, when it has one.
    pub session: Option<CallSessionId>,
    /// When the head was complete.
    pub received_at: Timestamp,
    /// From the end of the head to the answer.
    pub took: Duration,
    /// What became of it.
    pub result: WebhookResult,
}

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookResult {
    /// On disk: 200.
    Recorded,
    /// On disk before: 200.
    Duplicate,
    /// Authentic, not ours: 200.
    Ignored(&'static str),
    /// Authentic, broken, kept aside: 200.
    Quarantined(&'static str),
    /// Not authentic: 401.
    Rejected(Rejection),
    /// Not accepted: 503. Names the gate.
    Refused(&'static str),
    /// Not a webhook by its form: the status says why.
    Malformed(StatusCode),
}

impl WebhookResult {
    /// snake_case name for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Duplicate => "duplicate",
            Self::Ignored(_) => "ignored",
            Self::Quarantined(_) => "quarantined",
            Self::Rejected(_) => "rejected",
            Self::Refused(_) => "refused",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// What happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionFact {
    /// It was accepted.
    Opened,
    /// It ended, for whatever reason.
    Closed,
    /// It was closed at once: all places were taken by requests at work.
    TurnedAway,
    /// An idle connection was closed to make room for it.
    MadeRoom,
    /// Its head was refused with this status.
    BadHead(StatusCode),
}
