//! The books of the carrier: what every caller came to, what was sent twice, how fast the program was.
//!
//! The judge of the program under test; it believes nothing the program says about itself. Fed by `world`
//! under its lock; pure except that it is handed instants.

mod effects;
pub(crate) mod latency;
pub(crate) mod report;
mod verdict;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::carrier::emitted::{CallerNo, Effect, LegNo};
use crate::profile::Fault;
use effects::Effects;
use latency::Latencies;
pub(crate) use verdict::{Ending, Evidence, Verdict};

/// Faults that touched one thing.
pub(crate) type Faults = BTreeMap<Fault, u64>;

/// What a caller is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Ringing,
    Waiting,
    Talking,
    Done,
}

#[derive(Debug)]
struct Call {
    control_id: String,
    room: String,
    patience: Duration,
    phase: Phase,
    faults: Faults,
    delay: Duration,
    /// Texts that came for the caller, and how many may.
    texts: (u32, Option<u32>),
    verdict: Option<Verdict>,
}

impl Call {
    fn texts_too_many(&self) -> bool {
        let (got, most) = self.texts;
        most.is_some_and(|most| got > most)
    }
}

/// What happened to the conference of a room.
#[derive(Debug, Default)]
struct Room {
    faults: Faults,
    delay: Duration,
}

/// Who a fault or a delay touched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Touched {
    pub(crate) caller: Option<CallerNo>,
    pub(crate) rooms: Vec<String>,
}

/// Plain counters, copied into reports and snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) ringing: u64,
    pub(crate) waiting: u64,
    pub(crate) talking: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) conferences_created: u64,
    pub(crate) conferences_ended: u64,
    pub(crate) conferences_duplicate: u64,
    pub(crate) commands: u64,
    pub(crate) commands_failed: u64,
    pub(crate) webhooks_sent: u64,
    pub(crate) webhooks_acked: u64,
    pub(crate) webhooks_retried: u64,
    pub(crate) webhooks_rejected: u64,
    pub(crate) messages_sent: u64,
    pub(crate) messages_delivered: u64,
    pub(crate) messages_duplicate: u64,
}

/// The ledger of one simulator.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    calls: Vec<Call>,
    rooms: HashMap<String, Room>,
    faults: Faults,
    effects: Effects,
    acked: HashSet<Uuid>,
    pub(crate) latencies: Latencies,
    pub(crate) counters: Counters,
}

impl Ledger {
    /// A caller starts to ring. The number is the caller's for the rest of the run.
    /// `most` is the number of texts the caller may get, if that is watched.
    pub(crate) fn call_started(&mut self, room: &str, patience: Duration, most: Option<u32>) -> CallerNo {
        self.counters.ringing += 1;
        self.calls.push(Call {
            control_id: String::new(),
            room: room.to_owned(),
            patience,
            phase: Phase::Ringing,
            faults: Faults::new(),
            delay: Duration::ZERO,
            texts: (0, most),
            verdict: None,
        });
        CallerNo(self.calls.len() - 1)
    }

    pub(crate) fn call_named(&mut self, caller: CallerNo, control_id: &str) {
        control_id.clone_into(&mut self.calls[caller.0].control_id);
    }

    pub(crate) fn call_moved(&mut self, caller: CallerNo, phase: Phase) {
        let before = std::mem::replace(&mut self.calls[caller.0].phase, phase);
        for (which, sign) in [(before, -1_i64), (phase, 1)] {
            let gauge = match which {
                Phase::Ringing => &mut self.counters.ringing,
                Phase::Waiting => &mut self.counters.waiting,
                Phase::Talking => &mut self.counters.talking,
                Phase::Done => continue,
            };
            *gauge = gauge.saturating_add_signed(sign);
        }
    }

