//! The one generic actor: it hosts a pure machine, turns each input into a record and hands it to the journal.
//!
//! Nothing is awaited in `handle`; nothing leaves before the commit (see `commit.rs`). The registry spawns
//! these, a supervisor watches them. No rule of telephony may be here: that is the machine's.

mod culprit;
mod seen;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use cordboard_core::{
    Address, CallMachine, ConferenceMachine, Context, Effects, Flow, Handle, Input, Machine, Message,
    QueueMachine, SmsMachine, Timestamp,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use serde::{Deserialize, Serialize};

use crate::commit::{Commit, Committing};
use crate::cut::{self, Cut};
use crate::delivery::{Delivery, PendingReceipt, Receipt};
use crate::flows::planned;
use crate::house::House;
use crate::journal::{Append, RECORD_FORMAT, Record};
use crate::landing;
use crate::quarantine::{Kind, SetAside};
use crate::telemetry::{Moment, Phases};
pub use culprit::{Culprit, LastWord};
use seen::{Content, SeenEvent, SeenEvents};

/// What an entity's mailbox takes.
#[derive(Debug)]
pub enum EntityMessage {
    /// An input.
    Deliver(Box<Delivery>),
    /// Time to look whether anything came since this record.
    Idle(u64),
}

/// What a new life of an entity starts with.
pub struct Birth {
    /// Everything around it.
    pub house: Arc<House>,
    /// Who it is.
    pub address: Address,
    /// Counts the lives of this address in this process.
    pub life: u64,
    /// Where it leaves word of what it died of.
    pub last_word: LastWord,
    /// Inputs in its mailbox; the registry counts up, the actor down.
    pub queued: Arc<AtomicUsize>,
}

/// The actor that hosts machine `M`.
#[derive(Debug)]
pub struct EntityActor<M>(PhantomData<fn() -> M>);

impl<M> Default for EntityActor<M> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// State as it is journalled: the machine, and what it has heard from other machines.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(bound = "M: Machine")]
pub(crate) struct Envelope<M> {
    pub(crate) machine: M,
    /// Highest (record, effect) applied per open sender: messages are applied once.
    heard: BTreeMap<String, (u64, u32)>,
    /// When the present phase began.
    pub(crate) phase_since: Timestamp,
}

/// The state of an entity that begins afresh.
pub(crate) fn blank(address: &Address) -> Bytes {
    let state = match address {
        Address::Call(_) => serde_json::to_vec(&Envelope::<CallMachine>::default()),
        Address::Conference(_) => serde_json::to_vec(&Envelope::<ConferenceMachine>::default()),
        Address::Queue(_) => serde_json::to_vec(&Envelope::<QueueMachine>::default()),
        Address::Sms(_) => serde_json::to_vec(&Envelope::<SmsMachine>::default()),
    };
    Bytes::from(state.unwrap_or_default())
}

/// One life of an entity.
pub struct Life<M> {
    birth: Birth,
    envelope: Envelope<M>,
    seq: u64,
    seen: SeenEvents,
    handles: Vec<Handle>,
    /// The flow that the machine has pinned.
    flow: Option<Arc<Flow>>,
    /// A look at idleness is under way.
    watched: bool,
}

impl<M: Machine> Actor for EntityActor<M> {
    type Msg = EntityMessage;
    type State = Life<M>;
    type Arguments = Birth;

    async fn pre_start(
        &self,
        _myself: ActorRef<EntityMessage>,
        birth: Birth,
    ) -> Result<Life<M>, ActorProcessingErr> {
        Life::wake(birth).await
    }

    async fn handle(
        &self,
        myself: ActorRef<EntityMessage>,
        message: EntityMessage,
        life: &mut Life<M>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            EntityMessage::Deliver(delivery) => {
                life.birth.queued.fetch_sub(1, Ordering::Relaxed);
                life.apply(*delivery)?;
                life.watch(&myself);
            }
            EntityMessage::Idle(seq) => {
                life.watched = false;
                if seq == life.seq {
                    life.sleep(&myself);
                } else {
                    life.watch(&myself);
                }
            }
        }
        Ok(())
    }
}

