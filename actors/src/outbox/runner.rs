//! Works one lane off, one entry after the other: its attempts, then its outcome offered until a record has it.
//!
//! A panic on the way costs the entry its certainty, never the lane: the outcome becomes unknown, a message is
//! offered again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Address, Input, Issued, Lane, Outcome};
use dashmap::mapref::entry::Entry as LaneEntry;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::asking;
use super::attempts::{PANIC, unharmed, until_settled};
use super::lane::{Cargo, Current, Entry};
use crate::delivery::{Delivery, Receipt};
use crate::house::House;

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
        let left = loop {
            let work = AssertUnwindSafe(work(&house, &mut entry, &tokens));
            match work.catch_unwind().await {
                Ok(left) => break left,
                Err(_) => {
                    tracing::error!(address = %entry.key.address.shown(), "an effect on its way panicked");
                    entry.fate = Some(Outcome::Unknown { why: PANIC.into() });
                    // Not at once: what panics may do so again.
                    tokio::time::sleep(OFFER_AGAIN_MAX).await;
                }
            }
        };
        if left == Left::Unsettled {
            return;
        }
        house.outbox.settled(&house, &entry, left == Left::Proven);
    }
    house.metrics.commands.outbox_lanes.dec();
}

async fn work(house: &Arc<House>, entry: &mut Entry, tokens: &Tokens) -> Left {
    match &entry.cargo {
        Cargo::Command(issued) => {
            let issued = issued.clone();
            command(house, &issued, entry, tokens).await
        }
        Cargo::Http(request) => {
            let Some(outcome) = asking::until_answered(house, request, entry).await else {
                return Left::Unsettled;
            };
            entry.logbook.ended(house.clock.now());
            let request = request.id.clone();
            let input = Input::HttpOutcome { request, outcome };
            offer(house, &entry.key.address, input, entry).await
        }
        Cargo::Message { to, body } => {
            let input = Input::Message {
                from: entry.key.address.clone(),
                seq: entry.key.seq,
                index: entry.key.index,
                body: body.as_ref().clone(),
            };
            offer(house, to, input, entry).await
        }
    }
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
    entry.logbook.began(house.clock.now(), entry.resumed);
    let outcome = match entry.fate.take() {
        Some(fate) => Some(fate),
        None => tokio::select! {
            biased;
            () = tokens.proven.cancelled() => None,
            // Whether it took effect no longer matters: the leg is being hung up.
            () = tokens.overtaken.cancelled() => Some(Outcome::Cancelled),
            outcome = until_settled(house, issued, entry) => match outcome {
                Some(outcome) => Some(outcome),
                None => return Left::Unsettled,
            },
        },
    };
    entry.logbook.ended(house.clock.now());
    unharmed(|| house.telemetry.settled(issued, outcome.as_ref()));
    match outcome {
        None => Left::Proven,
        Some(outcome) => {
            let input = Input::Outcome {
                command: issued.id.clone(),
                outcome,
            };
            offer(house, &entry.key.address, input, entry).await
        }
    }
}

/// Offers an input to an entity until a record contains it.
async fn offer(house: &Arc<House>, to: &Address, input: Input, entry: &Entry) -> Left {
    let mut pause = OFFER_AGAIN;
    loop {
        let (delivery, receipt) = Delivery::new(input.clone());
        let delivery = delivery.settling(entry.key.clone()).after(entry.logbook.read());
        house.registry.deliver(house, to, delivery);
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
