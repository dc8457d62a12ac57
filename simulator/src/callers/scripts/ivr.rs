//! `ivr`: a menu of three departments. Callers choose, press wrong keys, say nothing or leave.

use std::time::Duration;

use super::Cast;
use crate::callers::contract::{IVR, SALES};
use crate::callers::script::{CallerScript, Message, Reply, Want};

#[derive(Clone, Copy)]
enum Kind {
    Sales,
    Support,
    Porting,
    WrongKey,
    Silent,
    LeavesMenu,
    LeavesAtOnce,
}

/// A department that lets it ring for half a minute, or three prompts of eight seconds with nobody answering them.
const LONGER: Duration = Duration::from_secs(75);

pub(super) fn script(cast: &mut Cast) -> CallerScript {
    let kind = cast.kind(&[
        (45, Kind::Sales),
        (15, Kind::Support),
        (10, Kind::Porting),
        (10, Kind::WrongKey),
        (8, Kind::Silent),
        (8, Kind::LeavesMenu),
        (4, Kind::LeavesAtOnce),
    ]);
    let plain = cast.ringing(&IVR);
    let sales = vec![Want::Bridged(SALES.replace("departments.example", "*"))];
    // Whatever the flow offers instead of an engaged department, but not silence.
    let looked_after = vec![Want::Either(vec![
        Want::Bridged("*".to_owned()),
        Want::Recorded,
        Want::Dismissed,
    ])];
    let message = Some(Message {
        lasts: cast.moment(300, 1_200),
        hangs_up: true,
    });
    match kind {
        Kind::Sales => CallerScript {
            goal: sales,
            replies: vec![Reply::always(&["1"])],
            ..plain
        },
        Kind::WrongKey => CallerScript {
            goal: sales,
            replies: vec![Reply::always(&["9", "1"])],
            ..plain
        },
        // Back in the menu they take sales.
        Kind::Support => CallerScript {
            goal: looked_after,
            replies: vec![Reply::always(&["2", "1"])],
            message,
            ..plain
        },
        Kind::Porting => CallerScript {
            goal: looked_after,
            replies: vec![Reply::always(&["3", "1"])],
            message,
            patience: plain.patience + LONGER,
            ..plain
        },
        Kind::Silent => CallerScript {
            goal: vec![Want::Dismissed],
            patience: plain.patience + LONGER,
            ..plain
        },
        Kind::LeavesMenu => cast.leaves(plain, 50, 2_500),
        Kind::LeavesAtOnce => CallerScript {
            talk: cast.moment(0, 300),
            ..plain
        },
    }
}
