//! Somebody who is called into a caller's conference: because the caller asks for it with a key, or because of how the
//! caller talks. Once per call; part of the `conference` step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::Complaints;
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

/// How what the caller says is scored: by words, from -1 to 1 per sentence of the carrier's live transcription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mood {
    /// A sentence with this score or a lower one asks for the guest.
    pub below: f64,
    /// Words that count as -1.
    pub bad: Vec<String>,
    /// Words that count as 1.
    #[serde(default)]
    pub good: Vec<String>,
}

impl Mood {
    /// The score of a sentence; 0 for one without any of the words.
    fn score(&self, sentence: &str) -> f64 {
        let words: Vec<String> = sentence
            .split(|sign: char| !sign.is_alphanumeric() && sign != '\'')
            .map(str::to_lowercase)
            .collect();
        let count = |list: &[String]| words.iter().filter(|word| list.contains(word)).count() as f64;
        let (good, bad) = (count(&self.good), count(&self.bad));
        if good + bad == 0.0 {
            0.0
        } else {
            (good - bad) / (good + bad)
        }
    }
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
            complaints.range("invite.mood.below", mood.below, -1.0, 0.0);
            let lower = |word: &String| !word.is_empty() && *word == word.to_lowercase();
            let words = !mood.bad.is_empty() && mood.bad.iter().chain(&mood.good).all(lower);
            complaints.require(words, "invite.mood.bad", "must list words in lower case");
        }
    }

    /// The caller has come in.
    pub(super) fn introduce(&self, stage: &mut Stage<'_>) {
        if let Some(text) = self.say.as_ref().and_then(|say| stage.text(say)) {
            let voice = stage.voice(None, None);
            stage.command(speak(text, voice), SPEECH);
        }
        if self.mood.is_some() {
            stage.command(
                LegAction::TranscriptionStart(TranscriptionStart::default()),
                LISTEN,
            );
        }
    }

    /// Whether this asked for the guest, who is called then. Only what the caller does counts.
    pub(super) fn heard(&self, body: &EventBody, stage: &mut Stage<'_>) -> bool {
        let asked = match body {
            EventBody::DtmfReceived { digit } => self.key.as_deref() == Some(digit.expose()),
            EventBody::Transcription {
                is_final: true,
                transcript,
            } => self
                .mood
                .as_ref()
                .is_some_and(|mood| mood.score(transcript.expose()) <= mood.below),
            _ => false,
        };
        asked && self.call(stage)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_scored_by_its_words() {
        let mood = Mood {
            below: -0.7,
            bad: vec!["terrible".into(), "angry".into()],
            good: vec!["thanks".into()],
        };
        for (sentence, score) in [
            ("This is terrible, I am ANGRY!", -1.0),
            ("Thanks, but it is terrible.", 0.0),
            ("What time is it?", 0.0),
            ("thanks", 1.0),
        ] {
            assert!((mood.score(sentence) - score).abs() < 1e-9, "{sentence}");
        }
    }
}
