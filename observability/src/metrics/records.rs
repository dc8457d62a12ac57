//! How the books keep up with the journal.
//!
//! Counted by the task that keeps them only.

use super::{Counter, Gauge};
use prometheus_client::registry::Registry;

/// Handles for the books.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordsMetrics {
    /// `cordboard_records_changes_total`: row changes written.
    pub changes: Counter,
    /// `cordboard_records_failures_total`: attempts to read or write the books that failed.
    pub failures: Counter,
    /// `cordboard_records_lag_seconds`: age of the oldest fact that is not in the books; 0 when all are.
    pub lag_seconds: Gauge,
}

impl RecordsMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let changes = Counter::default();
        registry.register(
            "records_changes",
            "Row changes written to the books",
            changes.clone(),
        );
        let failures = Counter::default();
        registry.register(
            "records_failures",
            "Attempts to read or write the books that failed",
            failures.clone(),
        );
        let lag_seconds = Gauge::default();
        registry.register(
            "records_lag_seconds",
            "Age of the oldest fact that is not in the books",
            lag_seconds.clone(),
        );
        Self {
            changes,
            failures,
            lag_seconds,
        }
    }
}
