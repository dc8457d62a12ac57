//! Recordings that can be fetched: the list of the account and its entries.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, ApiError, Outcome};
use super::calls::paged;
use super::emitted::{ConferenceNo, LegNo};
use super::leg::stamp;
use super::recording::Recording;
use super::request::Request;
use super::{Carrier, Step};

/// Entries that are kept; a real account keeps all, a long run must not grow.
const KEPT: usize = 10_000;

impl Carrier {
    pub(super) fn keep_recording(&mut self, step: &Step, no: LegNo, recording: &Recording) {
        let leg = self.leg(no);
        let mut entry = entry(recording, step.now, "call");
        entry["call_control_id"] = json!(leg.control_id);
        entry["call_leg_id"] = json!(leg.leg_id);
        entry["call_session_id"] = json!(leg.session);
        entry["from"] = json!(leg.from);
        entry["to"] = json!(leg.to);
        entry["connection_id"] = json!(self.terms.connection_id);
        self.add_saved(recording.id, entry);
    }

    pub(super) fn keep_conference_recording(&mut self, step: &Step, no: ConferenceNo, recording: &Recording) {
        let mut entry = entry(recording, step.now, "conference");
        entry["conference_id"] = json!(self.conference(no).id);
        entry["connection_id"] = json!(self.terms.connection_id);
        self.add_saved(recording.id, entry);
    }

    fn add_saved(&mut self, id: Uuid, entry: Value) {
        if self.saved.len() >= KEPT {
            self.saved.pop_front();
        }
        self.saved.push_back((id, entry));
    }

    /// Newest first, by the filters that name where a recording comes from.
    pub(super) fn list_recordings(&self, request: &Request) -> Outcome {
        let wanted = |entry: &Value| {
            [
                "call_control_id",
                "call_leg_id",
                "call_session_id",
                "conference_id",
                "connection_id",
                "from",
                "to",
            ]
            .iter()
            .all(|name| match request.query_value(&format!("filter[{name}]")) {
                Some(value) => entry[*name] == value,
                None => true,
            })
        };
        let found = self.saved.iter().rev().map(|(_, entry)| entry);
        paged(request, found.filter(|entry| wanted(entry)).cloned().collect())
    }

    pub(super) fn get_recording(&self, id: &str) -> Outcome {
        let found = self.saved.iter().find(|(own, _)| own.to_string() == id);
        let (_, entry) = found.ok_or_else(ApiError::not_found)?;
        Ok(Answer::read(json!({ "data": entry })))
    }

    pub(super) fn delete_recording(&mut self, id: &str) -> Outcome {
        let at = self.saved.iter().position(|(own, _)| own.to_string() == id);
        let (_, entry) = at
            .and_then(|at| self.saved.remove(at))
            .ok_or_else(ApiError::not_found)?;
        Ok(Answer::data(entry))
    }
}

fn entry(recording: &Recording, now: Timestamp, source: &str) -> Value {
    let told = recording.fields();
    let ended = recording.ended.unwrap_or(recording.started);
    json!({
        "record_type": "recording", "id": recording.id, "source": source, "status": "completed",
        "channels": told["channels"], "download_urls": told["recording_urls"],
        "recording_started_at": told["recording_started_at"], "recording_ended_at": told["recording_ended_at"],
        "duration_millis": ended.duration_since(recording.started).as_millis() as i64,
        "created_at": stamp(now), "updated_at": stamp(now),
    })
}
