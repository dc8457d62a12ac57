//! Collecting digits: gather, gather_using_speak, gather_using_audio, and what each key does.
//!
//! A key during the prompt ends the prompt. Choices where the documentation is silent: a key outside
//! `valid_digits` fails the try, a new gather cancels a running one, silence after the last try is
//! reported as `timeout`.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::audio::media;
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
    /// Milliseconds of the first prompt and of the one after a failed try.
    Speak(u64, u64),
    Audio(Value),
}

impl Carrier {
    pub(super) fn gather(&mut self, step: &mut Step, no: LegNo, verb: &str, body: &Body) -> Outcome {
        let prompt = match verb {
            "gather_using_speak" => {
                let payload = text(body, "payload").unwrap_or_default();
                let invalid = text(body, "invalid_payload").unwrap_or(payload);
                Prompt::Speak(self.speech_millis(payload), self.speech_millis(invalid))
            }
            "gather_using_audio" => match media(body) {
                (Some(_), Some(_)) => {
                    return Err(ApiError::invalid("media_name", "absent when audio_url is given"));
                }
                (Some(url), None) => Prompt::Audio(json!({ "media_url": url, "overlay": false })),
                (None, Some(name)) => Prompt::Audio(json!({ "media_name": name, "overlay": false })),
                (None, None) => return Err(ApiError::missing("audio_url")),
            },
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
        let playback = Duration::from_millis(self.terms.pace.playback_millis);
        let Some(gather) = &mut self.leg_mut(no).gather else {
            return;
        };
        gather.serial = serial;
        gather.digits.clear();
        gather.prompting = !matches!(gather.prompt, Prompt::None);
        let wait = match &gather.prompt {
            Prompt::None => gather.silence,
            Prompt::Speak(payload, invalid) => Duration::from_millis(if first { *payload } else { *invalid }),
            Prompt::Audio(_) => playback,
        };
        let started = match &gather.prompt {
            Prompt::Audio(fields) => Some(fields.clone()),
            Prompt::None | Prompt::Speak(..) => None,
        };
        if let Some(fields) = started {
            self.leg_event(step, no, "call.playback.started", fields);
        }
        step.timer(wait, Timer::GatherSilence(no, serial));
        step.notice(Notice::Listening(no));
    }

    fn end_prompt(&mut self, step: &mut Step, no: LegNo, status: &str) {
        let Some(gather) = &mut self.leg_mut(no).gather else {
            return;
        };
        if !std::mem::take(&mut gather.prompting) {
            return;
        }
        if let Prompt::Audio(fields) = gather.prompt.clone() {
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

fn millis(number: i64) -> Duration {
    Duration::from_millis(number.unsigned_abs())
}
