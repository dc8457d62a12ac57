//! Somebody who is called into a caller's conference: because the caller asks for it with a key, or because of how the
//! caller talks. Once per call; part of the `conference` step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::Complaints;
use super::mood::{Judged, Mood};
use super::rule::Tag;
use super::span::Span;
use super::speech::speak;
use super::template::Template;
use super::transfer::{LIMIT, RING, limit, ring};
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::{Dial, TranscriptionStart};
use crate::event::{Event, EventBody};
use crate::fact::Fact;
use crate::http::HttpOutcome;
use crate::plan::RoomSettings;

const DIAL: Tag = 0;
const SPEECH: Tag = 1;
const LISTEN: Tag = 2;
/// The invited leg, in client state.
const GUEST: Tag = 0;

/// Who is called into the conference, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Whom to call: E.164 or SIP URI.
    pub to: Template,
    /// Said to the caller on entering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Template>,
    /// The key that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the caller says is scored, and a bad score asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<Mood>,
    /// How long it rings.
    #[serde(default = "ring")]
    pub ring: Span,
    /// How long the one who is called may stay.
    #[serde(default = "limit")]
    pub limit: Span,
}

/// Whether the guest was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Somebody was called into the room.
    invited: bool,
    /// Where judging the caller's mood stands.
    #[serde(skip_serializing_if = "Judged::is_idle")]
    judged: Judged,
}

impl Invite {
    pub(super) fn check(&self, complaints: &mut Complaints) {
        complaints.range("invite.ring", self.ring, RING.0, RING.1);
        complaints.range("invite.limit", self.limit, LIMIT.0, LIMIT.1);
        let key = self
            .key
            .as_deref()
            .is_none_or(|key| key.len() == 1 && "0123456789*#".contains(key));
        complaints.require(key, "invite.key", "must be one key out of 0123456789*#");
        let asked = self.key.is_some() || self.mood.is_some();
        complaints.require(asked, "invite.key", "nothing asks for the guest: set key or mood");
        if let Some(mood) = &self.mood {
            mood.check(complaints);
        }
    }

    pub(super) fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all = vec![("invite.to", &self.to)];
        all.extend(self.say.iter().map(|say| ("invite.say", say)));
        all.extend(
            self.mood
                .iter()
                .filter_map(|mood| Some(("invite.mood.ask", mood.ask.as_ref()?))),
        );
        all
    }

    /// The caller has come in.
    pub(super) fn introduce(&self, stage: &mut Stage<'_>) {
        if let Some(text) = self.say.as_ref().and_then(|say| stage.text(say)) {
            let voice = stage.voice(None, None);
            stage.command(speak(text, voice), SPEECH);
        }
        if self.mood.is_some() {
            // The caller's own words: what others in the room say is nobody's mood.
            let listen = TranscriptionStart {
                tracks: Some("inbound".into()),
                ..TranscriptionStart::default()
            };
            stage.command(LegAction::TranscriptionStart(listen), LISTEN);
        }
    }

    /// The caller did something that may ask for the guest. Only what the caller does counts, and once.
    pub(super) fn heard(&self, asked: &mut Asked, body: &EventBody, stage: &mut Stage<'_>) {
        if asked.invited {
            return;
        }
        let wanted = match body {
            EventBody::DtmfReceived { digit } => self.key.as_deref() == Some(digit.expose()),
            EventBody::Transcription {
                is_final: true,
                transcript,
            } => self
                .mood
                .as_ref()
                .is_some_and(|mood| mood.heard(&mut asked.judged, transcript.expose(), stage)),
            _ => false,
        };
        asked.invited = wanted && self.call(stage);
    }

    /// The user's program has judged what the caller said.
    pub(super) fn judged(&self, asked: &mut Asked, outcome: &HttpOutcome, stage: &mut Stage<'_>) {
        let Some(mood) = self.mood.as_ref().filter(|_| !asked.invited) else {
            return;
        };
        asked.invited = mood.answered(&mut asked.judged, outcome, stage) && self.call(stage);
    }

    fn call(&self, stage: &mut Stage<'_>) -> bool {
        let (Some(target), Some(connection), Some(from)) = (
            stage.target(&self.to),
            stage.connection().cloned(),
            stage.shown_number(None),
        ) else {
            return false;
        };
        stage.fact(Fact::TransferTried {
            step: stage.step().to_owned(),
            target: target.clone(),
        });
        let dial = Dial {
            link_to: stage.leg().cloned(),
            timeout_secs: Some(self.ring.as_secs()),
            time_limit_secs: Some(self.limit.as_secs()),
            ..Dial::new(connection, target, from)
        };
        stage.dial(dial, DIAL, GUEST);
        true
    }

    /// Once up, the guest is brought in like anybody else: by the room.
    pub(super) fn on_far(
        &self,
        event: &Event,
        mark: Option<Tag>,
        settings: RoomSettings,
        stage: &mut Stage<'_>,
    ) {
        if let (EventBody::CallAnswered { .. }, Some(GUEST), Some(leg)) = (&event.body, mark, &event.leg) {
            stage.settle(DIAL);
            stage.bring_in(leg, settings);
        }
    }
}