impl<M: Machine> Life<M> {
    /// Loads the last record; an entity without one begins at its default state.
    async fn wake(birth: Birth) -> Result<Self, ActorProcessingErr> {
        let loaded = birth.house.journal.load(&birth.address).await?;
        birth.house.metrics.actors.wakes.inc();
        let (envelope, seq, seen): (Envelope<M>, _, _) = match loaded {
            Some(loaded) => {
                let _running = birth.house.mark(&birth.address, loaded.last.seq);
                (
                    serde_json::from_slice(&loaded.last.state)?,
                    loaded.last.seq,
                    SeenEvents::recorded(loaded.events),
                )
            }
            None => (Envelope::default(), 0, SeenEvents::default()),
        };
        if seq > 0 {
            let (deadline, now) = (envelope.machine.next_deadline(), birth.house.clock.now());
            birth.house.deadlines.restore(&birth.address, deadline, now);
        }
        let flow = match envelope.machine.flow() {
            Some(hash) => birth.house.flow(hash).await?,
            None => None,
        };
        let handles = envelope.machine.handles();
        Ok(Self {
            birth,
            envelope,
            seq,
            seen,
            handles,
            flow,
            watched: false,
        })
    }

    /// Sleeps at once when everything is over, else looks again after a while; one look is under way at most.
    fn watch(&mut self, myself: &ActorRef<EntityMessage>) {
        if self.envelope.machine.is_terminal() {
            self.sleep(myself);
        } else if !self.watched {
            self.watched = true;
            let seq = self.seq;
            myself.send_after(self.birth.house.settings.sleep_after, move || {
                EntityMessage::Idle(seq)
            });
        }
    }

    fn sleep(&self, myself: &ActorRef<EntityMessage>) {
        self.birth
            .house
            .registry
            .fall_asleep(&self.birth.address, self.birth.life, myself);
    }

    /// Handles one input. A panic goes on to the supervisor, once it is pinned to the input.
    fn apply(&mut self, mut delivery: Delivery) -> Result<(), ActorProcessingErr> {
        let handled = catch_unwind(AssertUnwindSafe(|| self.take_in(&mut delivery)));
        handled.unwrap_or_else(|panic| {
            let culprit = Culprit::of(&self.birth.address, &delivery, &self.envelope.machine);
            self.birth.last_word.leave(culprit);
            resume_unwind(panic)
        })
    }

    fn take_in(&mut self, delivery: &mut Delivery) -> Result<(), ActorProcessingErr> {
        let house = Arc::clone(&self.birth.house);
        house
            .metrics
            .actors
            .mailbox_wait
            .observe(delivery.since.elapsed());
        if !self.first_sight(delivery) {
            return Ok(());
        }
        let running = house.mark(&self.birth.address, self.seq);
        house.inject_fault(&self.birth.address, &delivery.input);
        let started = Instant::now();
        let (event, content) = match &delivery.input {
            Input::Event { event, .. } => (Some(event.id.clone()), Content::of(event)),
            _ => (None, None),
        };
        let (mut record, phases) = self.turn(delivery.input.clone())?;
        drop(running);
        let handled = started.elapsed();
        house.metrics.actors.handle_duration.observe(handled);
        record.receipt = event.as_ref().map(|_| Bytes::new());
        let waited = started.duration_since(delivery.since);
        let errand = delivery.errand.take();
        record.witnessed = house
            .telemetry
            .witness(&house.outbox, &record, waited, handled, errand);
        let seen = event.clone().map(|id| self.seen.under_way(id, content));
        let settles = delivery.settles.take();
        let terminal = self.envelope.machine.is_terminal();
        let done = self.commit(delivery, seen, phases, started).into_done();
        cut::at(Cut::Computed);
        house.journal.append(Append {
            record,
            event,
            settles,
            terminal,
            deadline: self.envelope.machine.next_deadline(),
            handles: self.handles.clone(),
            flow: self.cited(),
            done,
        });
        cut::at(Cut::Appended);
        house.registry.handled(&self.birth.address, &delivery.input);
        Ok(())
    }

    /// The one place where this entity's state changes.
    fn turn(&mut self, input: Input) -> Result<(Record, Phases), ActorProcessingErr> {
        let now = self.birth.house.clock.now();
        let before = self.moment();
        let context = Context {
            address: self.birth.address.clone(),
            seq: self.seq + 1,
            now,
            salt: self.birth.house.journal.salt(),
        };
        if self.envelope.machine.flow().is_none() {
            self.flow = planned(&input).and_then(|hash| self.birth.house.flow_at_hand(hash));
        }
        let mut effects =
            Effects::new(context, self.envelope.machine.incarnation()).following(self.flow.clone());
        self.envelope.machine.handle(input.clone(), &mut effects);
        let phases = self.phases_since(before, now);
        self.seq += 1;
        let record = Record {
            address: self.birth.address.clone(),
            incarnation: self.envelope.machine.incarnation(),
            seq: self.seq,
            at: now,
            cause: input,
            receipt: None,
            effects: effects.into_list(),
            state: Bytes::from(serde_json::to_vec(&self.envelope)?),
            witnessed: None,
            format: RECORD_FORMAT,
        };
        Ok((record, phases))
    }

