//! `queue`: callers wait for an agent; an agent has one line and hangs up after a while.

use std::time::Duration;

use super::Cast;
use crate::callers::contract::{QUEUE, QUEUE_AGENTS};
use crate::callers::script::{CallerScript, Want};

#[derive(Clone, Copy)]
enum Kind {
    Waits,
    Leaves,
}

/// Who waits in a queue brings time.
const LONGER: Duration = Duration::from_secs(180);

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[(90, Kind::Waits), (10, Kind::Leaves)]);
    let plain = cast.ringing(&QUEUE);
    match kind {
        Kind::Waits => CallerScript {
            goal: vec![Want::Bridged(format!("{QUEUE_AGENTS}*")), Want::Dismissed],
            patience: plain.patience + LONGER,
            ..plain
        },
        Kind::Leaves => cast.leaves(plain, 200, 4_000),
    }
}
