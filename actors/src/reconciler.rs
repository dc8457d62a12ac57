//! Compares our books with the carrier's, both ways: at once after a start, then every interval.
//!
//! The machines probe their own silence; this is the net for what no machine can notice: legs and conferences of ours
//! that the carrier no longer has, and live ones at the carrier that nobody here owns. Findings go through mailboxes
//! as inputs, a piece at a time. Age alone is never a finding, one sighting is none either, and a carrier that does
//! not answer is no evidence.

mod asking;
mod conferences;
mod legs;
mod sightings;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Address, CallControlId, ConferenceId, ConnectionId, Finding, Input};
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delivery::Delivery;
use crate::house::House;
use crate::ports::Intake;
use sightings::{APART, Sightings};

/// So many findings are under way at one time; the next piece waits for the records of this one.
const PIECE: usize = 64;
/// A piece that no record takes is left to the next comparison after this.
const PIECE_PATIENCE: Duration = Duration::from_secs(10);
/// While so many commands are on their way, further findings wait: each may make its owner ask the carrier.
const BUSY: usize = 512;
/// Looks of [`BUSY`] before the next piece goes all the same, and the pause between them.
const LOOKS: u32 = 40;
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Entries that are compared before other tasks get their turn.
const STEP: usize = 1_024;

/// Differences of one kind of thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Ours, and not live at the carrier; told to their owners from the second sighting on.
    pub missing: usize,
    /// Live at the carrier, and nobody's here.
    pub unknown: usize,
}

/// What one comparison found; `None` where the carrier did not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Comparison {
    /// Legs.
    pub legs: Option<Difference>,
    /// Conferences.
    pub conferences: Option<Difference>,
}

/// The comparing process.
pub struct Reconciler {
    house: Arc<House>,
    connections: Vec<ConnectionId>,
    /// No other program uses these connections.
    alone: bool,
    intake: Option<Arc<dyn Intake>>,
    gone_legs: Sightings<CallControlId>,
    stray_legs: Sightings<CallControlId>,
    gone_conferences: Sightings<ConferenceId>,
    stray_conferences: Sightings<ConferenceId>,
}

impl Reconciler {
    /// For the legs of these carrier applications; with none, conferences alone are compared.
    pub fn new(house: Arc<House>, connections: Vec<ConnectionId>) -> Self {
        Self {
            house,
            connections,
            alone: false,
            intake: None,
            gone_legs: Sightings::default(),
            stray_legs: Sightings::default(),
            gone_conferences: Sightings::default(),
            stray_conferences: Sightings::default(),
        }
    }

    /// The same; callers who are found ringing are handed in here.
    #[must_use]
    pub fn taking_in(mut self, intake: Arc<dyn Intake>) -> Self {
        self.intake = Some(intake);
        self
    }

    /// The same; when `alone`, no other program uses the connections, so what nobody here owns is ended.
    #[must_use]
    pub fn alone(mut self, alone: bool) -> Self {
        self.alone = alone;
        self
    }

    /// Compares now and every `interval` until stopped. What waits for its second sighting does not wait so long.
    pub async fn run(mut self, interval: Duration, stop: CancellationToken) {
        loop {
            let compared = AssertUnwindSafe(self.compare()).catch_unwind();
            let compared = tokio::select! {
                () = stop.cancelled() => return,
                compared = compared => compared,
            };
            if compared.is_err() {
                tracing::error!(
                    "comparing our calls with the carrier's panicked; it goes on at the next interval"
                );
            }
            let pause = if self.waits() {
                interval.min(APART)
            } else {
                interval
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Compares once.
    pub async fn compare(&mut self) -> Comparison {
        let comparison = Comparison {
            legs: self.compare_legs().await,
            conferences: self.compare_conferences().await,
        };
        let (legs, conferences) = (
            comparison.legs.unwrap_or_default(),
            comparison.conferences.unwrap_or_default(),
        );
        if comparison.legs.is_some() || comparison.conferences.is_some() {
            self.house.metrics.reconciler.runs.inc();
        }
        if legs.missing + conferences.missing > 0 {
            tracing::info!(
                legs_missing = legs.missing,
                legs_unknown = legs.unknown,
                conferences_missing = conferences.missing,
                conferences_unknown = conferences.unknown,
                "our books and the carrier's differ"
            );
        }
        comparison
    }

    fn waits(&self) -> bool {
        let now = Instant::now();
        self.gone_legs.waits(now)
            || self.stray_legs.waits(now)
            || self.gone_conferences.waits(now)
            || self.stray_conferences.waits(now)
    }

    /// Tells owners, a piece at a time. What no record takes is found again at the next comparison.
    async fn report(&self, kind: &'static str, findings: Vec<(Address, Finding)>) {
        for piece in findings.chunks(PIECE) {
            let receipts = piece.iter().map(|(owner, finding)| {
                self.house.metrics.reconciler.findings.inc([kind]);
                let (delivery, receipt) = Delivery::new(Input::Finding(finding.clone()));
                self.house.registry.deliver(&self.house, owner, delivery);
                receipt
            });
            let _ = tokio::time::timeout(PIECE_PATIENCE, join_all(receipts)).await;
            for _ in 0..LOOKS {
                if self.house.outbox.unsettled() < BUSY {
                    break;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}
