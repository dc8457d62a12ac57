//! Commands and messages on their way out: one queue per target, in order, one in flight.
//!
//! The outbox lives outside the actors and survives their panics. It repeats a command under one id until the
//! carrier took or refused it, or its time is over, and offers the outcome to its entity until a record contains
//! it. What it may repeat and when is [`cordboard_core::retry`]'s rule.

mod asking;
mod attempts;
mod circuit;
mod lane;
mod permits;
mod runner;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cordboard_core::{Address, CallControlId, CommandId, Effect, Lane, Outcome};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as MapEntry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::house::House;
use crate::journal::{EffectKey, Owed, Record};
use crate::witness::{Errand, Logbook};
use circuit::Circuit;
use lane::{Cargo, Entry, LaneState};
use permits::Permits;

/// Every lane that has something in it.
pub struct Outbox {
    lanes: DashMap<Lane, LaneState>,
    /// Where each unsettled command is, so that an event can settle it and a second hand-in is a no-op.
    commands: DashMap<CommandId, OnItsWay>,
    unsettled: AtomicUsize,
    /// Attempts under way at the carrier.
    permits: Permits,
    /// Whether the carrier believes our key.
    circuit: Circuit,
    stopping: CancellationToken,
    runners: TaskTracker,
}

/// An unsettled command or request.
struct OnItsWay {
    lane: Lane,
    logbook: Logbook,
}

impl Outbox {
    /// An empty one with so many attempts under way at one time.
    pub(crate) fn new(max_attempts_in_flight: usize) -> Self {
        Self {
            lanes: DashMap::new(),
            commands: DashMap::new(),
            unsettled: AtomicUsize::new(0),
            permits: Permits::new(max_attempts_in_flight),
            circuit: Circuit::default(),
            stopping: CancellationToken::new(),
            runners: TaskTracker::new(),
        }
    }

