//! What one try asks of the carrier: keys with words, with audio, or keys alone.

use super::{Gather, Progress};
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::{Gather as Keypad, GatherUsingAudio, GatherUsingSpeak};
use crate::flow::speech::longest;
use crate::phone::Digits;

impl Gather {
    pub(super) fn keypad(&self, progress: &mut Progress, stage: &mut Stage<'_>) {
        progress.speaking = false;
        progress.keys = Digits::default();
        stage.overdue_in(longest("") + self.longest_try());
        let keypad = Keypad {
            minimum_digits: Some(self.digits.min),
            maximum_digits: Some(self.digits.most()),
            timeout_millis: Some(u32::try_from(self.longest_try().as_millis()).unwrap_or(u32::MAX)),
            inter_digit_timeout_millis: Some(self.between.as_millis()),
            // Without it the carrier's own five seconds would count (API-FACTS 1.10).
            initial_timeout_millis: Some(self.timeout.as_millis()),
            terminating_digit: self.terminator(),
            valid_digits: Some(self.digits.valid.clone()),
            ..Keypad::default()
        };
        stage.prompt(LegAction::Gather(keypad), self.tag(progress));
    }

    pub(super) fn with_words(&self, payload: String, stage: &Stage<'_>) -> LegAction {
        let voice = stage.voice(self.voice.as_ref(), self.language.as_ref());
        LegAction::GatherUsingSpeak(GatherUsingSpeak {
            payload,
            voice: voice.voice,
            language: Some(voice.language),
            minimum_digits: Some(self.digits.min),
            maximum_digits: Some(self.digits.most()),
            // Tries are counted here, so that each has its own words and its own record.
            maximum_tries: Some(1),
            timeout_millis: Some(self.timeout.as_millis()),
            inter_digit_timeout_millis: Some(self.between.as_millis()),
            terminating_digit: self.terminator(),
            valid_digits: Some(self.digits.valid.clone()),
            ..GatherUsingSpeak::default()
        })
    }

    pub(super) fn with_audio(&self, url: String) -> LegAction {
        LegAction::GatherUsingAudio(GatherUsingAudio {
            audio_url: Some(url),
            minimum_digits: Some(self.digits.min),
            maximum_digits: Some(self.digits.most()),
            maximum_tries: Some(1),
            timeout_millis: Some(self.timeout.as_millis()),
            inter_digit_timeout_millis: Some(self.between.as_millis()),
            terminating_digit: self.terminator(),
            valid_digits: Some(self.digits.valid.clone()),
            ..GatherUsingAudio::default()
        })
    }

    pub(super) fn terminator(&self) -> Option<String> {
        Some(self.digits.terminator.clone()).filter(|key| !key.is_empty())
    }
}
