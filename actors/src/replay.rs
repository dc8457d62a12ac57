//! Runs the causes of recorded transitions through today's machine and compares what it does with what was recorded.
//!
//! Ids of commands and statements for the books are no decisions: a build that states one fact more gives later commands
//! other ids. They are matched, not compared. Pure: records in, verdict out. `cordboard replay` shows it, tests hold every simulated call against it. A flow that
//! is pinned by its hash comes in beside the salt, in [`Surroundings`].

mod change;
mod names;

use std::sync::Arc;

use cordboard_core::{
    Address, CallMachine, ConferenceMachine, Context, Effect, Effects, Flow, FlowHash, Machine, QueueMachine,
    SmsMachine,
};
use serde_json::Value;

pub use change::Change;

use crate::journal::Record;
use crate::portrait::{Unreadable, open};
use change::changes;
use names::Names;

/// What a machine is given besides inputs and time.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The journal's salt: part of every command id.
    pub salt: u64,
    /// The flow that the entity pinned, by [`flow_of`]; `None` when it pinned none, or nobody has it any more.
    pub flow: Option<Arc<Flow>>,
}

/// The flow that the entity of these records pinned.
pub fn flow_of(records: &[Record]) -> Option<FlowHash> {
    let last = records.last()?;
    let machine = match last.address {
        Address::Call(_) => open::<CallMachine>(last).ok()?.machine,
        Address::Conference(_) | Address::Sms(_) | Address::Queue(_) => return None,
    };
    machine.flow().cloned()
}

/// What became of a replay.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The record whose state was believed because older ones are gone; 0 when everything was run from birth.
    pub from: u64,
    /// One per record that was run, up to the first difference.
    pub steps: Vec<Step>,
    /// The first difference; `None` when today's machine does the same.
    pub difference: Option<Difference>,
    /// Commands that are the same under another id.
    pub renamed: usize,
}

/// One transition as today's machine makes it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The record.
    pub seq: u64,
    /// Phase before and after.
    pub phases: (&'static str, &'static str),
    /// What changed in the state, masked.
    pub changes: Vec<Change>,
    /// What it asks for.
    pub effects: Vec<Effect>,
}

/// Where today's machine does something else.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The record.
    pub seq: u64,
    /// What.
    pub what: What,
}

/// What is different.
#[derive(Clone, Debug)]
pub enum What {
    /// Another command, message or ending; `None` where there is none.
    Effect {
        /// Its place in the record.
        index: usize,
        /// What was done then.
        recorded: Option<Box<Effect>>,
        /// What would be done today.
        today: Option<Box<Effect>>,
        /// Where the two differ, masked, when both are commands of one name.
        changes: Vec<Change>,
    },
    /// The same effects from another state: what was recorded, and what it would be today.
    State(Vec<Change>),
    /// A record is missing, so that nothing after it can be run.
    Gap {
        /// The record that was to come.
        expected: u64,
    },
    /// Today's machine panicked.
    Panic,
}

/// Runs one entity's records, oldest first.
///
/// # Errors
/// When this build has no such machine, or does not understand a state.
pub fn replay(records: &[Record], around: &Surroundings) -> Result<Replay, Unreadable> {
    match records.first().map(|record| &record.address) {
        None => Ok(Replay {
            from: 0,
            steps: Vec::new(),
            difference: None,
            renamed: 0,
        }),
        Some(Address::Call(_)) => Player::<CallMachine>::begin(records)?.play(records, around),
        Some(Address::Conference(_)) => Player::<ConferenceMachine>::begin(records)?.play(records, around),
        Some(Address::Queue(_)) => Player::<QueueMachine>::begin(records)?.play(records, around),
        Some(Address::Sms(_)) => Player::<SmsMachine>::begin(records)?.play(records, around),
    }
}

struct Player<M> {
    machine: M,
    state: Value,
    seq: u64,
    names: Names,
}

