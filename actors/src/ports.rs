//! What the actors need from the outside, as traits: a carrier, a journal, a clock, a source of randomness.
//!
//! `src/` implements them; the rooms `http`, `carriers` and `journal` meet here and nowhere else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_core::{Attempt, Event, HttpRequest, Issued, Timestamp};

/// The client side of a carrier: one attempt of one command.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// `telnyx` or `twilio`: for spans and metrics.
    fn name(&self) -> &'static str;

    /// Whether this carrier would do the command a second time where others know the repetition by its id: once in doubt
    /// it is never sent again, and whoever issued it asks what became of it.
    fn does_twice(&self, command: &Issued) -> bool {
        let _ = command;
        false
    }

    /// Sends the command once, under its id, and classes what came back. Never panics, never waits longer than
    /// the client's own time limits, never follows redirects. Retrying is the outbox's business.
    async fn attempt(&self, command: &Issued) -> Attempt;
}

/// The user's own program: one attempt of one request.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Asks once, within the request's time for one attempt. Never panics, never follows redirects, never reaches an
    /// address that no setting allows. Repeating is the outbox's business.
    /// `trace` is the W3C `traceparent` under which the program's own spans join ours, where somebody looks.
    async fn attempt(&self, request: &HttpRequest, trace: Option<&str>, now: Timestamp) -> BackendAttempt;
}

/// What one attempt brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackendAttempt {
    /// An answer, whatever it says.
    Answered {
        /// HTTP status.
        status: u16,
        /// Its text, length-capped.
        body: String,
    },
    /// A rule of ours forbids it; bounded.
    Forbidden(&'static str),
    /// It certainly never arrived; bounded.
    NotSent(&'static str),
    /// It may have arrived; bounded.
    InDoubt(&'static str),
}

/// Where no program may be asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBackend;

#[async_trait]
impl Backend for NoBackend {
    async fn attempt(&self, _: &HttpRequest, _: Option<&str>, _: Timestamp) -> BackendAttempt {
        BackendAttempt::Forbidden("no_backend")
    }
}

/// The server side of a carrier: what a webhook says, and whether to believe it.
pub trait WebhookDecoder: Send + Sync + 'static {
    /// `telnyx` or `twilio`.
    fn name(&self) -> &'static str;

    /// Authenticates the raw bytes and decodes them. Pure but for the key it holds; never panics.
    fn open(&self, delivery: &Delivery<'_>) -> Opened;

    /// Where the carrier reads orders in the answers to its webhooks: the answer to this event, which is not known yet.
    /// Asked for before the event goes in, so that no order can come too early; awaited after the receipt, when the
    /// webhook has no place at a gate any more; dropped when the event is refused or the carrier has hung up.
    fn later(&self, delivery: &Delivery<'_>, event: &Event) -> Option<LaterAnswer> {
        let _ = (delivery, event);
        None
    }
}

/// The body of an answer that is still to be decided.
pub type LaterAnswer = Pin<Box<dyn Future<Output = Bytes> + Send>>;

/// One webhook as it came, body read to its end.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// `POST`, or `GET` where the carrier sends such.
    pub method: &'a http::Method,
    /// The path, neither decoded nor normalised.
    pub path: &'a str,
    /// What follows the question mark, as it came.
    pub query: Option<&'a str>,
    /// What follows the carrier's own path, such as the token of an address that we gave out; empty at that path
    /// itself. Unless the carrier signs addresses, what is read out of it must prove itself.
    pub place: &'a str,
    /// The headers.
    pub headers: &'a http::HeaderMap,
    /// The raw bytes.
    pub body: &'a Bytes,
    /// The wall clock.
    pub now: Timestamp,
}

/// What became of a webhook's bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// Authentic and understood (unknown event types included).
    Event(Box<Event>),
    /// Not authentic: refused with a constant body, nothing journalled. The reason is for metrics and spans only.
    Rejected(Rejection),
    /// Authentic but not ours to act upon: 200, counted under this bounded reason.
    Ignored(&'static str),
    /// Authentic but broken: 200, raw bytes kept aside, counted under this bounded reason.
    Quarantined(&'static str),
}

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// No signature or timestamp header, or an empty one.
    MissingHeader,
    /// A signature or timestamp header came twice.
    RepeatedHeader,
    /// The timestamp is not plain Unix seconds.
    BadTimestamp,
    /// The timestamp is outside the tolerance.
    StaleTimestamp,
    /// The signature is not standard Base64 of 64 bytes.
    MalformedSignature,
    /// The signature does not fit these bytes under any of our keys.
    WrongSignature,
}

impl Rejection {
    /// snake_case name for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::RepeatedHeader => "repeated_header",
            Self::BadTimestamp => "bad_timestamp",
            Self::StaleTimestamp => "stale_timestamp",
            Self::MalformedSignature => "malformed_signature",
            Self::WrongSignature => "wrong_signature",
        }
    }
}

/// The wall clock, for timestamps that become data.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Uniform random numbers, for jitter only.
pub trait Jitter: Send + Sync + 'static {
    /// Uniform in `0.0..1.0`.
    fn next(&self) -> f64;
}

/// Takes decoded events in and tells when their record is durable. Implemented by the router; the HTTP doors
/// call it.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Routes one authentic event to its owner and waits until a record contains it.
    ///
    /// `raw` is what the carrier sent, kept should the event be set aside; empty for one that nobody sent. The
    /// returned future may be dropped (the carrier closed its connection): the event is applied all the same.
    async fn accept(&self, event: Event, raw: Bytes) -> Accepted;
}

/// The answer that a webhook gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// A record contains the event: 200 with this body (empty for Telnyx).
    Recorded(Bytes),
    /// A record contained the event before: 200 with the stored body.
    Duplicate(Bytes),
    /// Not accepted: 503 with `Retry-After`. The gate or reason is bounded, for metrics.
    Refused {
        /// `admission`, `stopping`, `journal`, `panic`, …
        gate: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
}

pub use crate::quarantine::Quarantine;

/// Shared handles to the outside.
pub type SharedCarrier = Arc<dyn Carrier>;
