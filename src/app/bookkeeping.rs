//! Starts and stops the task that keeps the books.

use std::sync::Arc;
use std::time::Duration;

use cordboard_actors::House;
use cordboard_observability::metrics::Metrics;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::records::{Books, Projector};

/// The task, and how it is told to end.
pub(super) struct Keeper {
    running: JoinHandle<()>,
    closing: CancellationToken,
}

impl Keeper {
    pub(super) fn start(
        config: &Config,
        house: &Arc<House>,
        books: Arc<dyn Books>,
        metrics: &Metrics,
    ) -> Self {
        let closing = CancellationToken::new();
        let journal = Arc::clone(&house.journal);
        let projector = Projector::new(journal, books, config.records_privacy(), metrics.clone())
            .keeping(config.records.keep());
        Self {
            running: tokio::spawn(projector.run(closing.clone())),
            closing,
        }
    }

    /// Lets it write its last rows; those that it does not manage to are written after the next start.
    pub(super) async fn stop(self, patience: Duration) {
        self.closing.cancel();
        let running = self.running.abort_handle();
        if tokio::time::timeout(patience, self.running).await.is_err() {
            running.abort();
        }
    }
}
