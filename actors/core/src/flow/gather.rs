//! `gather`: a prompt and the keys that answer it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::span::Span;
use super::template::Template;
use crate::hangup::EndReason;

/// Settings of a `gather` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gather {
    /// The prompt as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Template>,
    /// The prompt as an audio file on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play: Option<Template>,
    /// The carrier's voice name, instead of the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// BCP 47 tag, instead of the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Which keys, and how many.
    #[serde(default)]
    pub digits: Keys,
    /// Whole inputs that are right; anything else is `invalid`. Every input of the right length when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<String>,
    /// Silence after the prompt that ends a try.
    #[serde(default = "first_key")]
    pub timeout: Span,
    /// Silence between two keys that ends a try.
    #[serde(default = "between_keys")]
    pub between: Span,
    /// How often the caller may try.
    #[serde(default = "three")]
    pub tries: u32,
    /// Said before the prompt after a wrong input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Template>,
    /// Said before the prompt after silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Template>,
    /// Whether a key stops the prompt. Without, keys count only after it.
    #[serde(default = "yes")]
    pub barge_in: bool,
}

/// Which keys a gather takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// Fewest keys.
    pub min: u32,
    /// Most keys: the last of them ends the input. As many as `min` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// The keys that count.
    pub valid: String,
    /// The key that ends the input; none when empty.
    pub terminator: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            min: 1,
            max: None,
            valid: "0123456789".into(),
            terminator: "#".into(),
        }
    }
}

impl Keys {
    /// Most keys.
    pub fn most(&self) -> u32 {
        self.max.unwrap_or(self.min).max(self.min)
    }
}

fn first_key() -> Span {
    Span::secs(8)
}

fn between_keys() -> Span {
    Span::secs(5)
}

fn three() -> u32 {
    3
}

fn yes() -> bool {
    true
}

impl Settings for Gather {
    const NAME: &'static str = "gather";
    const SUMMARY: &'static str =
        "Asks for keys. Each try has its own prompt; the keys are in `digits` afterwards.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "digits",
            "The keys came as asked, and `on` does not name them themselves.",
        ),
        WayOut::sorry(
            "invalid",
            "Every try is used up, and the last one brought other keys.",
            EndReason::InvalidInput,
        ),
        WayOut::sorry(
            "no_input",
            "Every try is used up, and the last one brought no key.",
            EndReason::NoInput,
        ),
        WayOut::sorry("failed", "The carrier would not ask.", EndReason::StepFailed),
    ];
    const FREE_OUTCOMES: bool = true;
    const WAITS_FOR_CALLER: bool = true;

    fn check(&self, complaints: &mut Complaints) {
        let prompts = usize::from(self.say.is_some()) + usize::from(self.play.is_some());
        complaints.require(prompts <= 1, "say", "a gather step has one of say and play");
        let audio_only = self.play.is_some() && (self.invalid.is_some() || self.silence.is_some());
        complaints.require(
            !audio_only,
            "invalid",
            "invalid and silence are spoken before a spoken prompt: use say",
        );
        // The carrier's own bounds (API-FACTS 1.6).
        complaints.range("digits.min", self.digits.min, 1, 128);
        complaints.range("digits.max", self.digits.most(), self.digits.min.max(1), 128);
        let key = |byte: u8| byte.is_ascii_digit() || byte == b'*' || byte == b'#';
        let valid = &self.digits.valid;
        complaints.require(
            !valid.is_empty() && valid.bytes().all(key),
            "digits.valid",
            "must be keys out of 0123456789*#",
        );
        let end = &self.digits.terminator;
        complaints.require(
            end.len() <= 1 && end.bytes().all(key),
            "digits.terminator",
            "must be one key out of 0123456789*#, or empty",
        );
        let apart = end.is_empty() || !valid.contains(end.as_str());
        complaints.require(
            apart,
            "digits.valid",
            "contains the terminator: a key cannot both count and end the input",
        );
        complaints.range("timeout", self.timeout, Span::secs(1), Span::secs(120));
        complaints.range("between", self.between, Span::secs(1), Span::secs(120));
        complaints.range("tries", self.tries, 1, 10);
        let typable = |input: &String| self.may_be_typed(input);
        complaints.require(
            self.accept.iter().all(typable),
            "accept",
            "has an input that digits.min, max and valid make impossible",
        );
    }

    fn own_outcomes(&self) -> Vec<String> {
        match (self.accept.is_empty(), self.digits.most()) {
            (false, _) => self.accept.clone(),
            (true, 1) => self.digits.valid.chars().map(String::from).collect(),
            (true, _) => Vec::new(),
        }
    }

    fn may_bring(&self, outcome: &str) -> bool {
        self.may_be_typed(outcome)
            && (self.accept.is_empty() || self.accept.iter().any(|input| input == outcome))
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        [
            ("say", &self.say),
            ("play", &self.play),
            ("invalid", &self.invalid),
            ("silence", &self.silence),
        ]
        .into_iter()
        .filter_map(|(key, text)| Some((key, text.as_ref()?)))
        .collect()
    }
}

impl Gather {
    /// Whether a caller can type this.
    fn may_be_typed(&self, input: &str) -> bool {
        let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
        (self.digits.min..=self.digits.most()).contains(&length)
            && input.chars().all(|key| self.digits.valid.contains(key))
    }
}
