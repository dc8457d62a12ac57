//! Keeps note of how far the collector has the spans of our records, and tells the rest again after a start.
//!
//! Started by the wiring where traces go somewhere and there is a place for the note; runs beside the calls. The note is
//! a time in a small file: losing it costs a few spans, never a call.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cordboard_actors::House;
use cordboard_actors::telemetry::Retelling;
use cordboard_core::Timestamp;
use cordboard_observability::traces::{Drained, Tracer};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often the note is brought up to date. A crash costs the collector so many seconds of spans twice.
const EVERY: Duration = Duration::from_secs(5);

/// Records of so long before a note are told again as well: one is told a moment after its time.
const MARGIN: Duration = Duration::from_secs(2);

/// A start goes no further back. A collector that was away for longer has missed the rest.
const REACH: Duration = Duration::from_secs(10 * 60);

/// Tells what was before `started`, then keeps the note until the program closes.
pub(super) async fn run(house: Arc<House>, note: PathBuf, started: Timestamp, closing: CancellationToken) {
    let tracer = house.telemetry.tracer().clone();
    if !tracer.enabled() {
        return;
    }
    tokio::select! {
        () = closing.cancelled() => return,
        () = tell_again(&house, &note, started) => {}
    }
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = house.clock.now();
        if is_empty(&tracer).await
            && let Err(error) = write(&note, back(now, MARGIN)).await
        {
            tracing::warn!(%error, "how far traces have got is not noted; a restart tells more of them again");
        }
    }
}

/// Whether the collector has everything that was handed over before this call.
async fn is_empty(tracer: &Tracer) -> bool {
    let dropped = tracer.dropped();
    tracer.flush(EVERY).await == Drained::Completely && tracer.dropped() == dropped
}

async fn tell_again(house: &Arc<House>, note: &Path, started: Timestamp) {
    // Without a note nothing was exported before; one is there from now on.
    let Some(noted) = read(note).await else {
        return;
    };
    let from = noted.max(back(started, REACH));
    let retelling = Retelling::new(house.telemetry.clone(), Arc::clone(&house.journal));
    match retelling.tell(from, started).await {
        Ok(told) => tracing::info!(
            records = told.records,
            spans = told.spans,
            "told the collector again what it may not have got before the start"
        ),
        Err(error) => {
            tracing::warn!(%error, "the spans of the last moments before the start are not told again");
        }
    }
}

fn back(time: Timestamp, span: Duration) -> Timestamp {
    let span = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(time.as_micros().saturating_sub(span))
}

async fn read(note: &Path) -> Option<Timestamp> {
    let text = tokio::fs::read_to_string(note).await.ok()?;
    text.trim().parse().ok().map(Timestamp::from_micros)
}

/// Whole or not at all: half a number would be another time.
async fn write(note: &Path, time: Timestamp) -> io::Result<()> {
    let new = note.with_extension("new");
    tokio::fs::write(&new, time.as_micros().to_string()).await?;
    tokio::fs::rename(&new, note).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_note_reads_back_and_a_broken_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("traces");
        assert_eq!(read(&note).await, None);
        write(&note, Timestamp::from_millis(77)).await.unwrap();
        assert_eq!(read(&note).await, Some(Timestamp::from_millis(77)));
        std::fs::write(&note, "soon").unwrap();
        assert_eq!(read(&note).await, None);
    }
}
