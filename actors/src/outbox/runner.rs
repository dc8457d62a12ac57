//! Works one lane off: attempts, pauses, outcomes, one entry after the other.

use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Address, Attempt, Input, Issued, Lane, Outcome};
use dashmap::mapref::entry::Entry as LaneEntry;
use tokio_util::sync::CancellationToken;

use super::lane::{Cargo, Current, Entry};
use crate::delivery::{Delivery, Receipt};
use crate::house::House;
use crate::journal::EffectKey;
use crate::telemetry::{AttemptSeen, CommandSeen};

/// First pause before an outcome or a message is offered again to an entity that could not record it; doubles.
const OFFER_AGAIN: Duration = Duration::from_millis(50);
const OFFER_AGAIN_MAX: Duration = Duration::from_secs(5);

/// How an entry left its lane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// A record contains its outcome or its arrival.
    Recorded,
    /// An event proved it, so no record of its own settles it.
    Proven,
    /// The house is closing; the journal still has it as unsettled.
    Unsettled,
}

pub(super) async fn run(house: Arc<House>, lane: Lane) {
    while let Some((mut entry, tokens)) = next(&house, &lane) {
        let left = match &entry.cargo {
            Cargo::Command(issued) => {
                let issued = issued.clone();
                command(&house, &issued, &mut entry, &tokens).await
            }
            Cargo::Message { to, body } => {
                let input = Input::Message {
                    from: entry.key.address.clone(),
                    seq: entry.key.seq,
                    index: entry.key.index,
                    body: body.as_ref().clone(),
                };
                offer(&house, to, input, &entry.key).await
            }
        };
        if left == Left::Unsettled {
            return;
        }
        house.outbox.settled(&house, &entry, left == Left::Proven);
    }
    house.metrics.commands.outbox_lanes.dec();
}

/// Signals for the entry under way.
struct Tokens {
    overtaken: CancellationToken,
    proven: CancellationToken,
}

/// Takes the next entry; an empty lane ceases to exist in the same breath, so that no entry can slip in unseen.
fn next(house: &House, lane: &Lane) -> Option<(Entry, Tokens)> {
    let LaneEntry::Occupied(mut slot) = house.outbox.lanes.entry(lane.clone()) else {
        return None;
    };
    let Some(entry) = slot.get_mut().queue.pop_front() else {
        slot.remove();
        return None;
    };
    let tokens = Tokens {
        overtaken: CancellationToken::new(),
        proven: CancellationToken::new(),
    };
    slot.get_mut().current = entry.command_id().map(|id| Current {
        id: id.clone(),
        owner: entry.key.address.clone(),
        overtaken: tokens.overtaken.clone(),
        proven: tokens.proven.clone(),
    });
    Some((entry, tokens))
}

async fn command(house: &Arc<House>, issued: &Issued, entry: &mut Entry, tokens: &Tokens) -> Left {
    let began = house.clock.now();
    let mut attempts = Vec::new();
    let outcome = match entry.fate.take() {
        Some(fate) => Some(fate),
        None => tokio::select! {
            biased;
            () = tokens.proven.cancelled() => None,
            // Whether it took effect no longer matters: the leg is being hung up.
            () = tokens.overtaken.cancelled() => Some(Outcome::Cancelled),
            outcome = attempt_until_settled(house, issued, entry, &mut attempts) => match outcome {
                Some(outcome) => Some(outcome),
                None => return Left::Unsettled,
            },
        },
    };
    let seen = CommandSeen {
        key: &entry.key,
        incarnation: entry.incarnation,
        issued,
        queued_at: entry.committed_at,
        began,
        ended: house.clock.now(),
        attempts: &attempts,
        outcome: outcome.as_ref(),
    };
    house.telemetry.command(&seen);
    match outcome {
        None => Left::Proven,
        Some(outcome) => {
            let input = Input::Outcome {
                command: issued.id.clone(),
                outcome,
            };
            offer(house, &entry.key.address.clone(), input, &entry.key).await
        }
    }
}

/// Repeats the command under its one id; `None` when the house closes first.
async fn attempt_until_settled(
    house: &Arc<House>,
    issued: &Issued,
    entry: &Entry,
    attempts: &mut Vec<AttemptSeen>,
) -> Option<Outcome> {
    let retry = &house.settings.retry;
    let first_at = if entry.resumed {
        entry.committed_at
    } else {
        house.clock.now()
    };
    let mut doubtful = entry.resumed;
    if entry.resumed && !retry.may_resume(&issued.command, house.clock.now().since(first_at)) {
        return Some(Outcome::Unknown {
            why: "restart".into(),
        });
    }
    loop {
        if house.outbox.stopping.is_cancelled() {
            return None;
        }
        let started = house.clock.now();
        if attempts.is_empty() {
            house.telemetry.first_attempt(issued, entry.received);
        }
        let result = house.carrier.attempt(issued).await;
        let now = house.clock.now();
        attempts.push(AttemptSeen::of(&result, started, now));
        house
            .telemetry
            .attempt(issued, attempts.len(), now.since(started));
        let (after, why) = match result {
            Attempt::Accepted(answer) => return Some(Outcome::Accepted(answer)),
            Attempt::Refused(refusal) => return Some(Outcome::Refused(refusal)),
            Attempt::TryLater { after, why } => (after, why),
            Attempt::InDoubt { why } => {
                doubtful = true;
                (None, why)
            }
        };
        let number = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let pause = retry.delay(number, after, house.jitter.next());
        let again_at = now + pause;
        let too_late = again_at >= issued.give_up_at;
        let forgotten = doubtful
            && !issued.command.is_query()
            && !issued.command.is_hangup()
            && !retry.may_resend(again_at.since(first_at));
        if too_late || forgotten {
            return Some(Outcome::Unknown { why: why.to_owned() });
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = house.outbox.stopping.cancelled() => return None,
        }
    }
}

/// Offers an input to an entity until a record contains it.
async fn offer(house: &Arc<House>, to: &Address, input: Input, key: &EffectKey) -> Left {
    let mut pause = OFFER_AGAIN;
    loop {
        let (delivery, receipt) = Delivery::new(input.clone());
        house.registry.deliver(house, to, delivery.settling(key.clone()));
        match receipt.await {
            Ok(Receipt::Committed(_)) => return Left::Recorded,
            Ok(Receipt::Duplicate(_)) => return Left::Proven,
            // Dropped: the entity panicked or was discarded with this in its mailbox.
            Ok(Receipt::Failed(_)) | Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = house.outbox.stopping.cancelled() => return Left::Unsettled,
        }
        pause = (pause * 2).min(OFFER_AGAIN_MAX);
    }
}
