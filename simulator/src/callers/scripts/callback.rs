//! `callback`: callers type ten digits, hear them read out, say whether they are right, and get exactly one text.

use std::time::Duration;

use super::{Cast, national};
use crate::callers::contract::CALLBACK;
use crate::callers::script::{CallerScript, Cue, Reply, TextWatch, Want};

#[derive(Clone, Copy)]
enum Kind {
    Right,
    WrongFirst,
    TooShortFirst,
    NoSuchNumberFirst,
    Silent,
    Leaves,
}

/// Ten keys typed by a person, or several prompts with nobody answering them.
const LONGER: Duration = Duration::from_secs(90);
/// Ten digits that are no telephone number.
const NO_NUMBER: &str = "0000000000";
/// A wrong number is the right one of a caller this far away: long enough a way that nobody is confused with it.
const FAR_AWAY: usize = 500_000;

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[
        (62, Kind::Right),
        (14, Kind::WrongFirst),
        (8, Kind::TooShortFirst),
        (6, Kind::NoSuchNumberFirst),
        (5, Kind::Silent),
        (5, Kind::Leaves),
    ]);
    let (right, wrong) = (cast.national(), national(cast.index + FAR_AWAY));
    let typed = |number: &str| format!("{number}#");
    let first = match kind {
        Kind::WrongFirst => Some(typed(&wrong)),
        Kind::TooShortFirst => Some(typed(&right[..5])),
        Kind::NoSuchNumberFirst => Some(typed(NO_NUMBER)),
        Kind::Right | Kind::Silent | Kind::Leaves => None,
    };
    let texts = |count| TextWatch {
        number: format!("+1{right}"),
        digits: None,
        least: count,
        most: count,
    };
    let plain = cast.ringing(&CALLBACK);
    let patience = plain.patience + LONGER;
    match kind {
        Kind::Silent => CallerScript {
            goal: vec![Want::Dismissed],
            texts: Some(texts(0)),
            patience,
            ..plain
        },
        Kind::Leaves => {
            let texts = Some(texts(0));
            CallerScript {
                texts,
                ..cast.leaves(plain, 50, 1_500)
            }
        }
        _ => CallerScript {
            goal: vec![Want::Texted, Want::Dismissed],
            texts: Some(texts(1)),
            replies: vec![
                Reply::to(Cue::ReadsBack(right.clone()), &["1"]),
                Reply::to(Cue::ReadsBack(wrong), &["2"]),
                Reply::to(Cue::ReadsBack(NO_NUMBER.to_owned()), &["2"]),
                Reply {
                    cue: Cue::Any,
                    keys: first.into_iter().chain([typed(&right)]).collect(),
                },
            ],
            patience,
            ..plain
        },
    }
}
