//! The shapes in which Telnyx delivers an event, and one parse that tells them apart.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::Fault;
use super::scalar::{Object, Scalar};

/// Deepest nesting that is parsed. Documented events go to six; the parser itself stops at 128.
const MAX_DEPTH: usize = 64;

/// What a body turned out to be.
pub(super) enum Delivery<'a> {
    /// An event of API v2.
    Event(Box<EventData<'a>>),
    /// A known form that is not for us, under a bounded name.
    Foreign(&'static str),
}

/// The whole body. `event_type`, `id` and `payload` stand here in the unwrapped form and in API v1.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Object<EventData<'a>>,
    event_type: Scalar<'a>,
    id: Scalar<'a>,
    occurred_at: Scalar<'a>,
    payload: Object<Payload<'a>>,
    metadata: Object<LogEntry>,
}

/// `data` of an event.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct EventData<'a> {
    #[serde(borrow)]
    pub(super) event_type: Scalar<'a>,
    pub(super) id: Scalar<'a>,
    pub(super) occurred_at: Scalar<'a>,
    payload: Object<Payload<'a>>,
}

impl<'a> EventData<'a> {
    /// The payload, which every event has.
    pub(super) fn payload(&self) -> Result<&Payload<'a>, Fault> {
        match &self.payload {
            Object::Value(payload) => Ok(payload),
            Object::Absent | Object::Other => Err(Fault("no_payload")),
        }
    }
}

/// The entry of a portal log, which nests the event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LogEntry {
    event: Object<IgnoredAny>,
}

/// Every field that any event type gives us; the rest is skipped.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) call_control_id: Scalar<'a>,
    pub(super) call_leg_id: Scalar<'a>,
    pub(super) call_session_id: Scalar<'a>,
    pub(super) creator_call_session_id: Scalar<'a>,
    pub(super) connection_id: Scalar<'a>,
    pub(super) conference_id: Scalar<'a>,
    pub(super) client_state: Scalar<'a>,
    pub(super) occurred_at: Scalar<'a>,
    pub(super) from: Scalar<'a>,
    pub(super) to: Scalar<'a>,
    pub(super) direction: Scalar<'a>,
    pub(super) hangup_cause: Scalar<'a>,
    pub(super) hangup_source: Scalar<'a>,
    pub(super) sip_hangup_cause: Scalar<'a>,
    pub(super) digit: Scalar<'a>,
    pub(super) digits: Scalar<'a>,
    pub(super) status: Scalar<'a>,
    pub(super) result: Scalar<'a>,
    pub(super) reason: Scalar<'a>,
    pub(super) failure_reason: Scalar<'a>,
    pub(super) queue: Scalar<'a>,
    pub(super) recording_id: Scalar<'a>,
    pub(super) sip_notify_response: Scalar<'a>,
    pub(super) recording_urls: Object<RecordingUrls<'a>>,
    pub(super) public_recording_urls: Object<RecordingUrls<'a>>,
    pub(super) transcription_data: Object<TranscriptionData<'a>>,
}

/// Links to a recording.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RecordingUrls<'a> {
    #[serde(borrow)]
    pub(super) wav: Scalar<'a>,
    pub(super) mp3: Scalar<'a>,
}

/// A piece of live transcription.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TranscriptionData<'a> {
    #[serde(borrow)]
    pub(super) transcript: Scalar<'a>,
    pub(super) is_final: Scalar<'a>,
}

/// Parses the body once.
pub(super) fn read(body: &[u8]) -> Result<Delivery<'_>, Fault> {
    if body.is_empty() {
        return Err(Fault("empty"));
    }
    if depth(body) > MAX_DEPTH {
        return Err(Fault("too_deep"));
    }
    let parsed: Object<Envelope<'_>> = serde_json::from_slice(body).map_err(|error| fault_of(&error))?;
    let Object::Value(envelope) = parsed else {
        return Err(Fault("not_an_object"));
    };
    match envelope.data {
        Object::Value(data) => return Ok(Delivery::Event(Box::new(data))),
        Object::Other => return Err(Fault("wrong_type")),
        Object::Absent => {}
    }
    if let Object::Value(LogEntry {
        event: Object::Value(_),
    }) = envelope.metadata
    {
        return Ok(Delivery::Foreign("portal_log"));
    }
    match envelope.event_type.text()? {
        // `conference.floor.changed` is described, and sent, without the wrapper.
        Some(name) if name.contains('.') => Ok(Delivery::Event(Box::new(EventData {
            event_type: envelope.event_type,
            id: envelope.id,
            occurred_at: envelope.occurred_at,
            payload: envelope.payload,
        }))),
        Some(_) => Ok(Delivery::Foreign("api_v1")),
        None => Err(Fault("no_data")),
    }
}

fn fault_of(error: &serde_json::Error) -> Fault {
    match error.classify() {
        Category::Io | Category::Syntax | Category::Eof => Fault("not_json"),
        // serde reports a repeated key of a known field by this wording only.
        Category::Data if error.to_string().starts_with("duplicate field") => Fault("duplicate_key"),
        Category::Data => Fault("wrong_type"),
    }
}

/// Deepest nesting of arrays and objects, without building anything.
fn depth(body: &[u8]) -> usize {
    let (mut deepest, mut open) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (false, b'"') => in_string = true,
            (false, b'[' | b'{') => {
                open += 1;
                deepest = deepest.max(open);
            }
            (false, b']' | b'}') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
