//! What became of our own spans: exported, or dropped and why.
//!
//! Counted by [`crate::traces::Tracer`], which works with a default set when nobody serves metrics.

use super::{Counter, Counters};
use prometheus_client::registry::Registry;

/// Handles for spans, resolved because a busy node makes tens of thousands per second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpanCounters {
    /// The collector confirmed them.
    pub exported: Counter,
    /// The queue was full.
    pub dropped_queue_full: Counter,
    /// The collector refused them or could not be reached.
    pub dropped_export_failed: Counter,
    /// They came after the shutdown.
    pub dropped_after_shutdown: Counter,
}

impl SpanCounters {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let family = Counters::register(
            registry,
            "spans",
            "Finished spans, by what became of them",
            ["result"],
        );
        Self {
            exported: family.handle(["exported"]),
            dropped_queue_full: family.handle(["dropped_queue_full"]),
            dropped_export_failed: family.handle(["dropped_export_failed"]),
            dropped_after_shutdown: family.handle(["dropped_after_shutdown"]),
        }
    }

    /// All spans that never reached the collector.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped_queue_full.get() + self.dropped_export_failed.get() + self.dropped_after_shutdown.get()
    }
}

impl Default for SpanCounters {
    /// Counters that no registry shows.
    fn default() -> Self {
        Self::register(&mut Registry::default())
    }
}
