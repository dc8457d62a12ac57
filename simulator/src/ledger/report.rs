//! What the ledger says at the end: the JSON that load runs print, and the cheap snapshot for a progress line.

use std::collections::BTreeMap;

use serde::Serialize;

use super::latency::Percentiles;
use super::{Ledger, Phase, Verdict};

/// Calls that are named in a report.
const NAMED_FAILURES: usize = 20;

/// Callers by what they came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Rang.
    pub started: u64,
    /// Reached their goal.
    pub completed: u64,
    /// Did not, with an explanation.
    pub failed: u64,
    /// Did not, without one; whoever still waits is counted here.
    pub lost: u64,
}

/// Conferences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Conferences {
    /// Created.
    pub created: u64,
    /// Ended.
    pub ended: u64,
    /// Second rooms for callers who wanted one.
    pub duplicates: u64,
}

/// Commands of the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Commands {
    /// Received.
    pub sent: u64,
    /// Effects that happened twice.
    pub duplicate_effects: u64,
    /// Refused, failed or never answered.
    pub failed: u64,
}

/// Deliveries to the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Webhooks {
    /// Deliveries begun; a duplicate is a delivery of its own.
    pub sent: u64,
    /// Deliveries answered 2xx.
    pub acked: u64,
    /// Attempts after the first.
    pub retried: u64,
    /// Deliveries given up.
    pub rejected: u64,
}

/// Messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Messages {
    /// Accepted.
    pub sent: u64,
    /// Delivered.
    pub delivered: u64,
    /// In doubt; a carrier has no doubts, so always 0 here.
    pub unknown: u64,
    /// Sent again with the same sender, receiver and text.
    pub duplicates: u64,
}

/// Both latencies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct LatencyMs {
    /// First byte of a webhook to its 2xx.
    pub ack: Percentiles,
    /// Event to the first command that follows on the leg.
    pub webhook_to_command: Percentiles,
}

/// What is still there. `None` is what a carrier cannot know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Processes of the program.
    pub actors: Option<u64>,
    /// Timers of the program.
    pub timers: Option<u64>,
    /// Legs that have not ended.
    pub legs: Option<u64>,
    /// Conferences that have not ended.
    pub conferences: Option<u64>,
    /// Index entries of the program.
    pub index_entries: Option<u64>,
}

/// One call that did not reach its goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its call_control_id.
    pub call: String,
    /// `failed` or `lost`.
    pub verdict: &'static str,
    /// What happened.
    pub reason: &'static str,
    /// Faults that touched it.
    pub faults: BTreeMap<String, u64>,
}

/// The whole report.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Callers.
    pub calls: Calls,
    /// Conferences.
    pub conferences: Conferences,
    /// Commands.
    pub commands: Commands,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Messages.
    pub messages: Messages,
    /// Latencies in milliseconds.
    pub latency_ms: LatencyMs,
    /// What is still there.
    pub left_behind: LeftBehind,
    /// Injected faults by kind.
    pub faults: BTreeMap<String, u64>,
    /// Calls that did not reach their goal, lost ones first; at most 20.
    pub failures: Vec<Failure>,
    /// Seed of the run.
    pub seed: u64,
}

/// Figures for a progress line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Callers not answered yet.
    pub ringing: u64,
    /// Callers answered, not at their goal yet.
    pub waiting: u64,
    /// Callers at their goal.
    pub talking: u64,
    /// Callers done well.
    pub completed: u64,
    /// Callers failed with an explanation.
    pub failed: u64,
    /// Callers lost.
    pub lost: u64,
    /// Legs that have not ended.
    pub legs_live: u64,
    /// Conferences that have not ended.
    pub conferences_live: u64,
    /// Conferences created.
    pub conferences_created: u64,
    /// Conferences ended.
    pub conferences_ended: u64,
    /// Deliveries begun.
    pub webhooks_sent: u64,
    /// Deliveries answered 2xx.
    pub webhooks_acked: u64,
    /// Commands received.
    pub commands: u64,
    /// Effects that happened twice.
    pub duplicate_effects: u64,
    /// Faults injected.
    pub faults: u64,
}

impl Ledger {
    /// The report as of now.
    pub(crate) fn report(&self, live_legs: usize, live_conferences: usize, seed: u64) -> Report {
        let c = &self.counters;
        let waiting = self.calls.iter().filter(|call| call.phase != Phase::Done).count() as u64;
        Report {
            calls: Calls {
                started: self.calls.len() as u64,
                completed: c.completed,
                failed: c.failed,
                lost: c.lost + waiting,
            },
            conferences: Conferences {
                created: c.conferences_created,
                ended: c.conferences_ended,
                duplicates: c.conferences_duplicate,
            },
            commands: Commands {
                sent: c.commands,
                duplicate_effects: self.effects.duplicates(),
                failed: c.commands_failed,
            },
            webhooks: Webhooks {
                sent: c.webhooks_sent,
                acked: c.webhooks_acked,
                retried: c.webhooks_retried,
                rejected: c.webhooks_rejected,
            },
            messages: Messages {
                sent: c.messages_sent,
                delivered: c.messages_delivered,
                unknown: 0,
                duplicates: c.messages_duplicate,
            },
            latency_ms: LatencyMs {
                ack: self.latencies.ack(),
                webhook_to_command: self.latencies.to_command(),
            },
            left_behind: LeftBehind {
                legs: Some(live_legs as u64),
                conferences: Some(live_conferences as u64),
                ..LeftBehind::default()
            },
            faults: Self::fault_names(&self.faults),
            failures: self.failures(),
            seed,
        }
    }

    fn failures(&self) -> Vec<Failure> {
        let named = self.calls.iter().filter_map(|call| {
            let (verdict, reason) = match call.verdict {
                Some(Verdict::Lost(reason)) => ("lost", reason),
                Some(Verdict::Failed(reason)) => ("failed", reason),
                None => ("lost", "still waiting"),
                Some(Verdict::Completed) => return None,
            };
            Some((call, verdict, reason))
        });
        let mut named: Vec<_> = named.collect();
        named.sort_by_key(|(_, verdict, _)| *verdict != "lost");
        named.truncate(NAMED_FAILURES);
        let failure = |(call, verdict, reason): (&super::Call, &'static str, &'static str)| Failure {
            call: call.control_id.clone(),
            verdict,
            reason,
            faults: self.touching(call),
        };
        named.into_iter().map(failure).collect()
    }

    fn touching(&self, call: &super::Call) -> BTreeMap<String, u64> {
        let mut faults = Self::fault_names(&call.faults);
        for (fault, count) in self
            .rooms
            .get(&call.room)
            .map(|room| &room.faults)
            .into_iter()
            .flatten()
        {
            faults.insert(format!("conference_{}", fault.name()), *count);
        }
        faults
    }

    /// Figures for a progress line; costs nothing that grows with the run.
    pub(crate) fn snapshot(&self, live_legs: usize, live_conferences: usize) -> Snapshot {
        let c = &self.counters;
        Snapshot {
            ringing: c.ringing,
            waiting: c.waiting,
            talking: c.talking,
            completed: c.completed,
            failed: c.failed,
            lost: c.lost,
            legs_live: live_legs as u64,
            conferences_live: live_conferences as u64,
            conferences_created: c.conferences_created,
            conferences_ended: c.conferences_ended,
            webhooks_sent: c.webhooks_sent,
            webhooks_acked: c.webhooks_acked,
            commands: c.commands,
            duplicate_effects: self.effects.duplicates(),
            faults: self.fault_total(),
        }
    }
}
