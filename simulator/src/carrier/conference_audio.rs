//! Speech, audio and recordings of a whole conference.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::audio::media;
use super::conference::RoomAudio;
use super::emitted::{ConferenceNo, LegNo, Notice, Timer};
use super::recording::Recording;
use super::request::{Body, text, texts};
use super::{Carrier, Step};

impl Carrier {
    pub(super) fn conference_speak(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        let lasts = self.speech(body, "payload");
        self.start_room_audio(step, no, body, true, lasts)
    }

    pub(super) fn conference_play(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        if media(body) == (None, None) {
            return Err(ApiError::missing("audio_url"));
        }
        let lasts = self.terms.pace.playback();
        self.start_room_audio(step, no, body, false, lasts)
    }

    fn start_room_audio(
        &mut self,
        step: &mut Step,
        no: ConferenceNo,
        body: &Body,
        speak: bool,
        lasts: Duration,
    ) -> Outcome {
        let ids = texts(body, "call_control_ids");
        let in_here = |leg: &LegNo| self.conference(no).participants.contains_key(leg);
        let only: Vec<LegNo> = ids
            .iter()
            .filter_map(|id| self.leg_by_control(id))
            .filter(in_here)
            .collect();
        if !ids.is_empty() && only.is_empty() {
            return Err(ApiError::no_participants());
        }
        let mut fields = Map::new();
        if !speak {
            let (url, name) = media(body);
            url.map(|url| fields.insert("media_url".into(), json!(url)));
            name.map(|name| fields.insert("media_name".into(), json!(name)));
        }
        let audio = RoomAudio {
            serial: self.next_serial(),
            speak,
            media: Value::Object(fields),
            only,
        };
        self.room_audio_event(step, no, &audio, true);
        if speak {
            let words = text(body, "payload").unwrap_or_default();
            let everybody = self.conference(no).participants.keys();
            let hearers: Vec<LegNo> = if audio.only.is_empty() {
                everybody.copied().collect()
            } else {
                audio.only.clone()
            };
            for leg in hearers {
                let words = words.to_owned();
                step.notice(Notice::Hears { leg, words });
            }
        }
        step.timer(lasts, Timer::ConferenceAudioDone(no, audio.serial));
        self.conference_mut(no).audio.push(audio);
        Ok(Answer::ok())
    }

    fn room_audio_event(&mut self, step: &mut Step, no: ConferenceNo, audio: &RoomAudio, start: bool) {
        let (all, one) = match (audio.speak, start) {
            (true, true) => ("conference.speak.started", "conference.participant.speak.started"),
            (true, false) => ("conference.speak.ended", "conference.participant.speak.ended"),
            (false, true) => (
                "conference.playback.started",
                "conference.participant.playback.started",
            ),
            (false, false) => (
                "conference.playback.ended",
                "conference.participant.playback.ended",
            ),
        };
        if audio.only.is_empty() {
            return self.room_event(step, no, all, audio.media.clone());
        }
        for leg in &audio.only {
            let mut extra = audio.media.clone();
            extra["creator_call_session_id"] = json!(self.leg(self.conference(no).creator).session);
            self.participant_event(step, no, *leg, one, extra);
        }
    }

    pub(super) fn conference_audio_done(&mut self, step: &mut Step, no: ConferenceNo, serial: u64) {
        let playing = &mut self.conference_mut(no).audio;
        if let Some(at) = playing.iter().position(|audio| audio.serial == serial) {
            let audio = playing.remove(at);
            self.room_audio_event(step, no, &audio, false);
        }
    }

    pub(super) fn conference_stop(&mut self, step: &mut Step, no: ConferenceNo) -> Answer {
        if self.conference(no).audio.is_empty() {
            return Answer::ignored();
        }
        self.end_conference_audio(step, no);
        Answer::ok()
    }

    pub(super) fn end_conference_audio(&mut self, step: &mut Step, no: ConferenceNo) {
        for audio in std::mem::take(&mut self.conference_mut(no).audio) {
            self.room_audio_event(step, no, &audio, false);
        }
    }

    pub(super) fn conference_record_start(
        &mut self,
        step: &mut Step,
        no: ConferenceNo,
        body: &Body,
    ) -> Answer {
        let count = self.conference(no).recordings.len().to_string();
        let id = self.dice.uuid(&["recording", &self.conference(no).key, &count]);
        let recording = Recording::new(id, body, "", step.now);
        self.conference_mut(no).recordings.push(recording);
        Answer::ok()
    }

    pub(super) fn conference_record_stop(&mut self, step: &mut Step, no: ConferenceNo) -> Outcome {
        if !self.conference(no).recordings.iter().any(Recording::is_running) {
            return Err(ApiError::not_recording());
        }
        self.end_conference_recordings(step, no);
        Ok(Answer::ok())
    }

    pub(super) fn conference_record_pause(&mut self, no: ConferenceNo, pause: bool) -> Outcome {
        let recordings = &mut self.conference_mut(no).recordings;
        let running = recordings.iter_mut().find(|recording| recording.is_running());
        let recording = running.ok_or_else(ApiError::not_recording)?;
        Ok(if std::mem::replace(&mut recording.paused, pause) == pause {
            Answer::ignored()
        } else {
            Answer::ok()
        })
    }

    pub(super) fn end_conference_recordings(&mut self, step: &mut Step, no: ConferenceNo) {
        let saved = self.terms.pace.recording_saved();
        let now = step.now;
        for recording in self
            .conference_mut(no)
            .recordings
            .iter_mut()
            .filter(|recording| recording.is_running())
        {
            recording.ended = Some(now);
            step.timer(saved, Timer::ConferenceRecordingSaved(no, recording.id));
        }
    }

    pub(super) fn conference_recording_saved(&mut self, step: &mut Step, no: ConferenceNo, id: uuid::Uuid) {
        let recording = self
            .conference(no)
            .recordings
            .iter()
            .find(|recording| recording.id == id);
        let Some(recording) = recording.cloned() else {
            return;
        };
        self.keep_conference_recording(step, no, &recording);
        let mut extra = recording.fields();
        extra["recording_id"] = json!(id);
        let creator = self.conference(no).creator;
        self.participant_event(step, no, creator, "conference.recording.saved", extra);
    }
}
