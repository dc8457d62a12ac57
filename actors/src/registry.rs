//! Address to mailbox, handle to address. The only place that wakes actors and puts them to sleep.
//!
//! A slot is *asleep* (no entry), *awake*, or *falling asleep* with a queue. A waking actor's own mailbox is its
//! queue: ractor takes messages for it from the moment it is spawned, while its last record is being loaded.
//! A new life starts only after the old actor has stopped; its load goes through the journal's writer, so it sees
//! every append of the life before.

mod flood;
mod index;
mod poison;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cordboard_core::{
    Address, CallMachine, ConferenceMachine, Handle, Input, Machine, QueueMachine, SmsMachine,
};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use futures_util::future::join_all;
use ractor::{ActorId, ActorRef, ActorRuntime, MessagingErr, SpawnErr};

use crate::delivery::{Delivery, InputKey, Receipt};
use crate::entity::{Birth, EntityActor, EntityMessage, LastWord};
use crate::house::House;
use crate::landing;
use crate::supervisor::Never;
use flood::{Floods, Meter};
use index::Index;
use poison::{Poison, Verdict};

/// A supervisor that does not end within this goes with the process.
const FAREWELL: Duration = Duration::from_secs(1);

/// Mailboxes and routes of every entity in memory.
#[derive(Default)]
pub struct Registry {
    slots: DashMap<Address, Slot>,
    actors: DashMap<ActorId, (Address, u64)>,
    index: Index,
    poison: Poison,
    floods: Floods,
    lives: AtomicU64,
    supervisors: OnceLock<Vec<ActorRef<Never>>>,
    dismissed: AtomicBool,
}

struct Slot {
    life: u64,
    actor: ActorRef<EntityMessage>,
    last_word: LastWord,
    /// Inputs cast to this life and not yet applied.
    queued: Arc<AtomicUsize>,
    meter: Meter,
    /// Inputs that came while the actor was falling asleep; `None` while it is awake.
    queue: Option<Vec<Delivery>>,
}

impl Registry {
    /// Gives the registry its supervisors; entities can be spawned from now on.
    pub(crate) fn employ(&self, supervisors: Vec<ActorRef<Never>>) {
        assert!(
            self.supervisors.set(supervisors).is_ok(),
            "supervisors are employed once"
        );
    }

    /// Puts an input into the entity's mailbox, waking the entity if it sleeps. Never blocks; the receipt tells.
    pub fn deliver(&self, house: &Arc<House>, address: &Address, delivery: Delivery) {
        if self.poison.is_shut(address) {
            return delivery.answer(landing::absorbed());
        }
        if self.floods.refuses(address, &delivery.input) {
            return delivery.answer(Receipt::Failed("flood"));
        }
        match self.verdict(address, &delivery) {
            Verdict::Welcome => {}
            Verdict::Wait => return delivery.answer(Receipt::Failed("quarantine")),
            Verdict::SetAside => return delivery.answer(landing::absorbed()),
        }
        match self.slots.entry(address.clone()) {
            Entry::Occupied(mut slot) => {
                if slot
                    .get_mut()
                    .is_flooded(address, &delivery, house.settings.events_per_second)
                {
                    self.floods.remember(address);
                    landing::flooded(house, address.clone(), &delivery);
                }
                slot.get_mut().take_in(delivery);
            }
            Entry::Vacant(vacant) => match self.spawn(house, address) {
                Ok(mut slot) => {
                    slot.take_in(delivery);
                    vacant.insert(slot);
                }
                Err(error) => {
                    tracing::error!(address = %address.shown(), %error, "an entity cannot be woken");
                    delivery.answer(Receipt::Failed("spawn"));
                }
            },
        }
    }

    fn verdict(&self, address: &Address, delivery: &Delivery) -> Verdict {
        if self.poison.is_idle() {
            return Verdict::Welcome;
        }
        InputKey::of(address, &delivery.input).map_or(Verdict::Welcome, |key| self.poison.verdict(&key))
    }

    /// The quarantine has this input: whoever offers it again hears that it is dealt with.
    pub(crate) fn is_kept(&self, key: &InputKey) {
        self.poison.is_kept(key);
    }

    /// Inputs that an earlier run has set aside.
    pub(crate) fn remember(&self, keys: Vec<String>) {
        self.poison.remember(keys);
    }

    /// From here on this entity takes no input.
    pub(crate) fn shut(&self, address: &Address) {
        self.poison.shut(address);
    }

