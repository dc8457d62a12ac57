//! Collecting digits: gather, gather_using_speak, gather_using_audio, and what each key does.
//!
//! A key during the prompt ends the prompt. Choices where the documentation is silent: a key outside
//! `valid_digits` fails the try, a new gather cancels a running one, silence after the last try is
//! reported as `timeout`.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::{LegNo, Notice, Timer};
use super::request::{Body, text, whole};
use super::{Carrier, Step};

/// Defaults of the published schema.
const MAX_DIGITS: i64 = 128;
const TRIES: i64 = 3;
const TOTAL_MILLIS: i64 = 60_000;
const BETWEEN_MILLIS: i64 = 5_000;
const INITIAL_MILLIS: i64 = 5_000;
const VALID: &str = "0123456789#*";

/// A gather that listens.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
    /// Changes with every key and every try: tells a current silence timer from an old one.
    serial: u64,
    /// Never changes: for the total time-out.
    total: u64,
    prompt: Prompt,
    prompting: bool,
    /// The first try, with the first prompt.
    first: bool,
    min: usize,
    max: usize,
    tries: i64,
    terminator: Option<char>,
    valid: String,
    between: Duration,
    silence: Duration,
    digits: String,
    gather_id: Option<String>,
}

#[derive(Debug, Clone)]
enum Prompt {
    None,
    /// The first prompt and the one after a failed try: words and how long they take.
    Speak((String, Duration), (String, Duration)),
    /// The files of the first prompt and of the one after a failed try, as events name them.
    Audio(Value, Value),
}

impl Carrier {
    pub(super) fn gather(&mut self, step: &mut Step, no: LegNo, verb: &str, body: &Body) -> Outcome {
        let prompt = match verb {
            "gather_using_speak" => {
                let words = |field: &str| {
                    let words = text(body, field)?.to_owned();
                    Some((words, self.speech(body, field)))
                };
                let first = words("payload").unwrap_or_default();
                let again = words("invalid_payload").unwrap_or_else(|| first.clone());
                Prompt::Speak(first, again)
            }
            "gather_using_audio" => {
                let first = files(body, "")?.ok_or_else(|| ApiError::missing("audio_url"))?;
                let again = files(body, "invalid_")?.unwrap_or_else(|| first.clone());
                Prompt::Audio(first, again)
            }
            _ => Prompt::None,
        };
        let gather = self.new_gather(prompt, body)?;
        let (plain, total) = (matches!(gather.prompt, Prompt::None), gather.total);
        self.end_gather(step, no, "cancelled");
        self.leg_mut(no).gather = Some(gather);
        if plain {
            let millis = whole(body, "timeout_millis")
                .unwrap_or(TOTAL_MILLIS)
                .unsigned_abs();
            step.timer(Duration::from_millis(millis), Timer::GatherTotal(no, total));
        }
        self.start_try(step, no, true);
        Ok(Answer::ok())
    }

    fn new_gather(&mut self, prompt: Prompt, body: &Body) -> Result<Gather, ApiError> {
        let number = |name: &str, default: i64| whole(body, name).unwrap_or(default);
        let (min, max) = (number("minimum_digits", 1), number("maximum_digits", MAX_DIGITS));
        if min > max {
            return Err(ApiError::coded(
                "90011",
                "minimum_digits",
                "at most maximum_digits",
            ));
        }
        let plain = matches!(prompt, Prompt::None);
        let silence = if plain {
            number("initial_timeout_millis", INITIAL_MILLIS)
        } else {
            number("timeout_millis", TOTAL_MILLIS)
        };
        let serial = self.next_serial();
        Ok(Gather {
            serial,
            total: serial,
            prompt,
            prompting: false,
            first: true,
            min: usize::try_from(min).unwrap_or(1),
            max: usize::try_from(max).unwrap_or(1),
            tries: if plain { 1 } else { number("maximum_tries", TRIES) },
            terminator: text(body, "terminating_digit").unwrap_or("#").chars().next(),
            valid: text(body, "valid_digits").unwrap_or(VALID).to_owned(),
            between: millis(number("inter_digit_timeout_millis", BETWEEN_MILLIS)),
            silence: millis(silence),
            digits: String::new(),
            gather_id: text(body, "gather_id").map(str::to_owned),
        })
    }

    pub(super) fn gather_stop(&mut self, step: &mut Step, no: LegNo) -> Answer {
        if self.leg(no).gather.is_none() {
            return Answer::ignored();
        }
        self.end_gather(step, no, "cancelled");
        Answer::ok()
    }

