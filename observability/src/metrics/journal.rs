//! What became durable: commits, their size and how long they take.
//!
//! Counted by the journal's writer only.

use super::{Counter, Durations, Gauge, durations};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Records in one commit: powers of two up to the largest batch a writer takes.
const BATCH: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Handles for the journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JournalMetrics {
    /// `cordboard_journal_records_total`: records committed.
    pub records: Counter,
    /// `cordboard_journal_append_failures_total`: appends that failed, each of which poisoned its entity.
    pub append_failures: Counter,
    /// `cordboard_journal_append_duration_seconds`: enqueued until durable, as the actor experiences it.
    pub append_duration: Durations,
    /// `cordboard_journal_commit_duration_seconds`: one commit, as the disk experiences it.
    pub commit_duration: Durations,
    /// `cordboard_journal_queued_records`: waiting for the writer.
    pub queued: Gauge,
    /// `cordboard_journal_disk_used_percent`: of the disk that the journal is on, as `df` shows it.
    pub disk_used_percent: Gauge,
    /// `cordboard_journal_disk_free_bytes`: what the journal may still use of it.
    pub disk_free_bytes: Gauge,
    batch: Histogram,
}

impl JournalMetrics {
    /// Counts one commit of `records` records.
    pub fn committed(&self, records: usize) {
        self.records.inc_by(records as u64);
        self.batch.observe(records as f64);
    }

    pub(super) fn register(registry: &mut Registry) -> Self {
        let records = Counter::default();
        registry.register("journal_records", "Records committed", records.clone());
        let append_failures = Counter::default();
        registry.register(
            "journal_append_failures",
            "Appends that failed",
            append_failures.clone(),
        );
        let queued = Gauge::default();
        registry.register(
            "journal_queued_records",
            "Records that wait for the writer",
            queued.clone(),
        );
        let disk_used_percent = Gauge::default();
        registry.register(
            "journal_disk_used_percent",
            "How full the journal's disk is",
            disk_used_percent.clone(),
        );
        let disk_free_bytes = Gauge::default();
        registry.register(
            "journal_disk_free_bytes",
            "What is free on the journal's disk",
            disk_free_bytes.clone(),
        );
        let batch = Histogram::new(BATCH);
        registry.register("journal_batch_records", "Records in one commit", batch.clone());
        Self {
            records,
            append_failures,
            append_duration: Durations::register(
                registry,
                "journal_append_duration",
                "From handing a record to the journal to its being durable",
                durations::INSIDE,
            ),
            commit_duration: Durations::register(
                registry,
                "journal_commit_duration",
                "One commit, the sync included",
                durations::INSIDE,
            ),
            queued,
            disk_used_percent,
            disk_free_bytes,
            batch,
        }
    }
}