    /// The flow that the record cites. One that nobody has cannot be cited.
    fn cited(&self) -> Option<String> {
        let hash = self.envelope.machine.flow().filter(|_| self.flow.is_some())?;
        Some(hash.as_str().to_owned())
    }

    /// Answers repeats; false for an input that was applied before.
    fn first_sight(&mut self, delivery: &mut Delivery) -> bool {
        match &delivery.input {
            Input::Event { event, .. } => match self.seen.get(event) {
                Some((seen, same)) => {
                    let webhooks = &self.birth.house.metrics.webhooks;
                    if same {
                        webhooks.deduplicated.inc();
                        seen.repeat(delivery.take_pending());
                    } else {
                        webhooks.rejected.inc(["other_content_under_known_id"]);
                        tracing::error!(
                            address = %self.birth.address.shown(), event = %event.id,
                            "two events with one id and different content: the first is kept, the second set aside"
                        );
                        let json = || Bytes::from(serde_json::to_vec(&delivery.input).unwrap_or_default());
                        let raw = delivery.raw.clone().unwrap_or_else(json);
                        self.set_aside(seen.clone(), raw, delivery.take_pending());
                    }
                    false
                }
                None => true,
            },
            Input::Message {
                from,
                seq,
                index,
                body,
            } => {
                let (sender, mark) = (from.to_string(), (*seq, *index));
                let repeat = self
                    .envelope
                    .heard
                    .get(&sender)
                    .is_some_and(|heard| mark <= *heard);
                if repeat {
                    delivery.take_pending().answer(Receipt::Duplicate(Bytes::new()));
                } else if body.is_last_word() {
                    // The last word of that call: a mark for it would stay for ever, and a repeat changes nothing.
                    self.envelope.heard.remove(&sender);
                } else if matches!(body, Message::TextRequest { .. }) {
                    // A number hears of thousands of calls, each once: the key of a text is its mark.
                } else {
                    self.envelope.heard.insert(sender, mark);
                }
                !repeat
            }
            Input::Deadline => {
                let due = self.envelope.machine.next_deadline();
                let stale = due.is_none_or(|due| due > self.birth.house.clock.now());
                if stale {
                    self.birth.house.deadlines.set(&self.birth.address, due);
                    delivery.take_pending().answer(Receipt::Duplicate(Bytes::new()));
                }
                !stale
            }
            Input::Outcome { .. }
            | Input::HttpOutcome { .. }
            | Input::Operator(_)
            | Input::Finding(_)
            | Input::Quarantined { .. } => true,
        }
    }

    /// Another event under a known id: kept for people before the carrier is told that we have it.
    fn set_aside(&self, seen: SeenEvent, raw: Bytes, pending: PendingReceipt) {
        let house = &self.birth.house;
        let item = SetAside {
            at: house.clock.now(),
            kind: Kind::Input,
            reason: "other_content",
            address: Some(self.birth.address.clone()),
            // Without a key: the event itself is welcome.
            key: None,
            place: None,
            raw,
        };
        landing::keep_then_answer(house, item, move |kept| match kept {
            true => seen.repeat(pending),
            false => pending.answer(Receipt::Failed("quarantine")),
        });
    }

    fn commit(
        &mut self,
        delivery: &mut Delivery,
        seen: Option<SeenEvent>,
        phases: Phases,
        started: Instant,
    ) -> Commit {
        let machine = &self.envelope.machine;
        let handles = machine.handles();
        let gained = handles
            .iter()
            .filter(|handle| !self.handles.contains(handle))
            .cloned()
            .collect();
        let lost = self
            .handles
            .iter()
            .filter(|handle| !handles.contains(handle))
            .cloned()
            .collect();
        self.handles = handles;
        Commit {
            house: Arc::clone(&self.birth.house),
            address: self.birth.address.clone(),
            life: self.birth.life,
            receipt: delivery.take_pending(),
            seen: seen.map(|seen| Box::new(seen) as Box<dyn Committing>),
            gained,
            lost,
            deadline: machine.next_deadline(),
            phases,
            received: delivery.since,
            started,
        }
    }

    fn moment(&self) -> Moment {
        Moment::of(&self.envelope.machine, self.envelope.phase_since)
    }

    fn phases_since(&mut self, before: Moment, now: Timestamp) -> Phases {
        if before.phase != self.envelope.machine.phase() {
            self.envelope.phase_since = now;
        }
        let after = self.moment();
        Phases { before, after }
    }
}

impl Committing for SeenEvent {
    fn recorded(&self, answer: &Bytes) {
        SeenEvent::recorded(self, answer);
    }

    fn failed(&self, reason: &'static str) {
        SeenEvent::failed(self, reason);
    }
}