    /// It takes inputs again.
    pub(crate) fn admit_again(&self, address: &Address) {
        self.poison.admit_again(address);
    }

    /// Has the entity leave memory as it is; true once it has.
    pub(crate) fn evict(&self, address: &Address) -> bool {
        let life = self.slots.get(address).map(|slot| slot.life);
        if let Some(life) = life {
            self.discard(address, life);
        }
        life.is_none()
    }

    /// What the carrier calls this entity at present.
    pub(crate) fn handles(&self, address: &Address) -> Vec<Handle> {
        self.index.handles(address)
    }

    /// The entity that a carrier's id leads to.
    pub fn owner(&self, handle: &Handle) -> Option<Address> {
        self.index.owner(handle)
    }

    /// Whether a live conference belongs to this room.
    pub fn has_conference(&self, room: &Address) -> bool {
        self.index.has_conference(room)
    }

    /// Every leg that an entity claims, with its owner.
    pub fn legs(&self) -> Vec<(cordboard_core::CallControlId, Address)> {
        self.index.legs()
    }

    /// Every conference that a room claims, with the room.
    pub fn conferences(&self) -> Vec<(cordboard_core::ConferenceId, Address)> {
        self.index.conferences()
    }

    /// Inputs that an entity has been given and has not applied.
    pub fn queued(&self, address: &Address) -> usize {
        self.slots.get(address).map_or(0, |slot| {
            slot.queued.load(Ordering::Relaxed) + slot.queue.as_ref().map_or(0, Vec::len)
        })
    }

    /// Whether an entity is in memory.
    pub fn is_awake(&self, address: &Address) -> bool {
        self.slots.contains_key(address)
    }

    /// Entities in memory.
    pub fn awake(&self) -> usize {
        self.slots.len()
    }

    /// Handles that route to an owner.
    pub fn indexed(&self) -> usize {
        self.index.len()
    }

    /// Called at commit: the entity goes by these handles now.
    pub(crate) fn index(&self, address: &Address, gained: &[Handle], lost: &[Handle]) {
        self.index.change(address, gained, lost);
    }

    /// Called by an actor that has nothing more to do: further inputs queue here until it has stopped.
    pub(crate) fn fall_asleep(&self, address: &Address, life: u64, actor: &ActorRef<EntityMessage>) {
        if let Some(mut slot) = self.slots.get_mut(address)
            && slot.life == life
            && slot.queue.is_none()
        {
            slot.queue = Some(Vec::new());
            drop(slot);
            // Drain, not stop: what is in the mailbox already is still handled.
            let _ = actor.drain();
        }
    }

    /// Called when an append failed: memory is ahead of the journal and must not be believed any more.
    pub(crate) fn discard(&self, address: &Address, life: u64) {
        if let Some(mut slot) = self.slots.get_mut(address)
            && slot.life == life
        {
            slot.queue.get_or_insert_with(Vec::new);
            slot.actor.stop(Some("discarded".into()));
        }
    }

    /// Called by a supervisor: an actor has stopped as asked.
    pub(crate) fn stopped(&self, house: &Arc<House>, actor: ActorId) {
        if let Some((address, life)) = self.actors.remove(&actor).map(|(_, whose)| whose) {
            self.bury(house, &address, life);
        }
    }

    /// Called by a supervisor: an actor has panicked. Its mailbox is lost, so every receipt in it fails and every
    /// source offers its input again, to a new life.
    pub(crate) fn panicked(&self, house: &Arc<House>, actor: ActorId, error: &str) {
        let Some((address, life)) = self.actors.remove(&actor).map(|(_, whose)| whose) else {
            return;
        };
        house.metrics.actors.panics.inc();
        let culprit = self.slots.get(&address).and_then(|slot| slot.last_word.take());
        let label = culprit.as_ref().map_or("unknown", |culprit| culprit.label);
        let place = culprit.as_ref().and_then(|culprit| culprit.place.as_deref());
        tracing::error!(address = %address.shown(), input = label, place, error, "an actor panicked; it restarts from its last record");
        self.bury(house, &address, life);
        let Some(culprit) = culprit else { return };
        house.flow_panicked(&address, &culprit);
        if culprit.key.as_ref().is_some_and(|key| self.poison.strike(key)) {
            house.metrics.actors.quarantined.inc();
            tracing::error!(address = %address.shown(), input = label, "an input panicked twice; its entity lands safely");
            landing::set_aside(house, address, *culprit);
        }
    }

