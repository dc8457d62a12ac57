//! Asks the journal, every so often, to forget what is kept no longer.
//!
//! Started by the wiring; ends with the doors. What goes and what stays is the journal's business.

use std::sync::Arc;
use std::time::Duration;

use cordboard_actors::House;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Sweeps at every interval until the program closes.
pub(super) async fn run(house: Arc<House>, every: Duration, closing: CancellationToken) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match house.journal.sweep(house.clock.now()).await {
            Ok(0) => {}
            Ok(records) => tracing::debug!(records, "the journal forgot what was kept long enough"),
            Err(error) => tracing::warn!(%error, "the journal could not be swept"),
        }
    }
}
