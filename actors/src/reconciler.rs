//! Compares our books with the carrier's, both ways, every interval and on request.
//!
//! The machines probe their own silence; this is the net for what no machine can notice: legs of ours that the
//! carrier no longer has, and live legs at the carrier that nobody here owns. Findings go through mailboxes as
//! inputs. Age alone is never a finding, and a carrier that does not answer is no evidence.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::command::Query;
use cordboard_core::{
    Address, Answer, Attempt, CallControlId, Command, CommandId, ConnectionId, Finding, Input, Issued,
};
use tokio_util::sync::CancellationToken;

use crate::delivery::Delivery;
use crate::house::House;

/// What one comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Comparison {
    /// Whether the carrier answered for every connection.
    pub complete: bool,
    /// Legs of ours that the carrier does not list; told to their owners at the second sighting.
    pub missing: usize,
    /// Live legs at the carrier that nobody here owns.
    pub unknown: usize,
}

/// The comparing process.
pub struct Reconciler {
    house: Arc<House>,
    connections: Vec<ConnectionId>,
    /// Legs that were missing at the last comparison: one sighting may be the carrier's own delay.
    missing_before: HashSet<CallControlId>,
    sweep: u64,
}

/// One question may be repeated for so long.
const PATIENCE: Duration = Duration::from_secs(15);
/// Attempts of one question.
const ATTEMPTS: u32 = 4;

impl Reconciler {
    /// For the legs of these carrier applications; none means that there is nothing to compare with.
    pub fn new(house: Arc<House>, connections: Vec<ConnectionId>) -> Self {
        Self {
            house,
            connections,
            missing_before: HashSet::new(),
            sweep: 0,
        }
    }

    /// Compares every `interval` until stopped.
    pub async fn run(mut self, interval: Duration, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = stop.cancelled() => return,
            }
            self.compare().await;
        }
    }

    /// Compares once.
    pub async fn compare(&mut self) -> Comparison {
        if self.connections.is_empty() {
            // Nobody was asked, so nothing is known to be missing.
            return Comparison::default();
        }
        self.sweep += 1;
        let ours = self.house.registry.legs();
        let mut theirs = HashSet::new();
        for connection in self.connections.clone() {
            match self.active_legs(connection).await {
                Some(legs) => theirs.extend(legs),
                None => return Comparison::default(),
            }
        }
        let missing: HashSet<CallControlId> = ours
            .iter()
            .map(|(leg, _)| leg)
            .filter(|leg| !theirs.contains(*leg))
            .cloned()
            .collect();
        for (leg, owner) in &ours {
            if missing.contains(leg) && self.missing_before.contains(leg) {
                self.report(owner, Finding::LegGone { leg: leg.clone() });
            }
        }
        let known: HashSet<&CallControlId> = ours.iter().map(|(leg, _)| leg).collect();
        let unknown = theirs.iter().filter(|leg| !known.contains(leg)).count();
        for _ in 0..unknown {
            self.house.metrics.reconciler.findings.inc(["unknown_leg"]);
        }
        self.house.metrics.reconciler.runs.inc();
        let comparison = Comparison {
            complete: true,
            missing: missing.len(),
            unknown,
        };
        if comparison.missing + comparison.unknown > 0 {
            tracing::info!(
                missing = comparison.missing,
                unknown,
                "our books and the carrier's differ"
            );
        }
        self.missing_before = missing;
        comparison
    }

    fn report(&self, owner: &Address, finding: Finding) {
        self.house.metrics.reconciler.findings.inc(["leg_gone"]);
        // Found again at the next comparison if no record takes it now.
        let (delivery, _) = Delivery::new(Input::Finding(finding));
        self.house.registry.deliver(&self.house, owner, delivery);
    }

    async fn active_legs(&self, connection: ConnectionId) -> Option<Vec<CallControlId>> {
        let now = self.house.clock.now();
        let question = Issued {
            id: CommandId::new(format!("reconcile-{}", self.sweep)),
            command: Command::Query(Query::ActiveCalls { connection }),
            client_state: None,
            give_up_at: now + PATIENCE,
        };
        for attempt in 1..=ATTEMPTS {
            let after = match self.house.carrier.attempt(&question).await {
                Attempt::Accepted(Answer::ActiveCalls(views)) => {
                    return Some(views.into_iter().map(|view| view.leg).collect());
                }
                Attempt::TryLater { after, .. } => after,
                Attempt::InDoubt { .. } => None,
                Attempt::Accepted(_) | Attempt::Refused(_) => return None,
            };
            let pause = self
                .house
                .settings
                .retry
                .delay(attempt, after, self.house.jitter.next());
            tokio::time::sleep(pause).await;
        }
        None
    }
}