    /// Takes in the effects of a committed record. Called at commit, never before.
    pub(crate) fn submit(&self, house: &Arc<House>, record: &Record, received: Instant) {
        for (index, effect) in record.effects.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let key = EffectKey {
                address: record.address.clone(),
                seq: record.seq,
                index,
            };
            let entry = |cargo| Entry::new(key, record.incarnation, cargo, received, record.at);
            match effect {
                Effect::Command(issued) => self.command(house, entry(Cargo::Command(issued.clone()))),
                Effect::Send { to, body } => {
                    self.message(
                        house,
                        entry(Cargo::Message {
                            to: to.clone(),
                            body: Box::new(body.clone()),
                        }),
                    );
                }
                Effect::Http(request) => self.request(house, entry(Cargo::Http(request.clone()))),
                Effect::Settle { command } => self.settle(house, command),
                Effect::Ended { .. } | Effect::Fact(_) => {}
            }
        }
    }

    /// Takes in an effect that a start found unsettled. Whether it may be sent again is the retry rule's word.
    pub(crate) fn resume(&self, house: &Arc<House>, owed: Owed) {
        let entry = |cargo| Entry {
            resumed: true,
            ..Entry::new(owed.key, owed.incarnation, cargo, Instant::now(), owed.since)
        };
        match owed.effect {
            Effect::Command(issued) => self.command(house, entry(Cargo::Command(issued))),
            Effect::Send { to, body } => {
                self.message(
                    house,
                    entry(Cargo::Message {
                        to,
                        body: Box::new(body),
                    }),
                );
            }
            Effect::Http(request) => self.request(house, entry(Cargo::Http(request))),
            Effect::Settle { .. } | Effect::Ended { .. } | Effect::Fact(_) => {}
        }
    }

    fn command(&self, house: &Arc<House>, mut entry: Entry) {
        let Cargo::Command(issued) = &entry.cargo else {
            return;
        };
        let (key, life) = (&entry.key, entry.incarnation);
        if house.telemetry.witnesses(&key.address, life) {
            entry.logbook = Logbook::of(Errand::of_command(issued, key, life, entry.committed_at));
        }
        let lane = Lane::of(&issued.command, &entry.key.address);
        let id = issued.id.clone();
        if !self.is_new(&id, &lane, &entry.logbook) {
            return;
        }
        if let Lane::Hangups(leg) = &lane {
            self.overtake(leg);
        }
        self.enqueue(house, lane, entry);
    }

    fn request(&self, house: &Arc<House>, mut entry: Entry) {
        let Cargo::Http(request) = &entry.cargo else {
            return;
        };
        let (key, life) = (&entry.key, entry.incarnation);
        if house.telemetry.witnesses(&key.address, life) {
            entry.logbook = Logbook::of(Errand::of_request(request, key, life, entry.committed_at));
        }
        let lane = Lane::Http(entry.key.address.clone());
        if self.is_new(&request.id, &lane, &entry.logbook) {
            self.enqueue(house, lane, entry);
        }
    }

    /// Notes where a command is; false when it is on its way already.
    fn is_new(&self, command: &CommandId, lane: &Lane, logbook: &Logbook) -> bool {
        let way = OnItsWay {
            lane: lane.clone(),
            logbook: logbook.clone(),
        };
        match self.commands.entry(command.clone()) {
            MapEntry::Occupied(_) => false,
            MapEntry::Vacant(place) => {
                place.insert(way);
                true
            }
        }
    }

    /// How a command that is on its way has gone so far; `None` for one that is not, or that nobody traces.
    pub(crate) fn errand(&self, command: &CommandId) -> Option<Errand> {
        let way = self.commands.get(command)?;
        way.logbook.read()
    }

    fn message(&self, house: &Arc<House>, entry: Entry) {
        let Cargo::Message { to, .. } = &entry.cargo else {
            return;
        };
        let lane = Lane::Messages(entry.key.address.clone(), to.clone());
        self.enqueue(house, lane, entry);
    }

    /// Commands and messages that no record settles yet.
    pub fn unsettled(&self) -> usize {
        self.unsettled.load(Ordering::Relaxed)
    }

    /// Attempts at the carrier under way.
    pub fn in_flight(&self) -> usize {
        self.permits.in_use()
    }

    /// Lanes that have something queued or in flight.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Starts no further attempt; gives those under way `patience` to come back.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.stopping.cancel();
        self.runners.close();
        if tokio::time::timeout(patience, self.runners.wait()).await.is_err() {
            tracing::warn!(
                left = self.unsettled(),
                "stopped with commands under way; they are in the journal"
            );
        }
    }

    fn enqueue(&self, house: &Arc<House>, lane: Lane, entry: Entry) {
        self.unsettled.fetch_add(1, Ordering::Relaxed);
        house.metrics.commands.outbox_queued.inc();
        let idle = {
            let mut state = self.lanes.entry(lane.clone()).or_default();
            state.queue.push_back(entry);
            !std::mem::replace(&mut state.running, true)
        };
        if idle {
            house.metrics.commands.outbox_lanes.inc();
            let house = Arc::clone(house);
            self.runners.spawn(async move { runner::run(house, lane).await });
        }
    }

    /// A hangup makes everything queued or retrying for that leg pointless.
    fn overtake(&self, leg: &CallControlId) {
        if let Some(mut state) = self.lanes.get_mut(&Lane::Leg(leg.clone())) {
            for entry in &mut state.queue {
                entry.fate = Some(Outcome::Cancelled);
            }
            if let Some(current) = &state.current {
                current.overtaken.cancel();
            }
        }
    }

    /// An event proved the command: no further attempt, no outcome.
    fn settle(&self, house: &House, command: &CommandId) {
        let Some(lane) = self.lane_of(command) else {
            return;
        };
        let Some(mut state) = self.lanes.get_mut(&lane) else {
            return;
        };
        if let Some(current) = &state.current
            && current.id == *command
        {
            return current.proven.cancel();
        }
        let queued = std::mem::take(&mut state.queue);
        let (proven, rest): (VecDeque<Entry>, VecDeque<Entry>) = queued
            .into_iter()
            .partition(|entry| entry.command_id() == Some(command));
        state.queue = rest;
        drop(state);
        for entry in proven {
            self.settled(house, &entry, true);
        }
    }

    /// An entry is done with; `by_event` when no record of its own settles it.
    fn settled(&self, house: &House, entry: &Entry, by_event: bool) {
        if let Some(id) = entry.command_id() {
            self.commands.remove(id);
        }
        if by_event {
            house.journal.settle(entry.key.clone());
        }
        self.unsettled.fetch_sub(1, Ordering::Relaxed);
        house.metrics.commands.outbox_queued.dec();
    }

    /// The owner of an unsettled command, for tests and lists.
    pub fn lane_of(&self, command: &CommandId) -> Option<Lane> {
        self.commands.get(command).map(|way| way.lane.clone())
    }

    /// Whether anything is on its way from this entity.
    pub fn owes(&self, address: &Address) -> bool {
        self.lanes.iter().any(|lane| {
            lane.queue.iter().any(|entry| entry.key.address == *address)
                || lane
                    .current
                    .as_ref()
                    .is_some_and(|current| current.owner == *address)
        })
    }
}
