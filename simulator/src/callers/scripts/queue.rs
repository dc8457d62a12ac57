//! `queue`: callers wait for an agent; an agent has one line and hangs up after a while.

use std::time::Duration;

use super::Cast;
use crate::callers::contract::{ALL_BUSY, QUEUE, QUEUE_AGENTS};
use crate::callers::script::{CallerScript, Want};

#[derive(Clone, Copy)]
enum Kind {
    Waits,
    Leaves,
}

/// Who waits in a queue brings time.
const LONGER: Duration = Duration::from_secs(330);

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[(90, Kind::Waits), (10, Kind::Leaves)]);
    let plain = cast.ringing(&QUEUE);
    match kind {
        Kind::Waits => CallerScript {
            // A queue may also say that it is too long, as long as it says so.
            goal: vec![
                Want::Either(vec![
                    Want::Bridged(format!("{QUEUE_AGENTS}*")),
                    Want::Hears(ALL_BUSY.to_owned()),
                ]),
                Want::Dismissed,
            ],
            patience: plain.patience + LONGER,
            ..plain
        },
        Kind::Leaves => cast.leaves(plain, 200, 4_000),
    }
}
