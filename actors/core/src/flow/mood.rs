//! How a caller's mood is judged from what the caller says: by words, or by the user's own program. Part of `invite`.
//!
//! The carrier transcribes the caller's own words. Each final sentence has a score from -1 to 1; one that is low enough
//! asks for the guest. The program is asked one question at a time: what is said meanwhile is asked about together,
//! when it has answered. A program that fails judges nothing, and the next sentence asks it again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kind::Complaints;
use super::template::Template;
use crate::call::Stage;
use crate::http::{HttpOutcome, HttpRequest};
use crate::ids::CommandId;
use crate::phone::{Digits, Text};

/// One attempt, and all of them: a mood of ten seconds ago says little.
const TIMEOUT_MS: u64 = 3_000;
const TOTAL: std::time::Duration = std::time::Duration::from_secs(5);

/// Characters that wait for the program at most; the latest are kept. A minute of talk is about a thousand.
const MOST_WORDS: usize = 1_000;

/// How what the caller says is scored, from -1 to 1 per sentence of the carrier's live transcription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mood {
    /// A sentence with this score or a lower one asks for the guest.
    pub below: f64,
    /// Words that count as -1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<String>,
    /// Words that count as 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub good: Vec<String>,
    /// Your own program, instead of words: it is sent `{"call", "flow", "step", "words"}`, signed as `[backend]` says, and
    /// answers `{"score": -0.8}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Template>,
}

/// Where judging stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Judged {
    /// The program was asked and has not answered.
    asking: bool,
    /// What was said since; as secret as keys.
    said: Digits,
}

impl Judged {
    pub(super) fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

impl Mood {
    pub(super) fn check(&self, complaints: &mut Complaints) {
        complaints.range("invite.mood.below", self.below, -1.0, 0.0);
        let lower = |word: &String| !word.is_empty() && *word == word.to_lowercase();
        let words = self.bad.iter().chain(&self.good).all(lower);
        complaints.require(words, "invite.mood.bad", "must list words in lower case");
        let one = self.ask.is_some() == (self.bad.is_empty() && self.good.is_empty());
        complaints.require(
            one && (self.ask.is_some() || !self.bad.is_empty()),
            "invite.mood.bad",
            "a mood is judged by words or by a program: set bad, or ask",
        );
        if let Some(ask) = &self.ask {
            let url = ask.source();
            let web = url.starts_with("http://") || url.starts_with("https://") || url.starts_with("{{");
            complaints.require(web, "invite.mood.ask", "must begin with https:// or http://");
        }
    }

    /// The caller said something: whether that asks for the guest by itself.
    pub(super) fn heard(&self, judged: &mut Judged, words: &str, stage: &mut Stage<'_>) -> bool {
        if self.ask.is_none() {
            return self.score(words) <= self.below;
        }
        judged.said = Digits::new(latest(&format!("{} {words}", judged.said.expose())));
        if !judged.asking {
            self.question(judged, stage);
        }
        false
    }

    /// The program answered, or did not: whether that asks for the guest.
    pub(super) fn answered(&self, judged: &mut Judged, outcome: &HttpOutcome, stage: &mut Stage<'_>) -> bool {
        judged.asking = false;
        let low = score_of(outcome).is_some_and(|score| score <= self.below);
        if !low && !judged.said.expose().is_empty() {
            self.question(judged, stage);
        }
        low
    }

    fn question(&self, judged: &mut Judged, stage: &mut Stage<'_>) {
        let words = std::mem::take(&mut judged.said);
        let Some(url) = self.ask.as_ref().and_then(|ask| stage.text(ask)) else {
            return;
        };
        let call = stage.variables().remove("call").unwrap_or(Value::Null);
        let body = json!({
            "call": call,
            "flow": stage.flow_name(),
            "step": stage.step(),
            "words": words.expose().trim(),
        });
        judged.asking = true;
        stage.ask(HttpRequest {
            id: CommandId::new(""),
            url,
            method: "POST".into(),
            headers: std::collections::BTreeMap::new(),
            body: Text::new(body.to_string()),
            timeout_ms: TIMEOUT_MS,
            repeat: false,
            give_up_at: stage.now() + TOTAL,
        });
    }

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

/// The program's score; `None` when it has none that makes sense.
fn score_of(outcome: &HttpOutcome) -> Option<f64> {
    match outcome {
        HttpOutcome::Answered {
            status: 200..=299,
            body,
        } => {
            let answer: Value = serde_json::from_str(body.expose()).ok()?;
            let score = answer.get("score")?.as_f64()?;
            (-1.0..=1.0).contains(&score).then_some(score)
        }
        HttpOutcome::Answered { .. } | HttpOutcome::Forbidden { .. } | HttpOutcome::Unknown { .. } => None,
    }
}

/// The end of a text, in whole characters.
fn latest(text: &str) -> String {
    let text = text.trim();
    let skipped = text.chars().count().saturating_sub(MOST_WORDS);
    text.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_sentence_is_scored_by_its_words() {
        let mood: Mood =
            toml::from_str("below = -0.7\nbad = [\"terrible\", \"angry\"]\ngood = [\"thanks\"]").unwrap();
        for (sentence, score) in [
            ("This is terrible, I am ANGRY!", -1.0),
            ("Thanks, but it is terrible.", 0.0),
            ("What time is it?", 0.0),
            ("thanks", 1.0),
        ] {
            assert!((mood.score(sentence) - score).abs() < 1e-9, "{sentence}");
        }
    }

    #[test]
    fn a_score_that_makes_no_sense_is_none() {
        for (status, body, score) in [
            (200, r#"{"score":-0.8}"#, Some(-0.8)),
            (200, r#"{"score":1}"#, Some(1.0)),
            (204, r#"{"score":0}"#, Some(0.0)),
            (200, r#"{"score":-7}"#, None),
            (200, r#"{"score":"-0.8"}"#, None),
            (200, r#"{"mood":-0.8}"#, None),
            (200, "-0.8", None),
            (200, "", None),
            (500, r#"{"score":-0.8}"#, None),
        ] {
            let body = Text::new(body);
            assert_eq!(
                score_of(&HttpOutcome::Answered { status, body }),
                score,
                "{status}"
            );
        }
        let why = String::new();
        assert_eq!(score_of(&HttpOutcome::Unknown { why: why.clone() }), None);
        assert_eq!(score_of(&HttpOutcome::Forbidden { why }), None);
    }

    #[test]
    fn what_waits_is_bounded_and_keeps_its_end() {
        let long = "ä".repeat(MOST_WORDS) + " end";
        let kept = latest(&long);
        assert!(kept.ends_with(" end") && kept.chars().count() == MOST_WORDS);
    }
}
