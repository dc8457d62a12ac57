//! One API request after the HTTP door took it apart: where it goes, its body and its query.
//!
//! The door builds it, the carrier executes it. No HTTP types here.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

/// JSON object of a request.
pub type Body = Map<String, Value>;

/// A request to the carrier.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which resource and what to do with it.
    pub route: Route,
    /// Body; empty when none was sent.
    pub body: Body,
    /// Decoded query parameters in order.
    pub query: Vec<(String, String)>,
}

/// Every path of the API that the simulator serves. Texts are decoded path segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `POST /calls`
    Dial,
    /// `GET /calls/{call_control_id}`
    CallGet(String),
    /// `POST|PUT /calls/{call_control_id}/actions/{verb}`
    LegAction(String, String),
    /// `GET /connections/{connection_id}/active_calls`
    ActiveCalls(String),
    /// `POST /conferences`
    ConferenceCreate,
    /// `GET /conferences`
    ConferenceList,
    /// `GET /conferences/{id}`
    ConferenceGet(String),
    /// `POST /conferences/{id}/actions/{verb}`
    ConferenceAction(String, String),
    /// `GET /conferences/{id}/participants`
    ParticipantList(String),
    /// `GET /conferences/{id}/participants/{participant}`
    ParticipantGet(String, String),
    /// `PATCH /conferences/{id}/participants/{participant}`
    ParticipantPatch(String, String),
    /// `POST /messages`
    MessageSend,
    /// `GET /messages/{id}`
    MessageGet(String),
    /// `GET /recordings`
    RecordingList,
    /// `GET /recordings/{id}`
    RecordingGet(String),
    /// `DELETE /recordings/{id}`
    RecordingDelete(String),
    /// `POST /queues`
    QueueCreate,
    /// `GET /queues`
    QueueList,
    /// `GET /queues/{name}`
    QueueGet(String),
    /// `POST /queues/{name}`
    QueueUpdate(String),
    /// `DELETE /queues/{name}`
    QueueDelete(String),
    /// `GET /queues/{name}/calls`
    QueueCalls(String),
    /// `GET /queues/{name}/calls/{call_control_id}`
    QueueCallGet(String, String),
    /// `PATCH /queues/{name}/calls/{call_control_id}`
    QueueCallPatch(String, String),
    /// `DELETE /queues/{name}/calls/{call_control_id}`
    QueueCallDelete(String, String),
}

impl Route {
    /// Whether the request may change something.
    pub fn is_command(&self) -> bool {
        !matches!(
            self,
            Self::CallGet(_)
                | Self::ActiveCalls(_)
                | Self::ConferenceList
                | Self::ConferenceGet(_)
                | Self::ParticipantList(_)
                | Self::ParticipantGet(..)
                | Self::MessageGet(_)
                | Self::RecordingList
                | Self::RecordingGet(_)
                | Self::QueueList
                | Self::QueueGet(_)
                | Self::QueueCalls(_)
                | Self::QueueCallGet(..)
        )
    }

    /// Short name of what is asked, for fault draws and the ledger.
    pub fn verb(&self) -> &str {
        match self {
            Self::Dial => "dial",
            Self::CallGet(_) => "get_call",
            Self::LegAction(_, verb) | Self::ConferenceAction(_, verb) => verb,
            Self::ActiveCalls(_) => "active_calls",
            Self::ConferenceCreate => "create_conference",
            Self::ConferenceList => "list_conferences",
            Self::ConferenceGet(_) => "get_conference",
            Self::ParticipantList(_) => "list_participants",
            Self::ParticipantGet(..) => "get_participant",
            Self::ParticipantPatch(..) => "patch_participant",
            Self::MessageSend => "send_message",
            Self::MessageGet(_) => "get_message",
            Self::RecordingList => "list_recordings",
            Self::RecordingGet(_) => "get_recording",
            Self::RecordingDelete(_) => "delete_recording",
            Self::QueueCreate => "create_queue",
            Self::QueueList => "list_queues",
            Self::QueueGet(_) => "get_queue",
            Self::QueueUpdate(_) => "update_queue",
            Self::QueueDelete(_) => "delete_queue",
            Self::QueueCalls(_) => "list_queue_calls",
            Self::QueueCallGet(..) => "get_queue_call",
            Self::QueueCallPatch(..) => "patch_queue_call",
            Self::QueueCallDelete(..) => "delete_queue_call",
        }
    }
}

impl Request {
    /// First value of a query parameter.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A text field that is present and not null.
pub(crate) fn text<'a>(body: &'a Body, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// A whole number, also when it was sent as a text of digits.
pub(crate) fn whole(body: &Body, name: &str) -> Option<i64> {
    let value = body.get(name)?;
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A flag; absent counts as false.
pub(crate) fn flag(body: &Body, name: &str) -> bool {
    body.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// A list of texts; absent counts as empty.
pub(crate) fn texts(body: &Body, name: &str) -> Vec<String> {
    let list = body.get(name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Hash of everything in a body except its command id.
pub(crate) fn fingerprint(body: &Body) -> u64 {
    let mut hash = DefaultHasher::new();
    let mut fields: Vec<_> = body.iter().filter(|(name, _)| *name != "command_id").collect();
    fields.sort_by_key(|(name, _)| *name);
    for (name, value) in fields {
        name.hash(&mut hash);
        value.to_string().hash(&mut hash);
    }
    hash.finish()
}
