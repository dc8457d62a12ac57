//! Recordings of legs: start, stop, pause, and the event that says where the file is.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::{LegNo, Notice, Timer};
use super::leg::stamp;
use super::request::{Body, text, whole};
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
    /// Ends after this much silence.
    silence: Option<Duration>,
    /// Ends after this long.
    longest: Option<Duration>,
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
        // 0 means no limit, as does its absence.
        let limit = |name: &str| {
            let secs = whole(body, &format!("{prefix}{name}")).filter(|secs| *secs > 0)?;
            Some(Duration::from_secs(secs.unsigned_abs()))
        };
        Self {
            id,
            started: now,
            ended: None,
            paused: false,
            channels: field("channels", channels),
            format: field("format", "mp3"),
            silence: limit("timeout_secs"),
            longest: limit("max_length"),
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
        if let Some(longest) = recording.longest {
            step.timer(longest, Timer::RecordingFull(no, id));
        }
        if let Some(silence) = recording.silence {
            step.timer(silence, Timer::RecordingSilence(no, id));
        }
        self.leg_mut(no).recordings.push(recording);
        step.notice(Notice::Recording(no));
        id
    }

    pub(super) fn record_stop(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let wanted = text(body, "recording_id");
        let now = step.now;
        let saved = self.terms.pace.recording_saved();
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

    /// A recording reached its longest time.
    pub(super) fn recording_full(&mut self, step: &mut Step, no: LegNo, id: Uuid) {
        // Refused when it was stopped before, which is all right.
        let _ = self.record_stop(step, no, &one(id));
    }

    /// Nobody has spoken for the time that a recording allows, unless somebody did meanwhile.
    pub(super) fn recording_silence(&mut self, step: &mut Step, no: LegNo, id: Uuid) {
        let leg = self.leg(no);
        let running = leg.recordings.iter().find(|recording| recording.id == id);
        let Some((silence, started)) = running
            .filter(|recording| recording.is_running())
            .and_then(|recording| Some((recording.silence?, recording.started)))
        else {
            return;
        };
        let quiet_since = leg.voice_until.map_or(started, |until| until.max(started));
        let ends = quiet_since + silence;
        if step.now >= ends {
            self.recording_full(step, no, id);
        } else {
            step.timer(
                ends.duration_since(step.now).unsigned_abs(),
                Timer::RecordingSilence(no, id),
            );
        }
    }

    /// The party of a leg speaks for a while from here on.
    pub(super) fn voice(&mut self, step: &Step, no: LegNo, lasts: Duration) {
        self.leg_mut(no).voice_until = Some(step.now + lasts);
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
        let Some(recording) = recording.cloned() else {
            return;
        };
        self.keep_recording(step, no, &recording);
        self.recording_event(step, no, "call.recording.saved", recording.fields());
        step.notice(Notice::Recorded(no));
    }
}

/// The body that names one recording.
fn one(id: Uuid) -> Body {
    Body::from_iter([("recording_id".to_owned(), json!(id))])
}
