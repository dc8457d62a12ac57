//! `gather`: a prompt and the keys that answer it.
//!
//! One try is one gather at the carrier, which runs three timers: the first key within `timeout` after the prompt, each
//! further key within `between`, and `most` keys or the terminator end it. We count tries, choose the words of each,
//! and keep a net in case the carrier's report is lost: it falls after the longest time that the try can take, and
//! judges by the single keys that were reported meanwhile. What a try brought is a [`Verdict`], by the table there:
//!
//! | verdict | tries left | what follows |
//! |---|---|---|
//! | right | | outcome: the keys if `on` names them, else `digits` |
//! | wrong | yes | `invalid`, if any, and the prompt again |
//! | wrong | no | outcome `invalid` |
//! | silence | yes | `silence`, if any, and the prompt again |
//! | silence | no | outcome `no_input` |
//! | gone | | nothing |
//!
//! A report that carries another step or an older generation is of another gather and is passed over; so are single
//! keys once the try is judged. The status says nothing about right and wrong: keys that came before a time-out count
//! if they are enough. Without `barge_in` the prompt is spoken first and the keys are asked for when it has ended.

mod asking;
mod verdict;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Rule, Tag};
use super::span::Span;
use super::speech::{longest, speak};
use super::template::Template;
use crate::call::Stage;
use crate::event::{EventBody, GatherStatus, MediaStatus};
use crate::fact::Fact;
use crate::hangup::EndReason;
use crate::outcome::Outcome;
use crate::phone::Digits;
use verdict::Verdict;

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
    /// Whether the keys are information for the records, such as a callback number. A PIN is not.
    #[serde(default)]
    pub keep: bool,
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
    type Progress = Progress;

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

/// Longest audio prompt. Past this and the timers the carrier's report is lost.
const LONGEST_AUDIO: Duration = Duration::from_secs(120);

/// Where a gather stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Tries so far, this one included.
    tries: u32,
    /// The prompt is spoken, the keys are not asked for yet.
    speaking: bool,
    /// Single keys of this try, should the report be lost.
    keys: Digits,
    /// What went wrong with the last try.
    after: Option<Verdict>,
}

impl Gather {
    /// How long the keys of one try can take at most, once the prompt has ended.
    fn longest_try(&self) -> Duration {
        self.timeout.get() + self.between.get() * self.digits.most()
    }

    fn ask(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        progress.tries += 1;
        progress.keys = Digits::default();
        let prefix = match progress.after {
            Some(Verdict::Wrong) => self.invalid.as_ref(),
            Some(Verdict::Silence) => self.silence.as_ref(),
            Some(Verdict::Right | Verdict::Gone) | None => None,
        };
        let words: Vec<String> = [prefix, self.say.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|text| stage.text(text))
            .collect();
        let words = words.join(" ");
        let tag = self.tag(progress);
        if let Some(url) = self.play.as_ref().and_then(|url| stage.text(url)) {
            stage.overdue_in(LONGEST_AUDIO + self.longest_try());
            stage.prompt(self.with_audio(url), tag);
        } else if words.is_empty() {
            self.keypad(progress, stage);
        } else if self.barge_in {
            stage.overdue_in(longest(&words) + self.longest_try());
            let prompt = self.with_words(words, stage);
            stage.prompt(prompt, tag);
        } else {
            progress.speaking = true;
            stage.overdue_in(longest(&words));
            let voice = stage.voice(self.voice.as_ref(), self.language.as_ref());
            stage.prompt(speak(words, voice), tag);
        }
        Next::Wait
    }

    /// Each try's own, so that a late refusal of an older one is not taken for this one's.
    fn tag(&self, progress: &Progress) -> Tag {
        Tag::try_from(progress.tries * 2 + u32::from(progress.speaking)).unwrap_or(Tag::MAX)
    }

    /// The table's second half.
    fn judge(
        &self,
        keys: &str,
        status: GatherStatus,
        progress: &mut Progress,
        stage: &mut Stage<'_>,
    ) -> Next {
        let keys = self.typed(keys);
        let verdict = self.verdict(&keys, status);
        match verdict {
            Verdict::Gone => return Next::Wait,
            Verdict::Right => {
                stage.set("call", "digits", keys.as_str().into());
                if self.keep {
                    let step = stage.step().to_owned();
                    let digits = Digits::new(keys.as_str());
                    stage.fact(Fact::InputCollected { step, digits });
                }
                let named = stage.names(&keys);
                return Next::Done(if named { keys } else { "digits".into() });
            }
            Verdict::Wrong | Verdict::Silence => {}
        }
        if progress.tries < self.tries {
            progress.after = Some(verdict);
            return self.ask(progress, stage);
        }
        Next::done(if verdict == Verdict::Wrong {
            "invalid"
        } else {
            "no_input"
        })
    }
}

impl Rule for Gather {
    fn enter(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        self.ask(progress, stage)
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Event { body, ours: true } => match body {
                EventBody::GatherEnded { digits, status } if !progress.speaking => {
                    stage.settle(self.tag(progress));
                    self.judge(digits.expose(), *status, progress, stage)
                }
                EventBody::DtmfReceived { digit } if !progress.speaking => {
                    progress.keys = Digits::new(format!("{}{}", progress.keys.expose(), digit.expose()));
                    Next::Wait
                }
                EventBody::SpeakEnded { status }
                    if progress.speaking && *status != MediaStatus::CallHangup =>
                {
                    stage.settle(self.tag(progress));
                    self.keypad(progress, stage);
                    Next::Wait
                }
                _ => Next::Wait,
            },
            Happening::Outcome {
                tag,
                outcome: Outcome::Refused(_),
            } if *tag == self.tag(progress) => Next::done("failed"),
            Happening::Overdue if progress.speaking => {
                self.keypad(progress, stage);
                Next::Wait
            }
            Happening::Overdue => {
                let keys = progress.keys.clone();
                self.judge(keys.expose(), GatherStatus::Timeout, progress, stage)
            }
            Happening::Event { .. }
            | Happening::Outcome { .. }
            | Happening::Far { .. }
            | Happening::Http { .. }
            | Happening::Timer(_)
            | Happening::Message(_) => Next::Wait,
        }
    }
}
