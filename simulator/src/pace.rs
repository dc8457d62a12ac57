//! How fast speech, audio and people go by. The carrier and the callers ask here; nobody else knows a figure.

use std::time::Duration;

/// Characters that one spoken digit lasts as long as: read out one by one they take longer than letters.
const DIGIT_WEIGHT: u64 = 5;

/// Figures of life, and by how much a run is quicker, so that it measures the program and not the prompts.
/// Time-outs that a command names (gathers, ringing, queues, recordings) are never quickened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many times quicker than life; 1 is life.
    pub speed: u32,
    /// Speech, per character, at life speed: 60 ms are about 170 English words a minute.
    pub speak_millis_per_char: u64,
    /// Any audio file.
    pub playback_millis: u64,
    /// From the end of a recording to its event.
    pub recording_saved_millis: u64,
    /// Answering machine detection; the carrier's own analysis takes up to 3.5 s.
    pub detection_millis: u64,
    /// Between a prompt's start and a person's first key, and between keys.
    pub key_millis: u64,
}

/// How much quicker than life a run is unless told otherwise.
pub const DEFAULT_SPEED: u32 = 12;

impl Default for Pace {
    fn default() -> Self {
        Self {
            speed: DEFAULT_SPEED,
            speak_millis_per_char: 60,
            playback_millis: 3_600,
            recording_saved_millis: 2_400,
            detection_millis: 3_600,
            key_millis: 1_440,
        }
    }
}

impl Pace {
    /// This many times quicker than life.
    pub fn at(speed: u32) -> Self {
        Self {
            speed: speed.max(1),
            ..Self::default()
        }
    }

    fn quickened(&self, millis: u64) -> Duration {
        Duration::from_millis(millis / u64::from(self.speed.max(1)))
    }

    /// How long a text takes to be spoken; SSML tags are silent, except for the pauses they ask for.
    pub fn speech(&self, payload: &str, ssml: bool) -> Duration {
        let (spoken, pauses) = if ssml {
            without_tags(payload)
        } else {
            (payload.to_owned(), 0)
        };
        let weight = |character: char| {
            if character.is_ascii_digit() {
                DIGIT_WEIGHT
            } else {
                1
            }
        };
        let characters: u64 = spoken.chars().map(weight).sum();
        self.quickened(characters * self.speak_millis_per_char + pauses)
    }

    /// Any audio file.
    pub fn playback(&self) -> Duration {
        self.quickened(self.playback_millis)
    }

    /// From the end of a recording to its event.
    pub fn recording_saved(&self) -> Duration {
        self.quickened(self.recording_saved_millis)
    }

    /// Answering machine detection.
    pub fn detection(&self) -> Duration {
        self.quickened(self.detection_millis)
    }

    /// Between a prompt's start and the first key, and between keys.
    pub fn key(&self) -> Duration {
        self.quickened(self.key_millis)
    }
}

/// The text between the tags, and the milliseconds of `<break time="…"/>`.
fn without_tags(payload: &str) -> (String, u64) {
    let (mut spoken, mut pauses) = (String::new(), 0);
    for part in payload.split('<') {
        match part.split_once('>') {
            Some((tag, text)) => {
                pauses += pause_millis(tag);
                spoken.push_str(text);
            }
            None => spoken.push_str(part),
        }
    }
    (spoken, pauses)
}

fn pause_millis(tag: &str) -> u64 {
    let time = tag
        .strip_prefix("break")
        .and_then(|rest| rest.split_once("time="))
        .map(|(_, value)| value.trim_start_matches(['"', '\'']));
    let Some(time) = time else { return 0 };
    let number: String = time
        .chars()
        .take_while(|character| character.is_ascii_digit())
        .collect();
    let unit = &time[number.len()..];
    let factor = if unit.starts_with("ms") { 1 } else { 1_000 };
    // A pause nobody would wait for is a mistake in the text, not something to simulate.
    number
        .parse::<u64>()
        .unwrap_or(0)
        .saturating_mul(factor)
        .min(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_lasts_by_its_characters_and_digits_count_more() {
        let life = Pace::at(1);
        assert_eq!(life.speech("hello", false), Duration::from_millis(300));
        assert_eq!(life.speech("12", false), Duration::from_millis(600));
        assert_eq!(Pace::at(12).speech("hello", false), Duration::from_millis(25));
    }

    #[test]
    fn tags_are_silent_and_breaks_are_pauses() {
        let life = Pace::at(1);
        let ssml = "<speak>hi<break time=\"2s\"/><break time=\"500ms\"/></speak>";
        assert_eq!(life.speech(ssml, true), Duration::from_millis(120 + 2_500));
    }
}
