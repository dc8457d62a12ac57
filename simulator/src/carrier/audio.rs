//! Speech and audio on a leg: one plays, further ones wait their turn.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::{LegNo, Notice, Timer};
use super::leg::{Audio, AudioKind, Place, Target};
use super::request::{Body, flag, text, whole};
use super::{Carrier, Step};

impl Carrier {
    pub(super) fn speak(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let once = self.speech(body, "payload");
        self.stop_if_asked(step, no, body);
        let words = text(body, "payload").unwrap_or_default().to_owned();
        self.push_audio(
            step,
            no,
            AudioKind::Speak { words },
            looped(body, once),
            target(body),
        );
        Ok(Answer::ok())
    }

    pub(super) fn playback_start(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let (url, name) = media(body);
        if url.is_none() && name.is_none() && text(body, "playback_content").is_none() {
            return Err(ApiError::missing("audio_url"));
        }
        self.stop_if_asked(step, no, body);
        let kind = AudioKind::Playback {
            url,
            name,
            overlay: flag(body, "overlay"),
        };
        let lasts = looped(body, self.terms.pace.playback());
        self.push_audio(step, no, kind, lasts, target(body));
        Ok(Answer::ok())
    }

    pub(super) fn playback_stop(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Answer {
        if self.leg(no).audio.is_empty() {
            return Answer::ignored();
        }
        self.stop_audio(step, no, text(body, "stop") != Some("current"));
        Answer::ok()
    }

    /// How long a text of a body takes to be spoken.
    pub(super) fn speech(&self, body: &Body, field: &str) -> Duration {
        let ssml = text(body, "payload_type") == Some("ssml");
        self.terms
            .pace
            .speech(text(body, field).unwrap_or_default(), ssml)
    }

    fn stop_if_asked(&mut self, step: &mut Step, no: LegNo, body: &Body) {
        if let Some(which) = text(body, "stop") {
            self.stop_audio(step, no, which == "all");
        }
    }

    fn stop_audio(&mut self, step: &mut Step, no: LegNo, all: bool) {
        if all {
            self.end_all_audio(step, no, "cancelled");
        } else if let Some(audio) = self.leg_mut(no).audio.pop_front() {
            self.audio_ended(step, no, &audio.kind, "cancelled");
            self.start_next_audio(step, no);
        }
    }

    /// Ends what plays and forgets what waits; the waiting ones never started, so nothing is told of them.
    pub(super) fn end_all_audio(&mut self, step: &mut Step, no: LegNo, status: &str) {
        let playing = self.leg_mut(no).audio.pop_front();
        self.leg_mut(no).audio.clear();
        if let Some(audio) = playing {
            self.audio_ended(step, no, &audio.kind, status);
        }
    }

    fn push_audio(
        &mut self,
        step: &mut Step,
        no: LegNo,
        kind: AudioKind,
        lasts: Option<Duration>,
        target: Target,
    ) {
        let serial = self.next_serial();
        let leg = self.leg_mut(no);
        leg.audio.push_back(Audio {
            serial,
            kind,
            lasts,
            target,
        });
        if leg.audio.len() == 1 {
            self.start_next_audio(step, no);
        }
    }

    fn start_next_audio(&mut self, step: &mut Step, no: LegNo) {
        let Some(audio) = self.leg(no).audio.front().cloned() else {
            return;
        };
        let words = match &audio.kind {
            AudioKind::Speak { words } => {
                self.leg_event(step, no, "call.speak.started", json!({}));
                words.clone()
            }
            AudioKind::Playback { url, name, .. } => {
                self.leg_event(step, no, "call.playback.started", media_fields(&audio.kind));
                url.clone().or_else(|| name.clone()).unwrap_or_default()
            }
        };
        self.tell_hearers(step, no, audio.target, words);
        if let Some(lasts) = audio.lasts {
            step.timer(lasts, Timer::AudioDone(no, audio.serial));
        }
    }

    fn tell_hearers(&self, step: &mut Step, no: LegNo, target: Target, words: String) {
        let opposite = match self.leg(no).place {
            Place::Bridged(peer) if target != Target::Own => Some(peer),
            _ => None,
        };
        let own = (target != Target::Opposite).then_some(no);
        for leg in own.into_iter().chain(opposite) {
            let words = words.clone();
            step.notice(Notice::Hears { leg, words });
        }
    }

    pub(super) fn audio_done(&mut self, step: &mut Step, no: LegNo, serial: u64) {
        if let Some(audio) = self
            .leg_mut(no)
            .audio
            .pop_front_if(|audio| audio.serial == serial)
        {
            self.audio_ended(step, no, &audio.kind, "completed");
            self.start_next_audio(step, no);
        }
    }

    fn audio_ended(&mut self, step: &mut Step, no: LegNo, kind: &AudioKind, status: &str) {
        match kind {
            AudioKind::Speak { .. } => {
                self.leg_event(step, no, "call.speak.ended", json!({ "status": status }));
            }
            AudioKind::Playback { .. } => self.playback_ended(step, no, media_fields(kind), status),
        }
    }

    pub(super) fn playback_ended(&mut self, step: &mut Step, no: LegNo, mut fields: Value, status: &str) {
        fields["status"] = json!(status);
        fields["status_detail"] = json!(status);
        self.leg_event(step, no, "call.playback.ended", fields);
    }
}

/// `audio_url` and `media_name` of a body.
pub(super) fn media(body: &Body) -> (Option<String>, Option<String>) {
    (
        text(body, "audio_url").map(str::to_owned),
        text(body, "media_name").map(str::to_owned),
    )
}

fn media_fields(kind: &AudioKind) -> Value {
    match kind {
        AudioKind::Speak { .. } => json!({}),
        AudioKind::Playback { url, name, overlay } => {
            let mut fields = json!({ "overlay": overlay });
            if let Some(url) = url {
                fields["media_url"] = json!(url);
            }
            if let Some(name) = name {
                fields["media_name"] = json!(name);
            }
            fields
        }
    }
}

/// Duration with repetitions; `None` for ever.
fn looped(body: &Body, once: Duration) -> Option<Duration> {
    if text(body, "loop") == Some("infinity") {
        return None;
    }
    let times = u32::try_from(whole(body, "loop").unwrap_or(1).max(1)).unwrap_or(u32::MAX);
    Some(once.saturating_mul(times))
}

fn target(body: &Body) -> Target {
    match text(body, "target_legs") {
        Some("opposite") => Target::Opposite,
        Some("both") => Target::Both,
        _ => Target::Own,
    }
}