impl<M: Machine> Player<M> {
    /// At birth, or with the state of the oldest record when what was before it is forgotten.
    fn begin(records: &[Record]) -> Result<Self, Unreadable> {
        let (machine, seq) = match records.first() {
            Some(oldest) if oldest.seq > 1 => (open::<M>(oldest)?.machine, oldest.seq),
            _ => (M::default(), 0),
        };
        let state = value(&machine, seq)?;
        Ok(Self {
            machine,
            state,
            seq,
            names: Names::default(),
        })
    }

    fn play(mut self, records: &[Record], around: &Surroundings) -> Result<Replay, Unreadable> {
        let from = self.seq;
        let mut replay = Replay {
            from,
            steps: Vec::with_capacity(records.len()),
            difference: None,
            renamed: 0,
        };
        for record in records.iter().filter(|record| record.seq > from) {
            if record.seq != self.seq + 1 {
                let expected = self.seq + 1;
                replay.difference = Some(Difference {
                    seq: record.seq,
                    what: What::Gap { expected },
                });
                break;
            }
            let (step, what) = self.turn(record, around)?;
            replay.steps.extend(step);
            if let Some(what) = what {
                let seq = record.seq;
                replay.difference = Some(Difference { seq, what });
                break;
            }
        }
        replay.renamed = self.names.count();
        Ok(replay)
    }

    fn turn(
        &mut self,
        record: &Record,
        around: &Surroundings,
    ) -> Result<(Option<Step>, Option<What>), Unreadable> {
        let context = Context {
            address: record.address.clone(),
            seq: record.seq,
            now: record.at,
            salt: around.salt,
        };
        let before = self.machine.phase();
        let cause = self.names.todays(record.cause.clone());
        let mut effects = Effects::new(context, self.machine.incarnation()).following(around.flow.clone());
        let handled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.machine.handle(cause, &mut effects);
        }));
        if handled.is_err() {
            return Ok((None, Some(What::Panic)));
        }
        self.seq = record.seq;
        let state = value(&self.machine, record.seq)?;
        let step = Step {
            seq: record.seq,
            phases: (before, self.machine.phase()),
            changes: changes(&self.state, &state),
            effects: effects.into_list(),
        };
        self.state = state;
        let what = match self.other_effect(&record.effects, &step.effects) {
            Some(what) => Some(what),
            None => self.other_state(record)?,
        };
        Ok((Some(step), what))
    }

    fn other_effect(&mut self, recorded: &[Effect], today: &[Effect]) -> Option<What> {
        let decided = |effect: &&Effect| !matches!(effect, Effect::Fact(_));
        let recorded: Vec<&Effect> = recorded.iter().filter(decided).collect();
        let today: Vec<&Effect> = today.iter().filter(decided).collect();
        let longest = recorded.len().max(today.len());
        let index = (0..longest).find(|&index| match (recorded.get(index), today.get(index)) {
            (Some(then), Some(now)) => !self.names.same(then, now),
            _ => true,
        })?;
        let (then, now) = (recorded.get(index).copied(), today.get(index).copied());
        Some(What::Effect {
            index,
            recorded: then.cloned().map(Box::new),
            today: now.cloned().map(Box::new),
            changes: parameters(then, now),
        })
    }

    /// The recorded state is read by today's machine first: a field that came later has its default in both.
    fn other_state(&self, record: &Record) -> Result<Option<What>, Unreadable> {
        let recorded = value(&open::<M>(record)?.machine, record.seq)?;
        let changes = changes(&recorded, &self.names.recorded(self.state.clone()));
        Ok((!changes.is_empty()).then_some(What::State(changes)))
    }
}

fn value<M: Machine>(machine: &M, seq: u64) -> Result<Value, Unreadable> {
    serde_json::to_value(machine).map_err(|_| Unreadable::State { seq, at: 0 })
}

/// Where two commands of one name differ.
fn parameters(then: Option<&Effect>, now: Option<&Effect>) -> Vec<Change> {
    match (then, now) {
        (Some(Effect::Command(then)), Some(Effect::Command(now)))
            if then.command.name() == now.command.name() =>
        {
            match (serde_json::to_value(then), serde_json::to_value(now)) {
                (Ok(then), Ok(now)) => changes(&then, &now),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}
