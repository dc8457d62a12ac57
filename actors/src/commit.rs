//! What happens when a record is durable: index, deadline and effects, then the receipt is answered, spans last.
//!
//! Runs in the journal's writer, in commit order, and must not block. The one place where anything of an entity
//! becomes visible outside its actor. A panic here costs its entity a reload, never the writer its life.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cordboard_core::{Address, Handle, Timestamp};

use crate::cut::{self, Cut};
use crate::delivery::{PendingReceipt, Receipt};
use crate::house::House;
use crate::journal::{AppendError, Done, Record};
use crate::telemetry::Phases;

/// Everything that waits for one record.
pub(crate) struct Commit {
    pub(crate) house: Arc<House>,
    pub(crate) address: Address,
    pub(crate) life: u64,
    pub(crate) receipt: PendingReceipt,
    pub(crate) seen: Option<Box<dyn Committing>>,
    pub(crate) gained: Vec<Handle>,
    pub(crate) lost: Vec<Handle>,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) phases: Phases,
    /// When the input entered this process.
    pub(crate) received: Instant,
    /// When its turn came.
    pub(crate) started: Instant,
}

/// Whoever shares a record's fate.
pub(crate) trait Committing: Send {
    fn recorded(&self, answer: &Bytes);
    fn failed(&self, reason: &'static str);
}

impl Commit {
    pub(crate) fn into_done(self) -> Done {
        let (house, address, life) = (Arc::clone(&self.house), self.address.clone(), self.life);
        Box::new(move |result| {
            let told = AssertUnwindSafe(|| match result {
                Ok(record) => self.committed(record),
                Err(error) => self.failed(record_failure(error), error),
            });
            // Unwinding drops the receipt if it was not answered: its source offers the input again.
            if catch_unwind(told).is_err() {
                tracing::error!(address = %address.shown(), "telling of a record panicked; its entity is reloaded");
                house.registry.discard(&address, life);
            }
        })
    }

    fn committed(self, record: &Record) {
        let house = &self.house;
        let journalled = self.started.elapsed();
        house.metrics.journal.append_duration.observe(journalled);
        let answer = record.receipt.clone().unwrap_or_default();
        house.registry.index(&record.address, &self.gained, &self.lost);
        house.deadlines.set(&record.address, self.deadline);
        house.outbox.submit(house, record, self.received);
        cut::at(Cut::Released);
        // Only here: whoever hears of the record finds its index entries, its deadline and its effects in place.
        self.receipt.answer(Receipt::Committed(answer.clone()));
        if let Some(seen) = &self.seen {
            seen.recorded(&answer);
        }
        house.watchers.told(&record.address, record.seq);
        house.telemetry.transition(record, &self.phases, journalled);
    }

    fn failed(self, reason: &'static str, error: &AppendError) {
        self.house.metrics.journal.append_failures.inc();
        tracing::warn!(%error, "a record was not taken; its entity is reloaded");
        // Before anybody hears of it: who offers again must find the next life, not the one that is ahead of the disk.
        self.house.registry.discard(&self.address, self.life);
        if let Some(seen) = &self.seen {
            seen.failed(reason);
        }
        self.receipt.answer(Receipt::Failed(reason));
    }
}

fn record_failure(error: &AppendError) -> &'static str {
    match error {
        AppendError::Conflict { .. } => "conflict",
        AppendError::Unavailable(_) => "journal",
    }
}