    /// Called by an actor that has handled an input: it panics no more.
    pub(crate) fn handled(&self, address: &Address, input: &Input) {
        if !self.poison.is_idle()
            && let Some(key) = InputKey::of(address, input)
        {
            self.poison.forgive(&key);
        }
    }

    /// Whether the supervisors have been told to end.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.dismissed.load(Ordering::Relaxed)
    }

    /// Stops every actor, all at the same time; used when the process ends.
    pub(crate) async fn dismiss(&self) {
        self.dismissed.store(true, Ordering::Relaxed);
        let actors: Vec<ActorRef<EntityMessage>> = self.slots.iter().map(|slot| slot.actor.clone()).collect();
        // Whoever still works holds the house, and with it the journal's directory.
        join_all(actors.iter().map(|actor| actor.drain_and_wait(Some(FAREWELL)))).await;
        let supervisors = self.supervisors.get().into_iter().flatten();
        join_all(supervisors.map(|supervisor| supervisor.drain_and_wait(Some(FAREWELL)))).await;
    }

    /// Removes a dead actor's slot and gives what queued meanwhile to a new life.
    fn bury(&self, house: &Arc<House>, address: &Address, life: u64) {
        let slot = self
            .slots
            .remove_if(address, |_, slot| slot.life == life)
            .map(|(_, slot)| slot);
        for delivery in slot.and_then(|slot| slot.queue).into_iter().flatten() {
            self.deliver(house, address, delivery);
        }
    }

    fn spawn(&self, house: &Arc<House>, address: &Address) -> Result<Slot, SpawnErr> {
        match address {
            Address::Call(_) => self.spawn_as::<CallMachine>(house, address),
            Address::Conference(_) => self.spawn_as::<ConferenceMachine>(house, address),
            Address::Queue(_) => self.spawn_as::<QueueMachine>(house, address),
            Address::Sms(_) => self.spawn_as::<SmsMachine>(house, address),
        }
    }

    fn spawn_as<M: Machine + Sync>(&self, house: &Arc<House>, address: &Address) -> Result<Slot, SpawnErr> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let last_word = LastWord::default();
        let queued = Arc::new(AtomicUsize::new(0));
        let birth = Birth {
            house: Arc::clone(house),
            address: address.clone(),
            life,
            last_word: last_word.clone(),
            queued: Arc::clone(&queued),
        };
        let supervisor = self.supervisor_of(address)?;
        let (actor, start) = ActorRuntime::<EntityActor<M>>::spawn_linked_instant(
            None,
            EntityActor::default(),
            birth,
            supervisor.get_cell(),
        )?;
        self.actors.insert(actor.get_id(), (address.clone(), life));
        let (id, house) = (actor.get_id(), Arc::clone(house));
        tokio::spawn(async move {
            // A life that cannot load its record never reaches its supervisor; its senders hear of it here.
            if let Ok(Err(error)) = start.await {
                tracing::error!(%error, "an entity did not wake");
                house.registry.stopped(&house, id);
            }
        });
        Ok(Slot {
            life,
            actor,
            last_word,
            queued,
            meter: Meter::default(),
            queue: None,
        })
    }

    fn supervisor_of(&self, address: &Address) -> Result<&ActorRef<Never>, SpawnErr> {
        let supervisors = self.supervisors.get().map(Vec::as_slice).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        let share = usize::try_from(hasher.finish() % supervisors.len().max(1) as u64).unwrap_or(0);
        supervisors
            .get(share)
            .ok_or_else(|| SpawnErr::StartupFailed("no supervisors yet".into()))
    }
}

impl Slot {
    fn is_flooded(&mut self, address: &Address, delivery: &Delivery, per_second: u32) -> bool {
        let counts = matches!(address, Address::Call(_)) && matches!(delivery.input, Input::Event { .. });
        counts && self.meter.overflows(per_second)
    }

    fn take_in(&mut self, delivery: Delivery) {
        if let Some(queue) = &mut self.queue {
            return queue.push(delivery);
        }
        self.queued.fetch_add(1, Ordering::Relaxed);
        let message = EntityMessage::Deliver(Box::new(delivery));
        if let Err(MessagingErr::SendErr(EntityMessage::Deliver(back))) = self.actor.send_message(message) {
            // The actor is gone and its supervisor has not said so yet: wait for that here.
            self.queue.get_or_insert_with(Vec::new).push(*back);
        }
    }
}
