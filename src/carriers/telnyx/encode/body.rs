//! Where the words of the core and the words of the carrier differ.

use serde_json::{Map, Value, json};

/// Names that differ; everything else is called the same on both sides.
const WIRE_NAMES: [(&str, &str); 8] = [
    ("leg", "call_control_id"),
    ("legs", "call_control_ids"),
    ("other", "call_control_id"),
    ("whisper_legs", "whisper_call_control_ids"),
    ("supervise_leg", "supervise_call_control_id"),
    ("connection", "connection_id"),
    ("recording", "recording_id"),
    ("beep", "beep_enabled"),
];

/// What travels beside a command.
pub(super) struct Extras<'a> {
    /// Sealed.
    pub(super) client_state: Option<String>,
    pub(super) command_id: &'a str,
}

impl Extras<'_> {
    pub(super) fn add_both(&self, body: &mut Map<String, Value>) {
        self.add_client_state(body);
        self.add_command_id(body);
    }

    pub(super) fn add_client_state(&self, body: &mut Map<String, Value>) {
        self.add_client_state_as(body, "client_state");
    }

    pub(super) fn add_client_state_as(&self, body: &mut Map<String, Value>, name: &str) {
        if let Some(state) = &self.client_state {
            body.insert(name.to_owned(), json!(state));
        }
    }

    pub(super) fn add_command_id(&self, body: &mut Map<String, Value>) {
        body.insert("command_id".to_owned(), json!(self.command_id));
    }
}

/// Gives fields their wire names.
pub(super) fn rename(body: &mut Map<String, Value>) {
    for (ours, theirs) in WIRE_NAMES {
        if let Some(value) = body.remove(ours) {
            body.insert(theirs.to_owned(), value);
        }
    }
}

/// `cause` and the like are upper case on the wire.
pub(super) fn upper_case(body: &mut Map<String, Value>, name: &str) {
    if let Some(Value::String(word)) = body.get_mut(name) {
        word.make_ascii_uppercase();
    }
}

/// `record: {…}` becomes `record: "record-from-answer"` with `record_…` beside it.
pub(super) fn flatten_record(body: &mut Map<String, Value>) {
    if prefix(body, "record") {
        body.insert("record".to_owned(), json!("record-from-answer"));
    }
}

/// `stream: {…}` becomes `stream_…`.
pub(super) fn flatten_stream(body: &mut Map<String, Value>) {
    prefix(body, "stream");
}

fn prefix(body: &mut Map<String, Value>, name: &str) -> bool {
    let Some(Value::Object(fields)) = body.remove(name) else {
        return false;
    };
    for (field, value) in fields {
        body.insert(format!("{name}_{field}"), value);
    }
    true
}

/// The transcription settings within an answer or a dial.
pub(super) fn nest_transcription_config(body: &mut Map<String, Value>) {
    if let Some(Value::Object(config)) = body.get_mut("transcription_config") {
        name_transcription(config);
    }
}

/// Gives transcription settings their names; those of the engine go into an object that repeats the engine.
pub(super) fn name_transcription(body: &mut Map<String, Value>) {
    if let Some(tracks) = body.remove("tracks") {
        body.insert("transcription_tracks".to_owned(), tracks);
    }
    let engine = body.remove("engine");
    let mut config = Map::new();
    for name in ["language", "interim_results"] {
        if let Some(value) = body.remove(name) {
            config.insert(name.to_owned(), value);
        }
    }
    if !config.is_empty() {
        // The carrier tells the configurations apart by this field, so its default is spelled out.
        let engine = engine.clone().unwrap_or_else(|| json!("Google"));
        config.insert("transcription_engine".to_owned(), engine);
        body.insert("transcription_engine_config".to_owned(), Value::Object(config));
    }
    if let Some(engine) = engine {
        body.insert("transcription_engine".to_owned(), engine);
    }
}
