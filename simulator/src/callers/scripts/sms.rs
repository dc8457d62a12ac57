//! `sms`: people text the number and get one reply each; who says STOP gets none.

use std::time::Duration;

use super::Cast;
use crate::callers::contract::{KEYWORD, SMS};
use crate::callers::script::{CallerScript, Opening, TextWatch, Want};

#[derive(Clone, Copy)]
enum Kind {
    Keyword,
    AnyWords,
    Help,
    Stop,
}

/// From STOP to the next text of the same phone.
const CHANGES_MIND: Duration = Duration::from_millis(1_500);
/// How long a phone that must get nothing is watched.
const WATCHED: Duration = Duration::from_secs(4);

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[
        (55, Kind::Keyword),
        (25, Kind::AnyWords),
        (10, Kind::Help),
        (10, Kind::Stop),
    ]);
    let plain = cast.ringing(&SMS);
    let at_once = |words: &str| (Duration::ZERO, words.to_owned());
    let (texts, count) = match kind {
        Kind::Keyword => (vec![at_once(KEYWORD)], 1),
        Kind::AnyWords => (vec![at_once("Is anybody there?")], 1),
        Kind::Help => (vec![at_once("HELP")], 1),
        Kind::Stop => (vec![at_once("STOP"), (CHANGES_MIND, KEYWORD.to_owned())], 0),
    };
    CallerScript {
        goal: if count > 0 { vec![Want::Texted] } else { Vec::new() },
        texts: Some(TextWatch {
            number: plain.from.clone(),
            digits: None,
            least: count,
            most: count,
        }),
        opening: Opening::Text(texts),
        talk: if count > 0 { Duration::ZERO } else { WATCHED },
        ..plain
    }
}
