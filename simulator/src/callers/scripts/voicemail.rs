//! `voicemail`: nobody answers, the caller speaks after the beep, and the owner gets one text about it.

use std::time::Duration;

use super::Cast;
use crate::callers::contract::{OWNER, VOICEMAIL};
use crate::callers::script::{CallerScript, Message, TextWatch, Want};

#[derive(Clone, Copy)]
enum Kind {
    SpeaksAndHangsUp,
    SpeaksAndWaits,
    Leaves,
}

/// The owner's phone rings first, and a message that nobody ends by hand ends by silence.
const LONGER: Duration = Duration::from_secs(90);

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[
        (70, Kind::SpeaksAndHangsUp),
        (22, Kind::SpeaksAndWaits),
        (8, Kind::Leaves),
    ]);
    let plain = cast.ringing(&VOICEMAIL);
    let mut goal = vec![Want::Recorded, Want::Texted];
    let hangs_up = match kind {
        Kind::SpeaksAndHangsUp => true,
        Kind::SpeaksAndWaits => {
            goal.push(Want::Dismissed);
            false
        }
        Kind::Leaves => return cast.leaves(plain, 50, 1_000),
    };
    CallerScript {
        goal,
        message: Some(Message {
            lasts: cast.moment(1_000, 3_000),
            hangs_up,
        }),
        texts: Some(TextWatch {
            number: OWNER.to_owned(),
            digits: Some(cast.national()),
            least: 1,
            most: 1,
        }),
        patience: plain.patience + LONGER,
        ..plain
    }
}
