//! Saying and playing: the commands, and how long they can take at most.

use std::time::Duration;

use super::template::Template;
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::{PlaybackStart, PlaybackStop, Speak};
use crate::command::media::Loop;
use crate::event::MediaStatus;
use crate::plan::Voice;

/// Slow speech: a character in so many milliseconds.
const SLOWEST_CHARACTER_MS: u64 = 120;
/// What the carrier may need before it begins, and its report after it ended.
const MARGIN: Duration = Duration::from_secs(15);

/// Past this the end of a speech is lost.
pub(super) fn longest(text: &str) -> Duration {
    let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    Duration::from_millis(characters.saturating_mul(SLOWEST_CHARACTER_MS)) + MARGIN
}

pub(super) fn speak(text: String, voice: Voice) -> LegAction {
    LegAction::Speak(Speak {
        payload: text,
        voice: voice.voice,
        language: Some(voice.language),
        ..Speak::default()
    })
}

/// Audio that goes on until it is stopped; nothing when there is none.
pub(super) fn music(stage: &mut Stage<'_>, url: Option<&Template>, tag: u16) {
    if let Some(url) = url.and_then(|url| stage.text(url)) {
        let music = PlaybackStart {
            audio_url: Some(url),
            r#loop: Some(Loop::Infinity),
            ..PlaybackStart::default()
        };
        stage.command(LegAction::PlaybackStart(music), tag);
    }
}

pub(super) fn stop_music(stage: &mut Stage<'_>, tag: u16) {
    stage.command(LegAction::PlaybackStop(PlaybackStop::default()), tag);
}

/// What the end of speech or audio means; `None` while the hangup that ended it is on its way.
pub(super) fn ended(status: MediaStatus) -> Option<&'static str> {
    match status {
        MediaStatus::Completed | MediaStatus::Cancelled | MediaStatus::Other => Some("done"),
        MediaStatus::Failed => Some("failed"),
        MediaStatus::CallHangup => None,
    }
}