    fn start_try(&mut self, step: &mut Step, no: LegNo, first: bool) {
        let serial = self.next_serial();
        let playback = self.terms.pace.playback();
        let Some(gather) = &mut self.leg_mut(no).gather else {
            return;
        };
        gather.serial = serial;
        gather.first = first;
        gather.digits.clear();
        gather.prompting = !matches!(gather.prompt, Prompt::None);
        let (wait, heard, file) = match &gather.prompt {
            Prompt::None => (gather.silence, None, None),
            Prompt::Speak(opening, again) => {
                let (words, lasts) = if first { opening } else { again };
                (*lasts, Some(words.clone()), None)
            }
            Prompt::Audio(opening, again) => {
                let fields = if first { opening } else { again };
                let name = fields["media_url"].as_str().or(fields["media_name"].as_str());
                (playback, name.map(str::to_owned), Some(fields.clone()))
            }
        };
        if let Some(fields) = file {
            self.leg_event(step, no, "call.playback.started", fields);
        }
        if let Some(words) = heard {
            step.notice(Notice::Hears { leg: no, words });
        }
        step.timer(wait, Timer::GatherSilence(no, serial));
        step.notice(Notice::Listening(no));
        self.far_end_listens(step, no);
    }

    fn end_prompt(&mut self, step: &mut Step, no: LegNo, status: &str) {
        let Some(gather) = &mut self.leg_mut(no).gather else {
            return;
        };
        if !std::mem::take(&mut gather.prompting) {
            return;
        }
        if let Prompt::Audio(opening, again) = gather.prompt.clone() {
            let fields = if gather.first { opening } else { again };
            self.playback_ended(step, no, fields, status);
        }
    }

    /// A key of the far end, gathered or not.
    pub(super) fn pressed(&mut self, step: &mut Step, no: LegNo, key: char) {
        if !self.leg(no).is_answered() {
            return;
        }
        self.party_event(
            step,
            no,
            "call.dtmf.received",
            json!({ "digit": key.to_string() }),
        );
        let serial = self.next_serial();
        self.end_prompt(step, no, "cancelled");
        let Some(gather) = &mut self.leg_mut(no).gather else {
            return;
        };
        gather.serial = serial;
        let enough = gather.digits.len() >= gather.min;
        if gather.terminator == Some(key) {
            return self.try_over(step, no, if enough { "valid" } else { "invalid" });
        }
        if !gather.valid.contains(key) {
            return self.try_over(step, no, "invalid");
        }
        gather.digits.push(key);
        if gather.digits.len() >= gather.max {
            return self.try_over(step, no, "valid");
        }
        step.timer(gather.between, Timer::GatherSilence(no, serial));
    }

    /// The prompt is over, or nobody pressed a key for long enough.
    pub(super) fn gather_silence(&mut self, step: &mut Step, no: LegNo, serial: u64) {
        let Some(gather) = self
            .leg_mut(no)
            .gather
            .as_mut()
            .filter(|gather| gather.serial == serial)
        else {
            return;
        };
        if gather.prompting {
            let wait = gather.silence;
            self.end_prompt(step, no, "completed");
            step.timer(wait, Timer::GatherSilence(no, serial));
            return;
        }
        let status = match gather.digits.len() {
            0 => "timeout",
            length if length >= gather.min => "valid",
            _ => "invalid",
        };
        self.try_over(step, no, status);
    }

    pub(super) fn gather_total(&mut self, step: &mut Step, no: LegNo, total: u64) {
        let Some(gather) = self
            .leg(no)
            .gather
            .as_ref()
            .filter(|gather| gather.total == total)
        else {
            return;
        };
        let enough = !gather.digits.is_empty() && gather.digits.len() >= gather.min;
        self.end_gather(step, no, if enough { "valid" } else { "timeout" });
    }

    fn try_over(&mut self, step: &mut Step, no: LegNo, status: &str) {
        let Some(gather) = &mut self.leg_mut(no).gather else {
            return;
        };
        gather.tries -= 1;
        if status == "valid" || gather.tries <= 0 {
            self.end_gather(step, no, status);
        } else {
            self.start_try(step, no, false);
        }
    }

    /// Ends a running gather and tells; harmless without one.
    pub(super) fn end_gather(&mut self, step: &mut Step, no: LegNo, status: &str) {
        self.end_prompt(step, no, status);
        let Some(gather) = self.leg_mut(no).gather.take() else {
            return;
        };
        let mut extra = json!({ "digits": gather.digits, "status": status });
        if let Some(id) = gather.gather_id {
            extra["gather_id"] = json!(id);
        }
        self.party_event(step, no, "call.gather.ended", extra);
    }
}

/// The audio file that two fields of a body name, as the events tell of it.
fn files(body: &Body, prefix: &str) -> Result<Option<Value>, ApiError> {
    let field = |name: &str| text(body, &format!("{prefix}{name}")).map(str::to_owned);
    match (field("audio_url"), field("media_name")) {
        (Some(_), Some(_)) => {
            let name = format!("{prefix}media_name");
            Err(ApiError::invalid(
                &name,
                &format!("absent when {prefix}audio_url is given"),
            ))
        }
        (Some(url), None) => Ok(Some(json!({ "media_url": url, "overlay": false }))),
        (None, Some(name)) => Ok(Some(json!({ "media_name": name, "overlay": false }))),
        (None, None) => Ok(None),
    }
}

fn millis(number: i64) -> Duration {
    Duration::from_millis(number.unsigned_abs())
}
