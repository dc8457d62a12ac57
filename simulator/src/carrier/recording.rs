//! Recordings of legs: start, stop, pause, and the event that says where the file is.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::{LegNo, Timer};
use super::leg::stamp;
use super::request::{Body, text};
use super::{Carrier, Step};

/// One recording of a leg or a conference.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) id: Uuid,
    pub(crate) started: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) paused: bool,
    channels: String,
    format: String,
}

impl Recording {
    /// `prefix` is `record_` in bodies of other commands and empty in `record_start`.
    pub(crate) fn new(id: Uuid, body: &Body, prefix: &str, now: Timestamp) -> Self {
        let field = |name: &str, default: &str| {
            text(body, &format!("{prefix}{name}"))
                .unwrap_or(default)
                .to_owned()
        };
        let channels = if prefix.is_empty() { "single" } else { "dual" };
        Self {
            id,
            started: now,
            ended: None,
            paused: false,
            channels: field("channels", channels),
            format: field("format", "mp3"),
        }
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// Payload of the event that tells of the file.
    pub(crate) fn fields(&self) -> Value {
        let url = format!("https://recordings.example.invalid/{}.{}", self.id, self.format);
        let urls = if self.format == "wav" {
            json!({ "wav": url })
        } else {
            json!({ "mp3": url })
        };
        json!({
            "recording_id": self.id, "channels": self.channels, "format": self.format,
            "recording_started_at": stamp(self.started),
            "recording_ended_at": stamp(self.ended.unwrap_or(self.started)),
            "recording_urls": urls, "public_recording_urls": {},
        })
    }
}

impl Carrier {
    pub(super) fn record_start(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Answer {
        self.start_recording(step, no, body, "");
        Answer::ok()
    }

    pub(super) fn start_recording(&mut self, step: &mut Step, no: LegNo, body: &Body, prefix: &str) -> Uuid {
        let count = self.leg(no).recordings.len().to_string();
        let id = self.dice.uuid(&["recording", &self.leg(no).key, &count]);
        let recording = Recording::new(id, body, prefix, step.now);
        self.leg_mut(no).recordings.push(recording);
        id
    }

    pub(super) fn record_stop(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let wanted = text(body, "recording_id");
        let now = step.now;
        let saved = Duration::from_millis(self.terms.pace.recording_saved_millis);
        let mut found = false;
        for recording in &mut self.leg_mut(no).recordings {
            if recording.is_running() && wanted.is_none_or(|id| recording.id.to_string() == id) {
                recording.ended = Some(now);
                step.timer(saved, Timer::RecordingSaved(no, recording.id));
                found = true;
            }
        }
        if found {
            Ok(Answer::ok())
        } else {
            Err(ApiError::not_recording())
        }
    }

    pub(super) fn record_pause(&mut self, no: LegNo, body: &Body, pause: bool) -> Outcome {
        let wanted = text(body, "recording_id");
        let fits = |recording: &&mut Recording| {
            recording.is_running() && wanted.is_none_or(|id| recording.id.to_string() == id)
        };
        let recording = self
            .leg_mut(no)
            .recordings
            .iter_mut()
            .find(fits)
            .ok_or_else(ApiError::not_recording)?;
        Ok(if std::mem::replace(&mut recording.paused, pause) == pause {
            Answer::ignored()
        } else {
            Answer::ok()
        })
    }

    /// Ends what still runs when the leg ends.
    pub(super) fn end_recordings(&mut self, step: &mut Step, no: LegNo) {
        if self.leg(no).recordings.iter().any(Recording::is_running) {
            // Stopping everything that runs cannot fail: something does.
            let _ = self.record_stop(step, no, &Body::new());
        }
    }

    pub(super) fn recording_saved(&mut self, step: &mut Step, no: LegNo, id: Uuid) {
        let recording = self
            .leg(no)
            .recordings
            .iter()
            .find(|recording| recording.id == id);
        if let Some(extra) = recording.map(Recording::fields) {
            self.recording_event(step, no, "call.recording.saved", extra);
        }
    }
}
