//! `ring-group`: several agents ring, and only the one who presses 1 may get the caller.

use std::time::Duration;

use super::Cast;
use crate::callers::contract::{AGENT_ACCEPTS, RING_GROUP};
use crate::callers::script::{CallerScript, Want};

#[derive(Clone, Copy)]
enum Kind {
    Waits,
    Leaves,
}

/// Agents who are asked in order ring one after the other.
const LONGER: Duration = Duration::from_secs(90);

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[(88, Kind::Waits), (12, Kind::Leaves)]);
    let plain = cast.ringing(&RING_GROUP);
    match kind {
        Kind::Waits => CallerScript {
            goal: vec![Want::Bridged(AGENT_ACCEPTS.to_owned())],
            patience: plain.patience + LONGER,
            ..plain
        },
        // Some of them while agents ring, some while one is asked for the key.
        Kind::Leaves => cast.leaves(plain, 50, 1_500),
    }
}