    /// A caller's script is over: the verdict.
    pub(crate) fn call_ended(&mut self, caller: CallerNo, ending: Ending) {
        let call = &self.calls[caller.0];
        if call.verdict.is_some() {
            return;
        }
        let ending = if call.texts_too_many() {
            Ending::TooManyTexts
        } else {
            ending
        };
        let verdict = verdict::judge(ending, &self.evidence(call));
        match verdict {
            Verdict::Completed => self.counters.completed += 1,
            Verdict::Failed(_) => self.counters.failed += 1,
            Verdict::Lost(_) => self.counters.lost += 1,
        }
        self.call_moved(caller, Phase::Done);
        self.calls[caller.0].verdict = Some(verdict);
    }

    /// A text came for a caller. One too many spoils the verdict even after the script is over.
    pub(crate) fn texted(&mut self, caller: CallerNo) {
        let call = &mut self.calls[caller.0];
        call.texts.0 += 1;
        if !call.texts_too_many() {
            return;
        }
        let verdict = verdict::judge(Ending::TooManyTexts, &self.evidence(&self.calls[caller.0]));
        let call = &mut self.calls[caller.0];
        match call.verdict.replace(verdict) {
            Some(Verdict::Completed) => self.counters.completed -= 1,
            Some(Verdict::Failed(_)) => self.counters.failed -= 1,
            Some(Verdict::Lost(_)) => self.counters.lost -= 1,
            None => {
                call.verdict = None;
                return;
            }
        }
        self.counters.lost += 1;
    }

    fn evidence(&self, call: &Call) -> Evidence {
        let none = Room::default();
        let room = self.rooms.get(&call.room).unwrap_or(&none);
        let blamed = call
            .faults
            .keys()
            .chain(room.faults.keys())
            .any(|fault| fault.explains_failure());
        Evidence {
            fault: blamed,
            delay: call.delay + room.delay,
            patience: call.patience,
        }
    }

    /// An injected fault and whom it touched.
    pub(crate) fn fault(&mut self, fault: Fault, touched: &Touched) {
        *self.faults.entry(fault).or_default() += 1;
        if let Some(caller) = touched.caller {
            *self.calls[caller.0].faults.entry(fault).or_default() += 1;
        }
        for room in &touched.rooms {
            *self
                .rooms
                .entry(room.clone())
                .or_default()
                .faults
                .entry(fault)
                .or_default() += 1;
        }
    }

    /// A webhook is on its way for this long. The slowest leg of a room may hold up all the others in it.
    pub(crate) fn delayed(&mut self, caller: CallerNo, delay: Duration) {
        let call = &mut self.calls[caller.0];
        call.delay += delay;
        let (room, delay) = (call.room.clone(), call.delay);
        let room = self.rooms.entry(room).or_default();
        room.delay = room.delay.max(delay);
    }

    /// A command was executed and changed something.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.record(effect);
    }

    /// Nothing can happen to this leg or conference any more.
    pub(crate) fn target_over(&mut self, target: &str) {
        self.effects.forget(target);
    }

    /// A delivery attempt starts now.
    pub(crate) fn attempt(&mut self, leg: Option<LegNo>, event: Uuid, ends_leg: bool, now: Instant) {
        if let Some(leg) = leg {
            self.latencies.attempt(leg, event, ends_leg, now);
        }
    }

    /// A delivery attempt failed.
    pub(crate) fn attempt_failed(&mut self, leg: Option<LegNo>, event: Uuid) {
        if let Some(leg) = leg {
            self.latencies.failed(leg, event);
        }
    }

    /// The program answered 2xx.
    pub(crate) fn acked(&mut self, leg: Option<LegNo>, event: Uuid, took: Duration) {
        self.counters.webhooks_acked += 1;
        self.acked.insert(event);
        self.latencies.acked(leg, event, took);
    }

    /// Ids of all events that the program acknowledged.
    pub(crate) fn acked_events(&self) -> Vec<Uuid> {
        self.acked.iter().copied().collect()
    }

    /// Number of injected faults.
    pub(crate) fn fault_total(&self) -> u64 {
        self.faults.values().sum()
    }

    /// A call's control id, for tests and logs.
    pub(crate) fn fault_names(faults: &Faults) -> BTreeMap<String, u64> {
        faults
            .iter()
            .map(|(fault, count)| (fault.name().to_owned(), *count))
            .collect()
    }
}

#[cfg(test)]
mod tests;
