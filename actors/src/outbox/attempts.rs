//! The attempts of one command: first, again, given up. What may be repeated and when is
//! [`cordboard_core::retry`]'s rule; this waits, counts and keeps to the deadline.
//!
//! Called by the runner of a lane, which drops it when an event proves the command or a hangup overtakes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::retry::is_harmless;
use cordboard_core::{Attempt, Command, Issued, Outcome};
use futures_util::FutureExt;

use super::circuit::{Change, UNAUTHORIZED};
use super::lane::Entry;
use super::permits::Permit;
use crate::cut::{self, Cut};
use crate::house::House;
use crate::witness::{Logbook, word_of};

/// Why a command that was never sent is given up, for people.
const LATE: &str = "its time was over before its first attempt";
/// Why a command is given up whose attempt panicked.
pub(super) const PANIC: &str = "panic";

/// Repeats the command under its one id; `None` when the house closes first.
pub(super) async fn until_settled(house: &Arc<House>, issued: &Issued, entry: &Entry) -> Option<Outcome> {
    let retry = &house.settings.retry;
    let mut attempts = 0_u32;
    let first_at = if entry.resumed {
        entry.committed_at
    } else {
        house.clock.now()
    };
    let mut doubtful = entry.resumed;
    let only_once = house.carrier.does_twice(issued);
    if entry.resumed && (only_once || !retry.may_resume(&issued.command, house.clock.now().since(first_at))) {
        return Some(unknown("restart"));
    }
    let mut key_refused = None;
    loop {
        let permit = match turn(house, issued).await {
            Turn::Comes(permit) => permit,
            Turn::TimeIsOver => return Some(key_refused.map_or_else(|| unknown(LATE), Outcome::Refused)),
            Turn::HouseCloses => return None,
        };
        if attempts == 0 {
            if is_late(house, issued, entry) {
                let certain = !doubtful && matches!(issued.command, Command::SendMessage(_));
                return Some(if certain {
                    Outcome::Cancelled
                } else {
                    unknown(LATE)
                });
            }
            unharmed(|| house.telemetry.first_attempt(issued, entry.received));
        }
        let (after, why) = match attempt(house, issued, &entry.logbook, &mut attempts).await {
            Attempt::Accepted(answer) => return Some(Outcome::Accepted(answer)),
            // Certainly not taken, and perhaps only until the key is exchanged.
            Attempt::Refused(refusal) if refusal.status == UNAUTHORIZED => {
                key_refused = Some(refusal).filter(|_| !doubtful);
                (None, "401")
            }
            Attempt::Refused(refusal) => return Some(Outcome::Refused(refusal)),
            Attempt::InDoubt { why } if why == PANIC => return Some(unknown(PANIC)),
            Attempt::TryLater { after, why } => (after, why),
            Attempt::InDoubt { why } => {
                doubtful = true;
                key_refused = None;
                (None, why)
            }
        };
        drop(permit);
        let pause = retry.delay(attempts, after, house.jitter.next());
        let again_at = house.clock.now() + pause;
        let too_late = again_at >= issued.give_up_at;
        let again = !only_once && retry.may_repeat(&issued.command, again_at.since(first_at));
        let once_only = doubtful && !again;
        if too_late && !doubtful && matches!(issued.command, Command::SendMessage(_)) {
            // Every attempt said that it was not taken: who may not send twice must know that it was not sent once.
            return Some(Outcome::Cancelled);
        }
        if too_late || once_only {
            return Some(key_refused.map_or_else(|| unknown(why), Outcome::Refused));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = house.outbox.stopping.cancelled() => return None,
        }
    }
}

/// How the wait for an attempt ends.
enum Turn<'a> {
    Comes(Permit<'a>),
    TimeIsOver,
    HouseCloses,
}

/// Waits for the carrier to believe our key, then for a place.
async fn turn<'a>(house: &'a House, issued: &Issued) -> Turn<'a> {
    let left = issued.give_up_at.since(house.clock.now());
    if !left.is_zero() {
        tokio::select! {
            biased;
            () = house.outbox.stopping.cancelled() => return Turn::HouseCloses,
            () = house.outbox.circuit.pass() => {}
            () = tokio::time::sleep(left) => return Turn::TimeIsOver,
        }
    }
    tokio::select! {
        biased;
        () = house.outbox.stopping.cancelled() => Turn::HouseCloses,
        permit = house.outbox.permits.acquire(&issued.command) => Turn::Comes(permit),
    }
}

/// A command that waited too long for its turn would surprise somebody. A hangup never does: it gets at least one
/// attempt, and so does what else is harmless and was found by a restart.
fn is_late(house: &House, issued: &Issued, entry: &Entry) -> bool {
    let harmless = issued.command.is_hangup() || (entry.resumed && is_harmless(&issued.command));
    !harmless && house.clock.now() >= issued.give_up_at
}

/// One attempt. A carrier's client that panics leaves its command in doubt, and the lane alive.
async fn attempt(house: &Arc<House>, issued: &Issued, logbook: &Logbook, number: &mut u32) -> Attempt {
    let started = house.clock.now();
    logbook.tries(started);
    *number = number.saturating_add(1);
    let result = AssertUnwindSafe(house.carrier.attempt(issued))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            tracing::error!(command = issued.command.name(), "an attempt panicked");
            Attempt::InDoubt { why: PANIC }
        });
    cut::at(Cut::Answered);
    alarm(house, house.outbox.circuit.saw(&result));
    let now = house.clock.now();
    logbook.tried(now, word_of(&result));
    let took: Duration = now.since(started);
    unharmed(|| house.telemetry.attempt(issued, *number, &result, took));
    result
}

/// Says once that the key is refused, and once that it is not.
fn alarm(house: &House, change: Option<Change>) {
    match change {
        Some(Change::Opened) => {
            house.metrics.commands.key_refused.set(1);
            tracing::error!(
                carrier = house.carrier.name(),
                "the carrier refuses our API key: commands wait, one tries now and then; check the key and its rights"
            );
        }
        Some(Change::Closed) => {
            house.metrics.commands.key_refused.set(0);
            tracing::info!(
                carrier = house.carrier.name(),
                "the carrier believes our API key again"
            );
        }
        None => {}
    }
}

/// Tells telemetry something; what goes wrong there must not change what becomes of a command.
pub(super) fn unharmed(tell: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(tell)).is_err() {
        tracing::error!("telling telemetry about a command panicked");
    }
}

fn unknown(why: &str) -> Outcome {
    Outcome::Unknown { why: why.to_owned() }
}
