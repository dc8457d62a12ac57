//! The journal of tests and of the demo: everything in memory, the contract of the durable one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_core::{Address, EventId, Handle, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::{
    Append, AppendError, Browse, Browsed, EffectKey, Journal, JournalCounts, Loaded, Owed, Record, Sleeper,
    flow_not_kept,
};

/// Terminal entities are forgotten after a day: late webhooks come within minutes, and memory is finite.
const TOMBSTONE_SECS: u64 = 24 * 60 * 60;
/// Records between two searches for old tombstones.
const SWEEP_EVERY: u64 = 10_000;

enum Request {
    Append(Box<Append>),
    Load(Address, oneshot::Sender<Option<Loaded>>),
}

/// A journal in memory with a writer task of its own.
pub struct MemoryJournal {
    requests: mpsc::UnboundedSender<Request>,
    shelf: Arc<Mutex<Shelf>>,
    salt: u64,
}

#[derive(Default)]
struct Shelf {
    entities: HashMap<Address, Entity>,
    events: HashSet<EventId>,
    unsettled: BTreeSet<EffectKey>,
    records: u64,
    /// Every kept record by its position.
    log: BTreeMap<u64, (Address, u64)>,
    flows: HashMap<String, Bytes>,
    /// Entities so far.
    births: u64,
}

#[derive(Default)]
struct Entity {
    number: u64,
    history: Vec<Record>,
    events: Vec<(EventId, Bytes)>,
    terminal: bool,
    deadline: Option<Timestamp>,
    handles: Vec<Handle>,
}

impl MemoryJournal {
    /// Starts the writer on the current tokio runtime.
    pub fn start() -> Self {
        let (requests, mut inbox) = mpsc::unbounded_channel();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let writer_shelf = Arc::clone(&shelf);
        tokio::spawn(async move {
            while let Some(request) = inbox.recv().await {
                match request {
                    Request::Append(append) => take(&writer_shelf, *append),
                    Request::Load(address, reply) => {
                        let _ = reply.send(lock(&writer_shelf).loaded(&address));
                    }
                }
            }
        });
        // The keys of a hasher are the standard library's only randomness.
        let salt = RandomState::new().build_hasher().finish();
        Self {
            requests,
            shelf,
            salt,
        }
    }
}

/// A panic while the lock was held cannot leave the shelf half changed: every change is one insertion.
fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(shelf: &Mutex<Shelf>, append: Append) {
    let result = lock(shelf).append(&append);
    match result {
        Ok(()) => (append.done)(Ok(&append.record)),
        Err(error) => (append.done)(Err(&error)),
    }
}

impl Shelf {
    fn append(&mut self, append: &Append) -> Result<(), AppendError> {
        let record = &append.record;
        let known = self.entities.get(&record.address);
        let expected = known
            .and_then(|known| known.history.last())
            .map_or(0, |last| last.seq)
            + 1;
        if record.seq != expected {
            let address = record.address.clone();
            return Err(AppendError::Conflict {
                address,
                expected,
                found: record.seq,
            });
        }
        if let Some(flow) = &append.flow
            && !self.flows.contains_key(flow)
        {
            return Err(flow_not_kept(flow));
        }
        let entity = self.entities.entry(record.address.clone()).or_default();
        if entity.number == 0 {
            self.births += 1;
            entity.number = self.births;
        }
        if let Some(event) = &append.event {
            entity
                .events
                .push((event.clone(), record.receipt.clone().unwrap_or_default()));
            self.events.insert(event.clone());
        }
        if let Some(settles) = &append.settles {
            self.unsettled.remove(settles);
        }
        for (index, effect) in record.effects.iter().enumerate() {
            if effect.is_owed() {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                self.unsettled.insert(EffectKey {
                    address: record.address.clone(),
                    seq: record.seq,
                    index,
                });
            }
        }
        entity.terminal = append.terminal;
        entity.deadline = append.deadline;
        entity.handles.clone_from(&append.handles);
        entity.history.push(record.clone());
        self.records += 1;
        self.log
            .insert(self.records, (record.address.clone(), record.seq));
        if self.records.is_multiple_of(SWEEP_EVERY) {
            self.forget_tombstones(record.at);
        }
        Ok(())
    }

    fn sleepers(&self) -> Vec<Sleeper> {
        let owing: HashSet<&Address> = self.unsettled.iter().map(|key| &key.address).collect();
        self.entities
            .iter()
            .filter(|(address, entity)| !entity.terminal || owing.contains(address))
            .map(|(address, entity)| Sleeper {
                address: address.clone(),
                deadline: entity.deadline,
                handles: entity.handles.clone(),
            })
            .collect()
    }

    fn owed(&self) -> Vec<Owed> {
        let owed = |key: &EffectKey| {
            let history = &self.entities.get(&key.address)?.history;
            let record = history.iter().find(|record| record.seq == key.seq)?;
            let effect = record.effects.get(usize::try_from(key.index).ok()?)?.clone();
            Some(Owed {
                key: key.clone(),
                incarnation: record.incarnation,
                since: record.at,
                effect,
            })
        };
        let mut list: Vec<Owed> = self.unsettled.iter().filter_map(owed).collect();
        list.sort_by(|a, b| (a.since, &a.key).cmp(&(b.since, &b.key)));
        list
    }

    fn loaded(&self, address: &Address) -> Option<Loaded> {
        let entity = self.entities.get(address)?;
        let last = entity.history.last()?.clone();
        Some(Loaded {
            last,
            events: entity.events.clone(),
            terminal: entity.terminal,
        })
    }

    fn since(&self, position: u64, limit: usize) -> Vec<(u64, Record)> {
        let found = |(position, (address, seq)): (&u64, &(Address, u64))| {
            let history = &self.entities.get(address)?.history;
            let place = usize::try_from(seq.checked_sub(1)?).ok()?;
            Some((*position, history.get(place)?.clone()))
        };
        let after = self.log.range(position.saturating_add(1)..);
        after.filter_map(found).take(limit).collect()
    }

    fn browse(&self, page: Browse) -> Vec<Browsed> {
        let wanted = |address: &Address, entity: &Entity| {
            address.kind() == page.kind
                && entity.terminal == page.over
                && page.before.is_none_or(|before| entity.number < before)
        };
        let mut found: Vec<(u64, &Entity)> = self
            .entities
            .iter()
            .filter(|(address, entity)| wanted(address, entity))
            .map(|(_, entity)| (entity.number, entity))
            .collect();
        found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let last = |(number, entity): (u64, &Entity)| {
            let last = entity.history.last()?.clone();
            Some(Browsed { number, last })
        };
        found.into_iter().filter_map(last).take(page.most).collect()
    }

    /// Forgets what ended long ago; returns how many records went.
    fn forget_tombstones(&mut self, now: Timestamp) -> u64 {
        let old = |entity: &Entity| {
            entity.terminal
                && entity
                    .history
                    .last()
                    .is_none_or(|last| now.since(last.at).as_secs() > TOMBSTONE_SECS)
        };
        for (_, entity) in self.entities.extract_if(|_, entity| old(entity)) {
            for (event, _) in entity.events {
                self.events.remove(&event);
            }
        }
        let entities = &self.entities;
        let before = self.log.len();
        self.log.retain(|_, (address, _)| entities.contains_key(address));
        (before - self.log.len()) as u64
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    fn append(&self, append: Append) {
        if let Err(refused) = self.requests.send(Request::Append(Box::new(append)))
            && let Request::Append(append) = refused.0
        {
            (append.done)(Err(&AppendError::Unavailable("the writer has stopped".into())));
        }
    }

    fn settle(&self, effect: EffectKey) {
        lock(&self.shelf).unsettled.remove(&effect);
    }

    async fn load(&self, address: &Address) -> Result<Option<Loaded>, AppendError> {
        let stopped = || AppendError::Unavailable("the writer has stopped".into());
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Request::Load(address.clone(), reply))
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    async fn sleepers(&self) -> Result<Vec<Sleeper>, AppendError> {
        Ok(lock(&self.shelf).sleepers())
    }

    async fn owed(&self) -> Result<Vec<Owed>, AppendError> {
        Ok(lock(&self.shelf).owed())
    }

    async fn history(&self, address: &Address) -> Result<Vec<Record>, AppendError> {
        let shelf = lock(&self.shelf);
        Ok(shelf
            .entities
            .get(address)
            .map(|entity| entity.history.clone())
            .unwrap_or_default())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Vec<(u64, Record)>, AppendError> {
        Ok(lock(&self.shelf).since(position, limit))
    }

    fn keep_flow(&self, hash: &str, bytes: Bytes) {
        lock(&self.shelf).flows.insert(hash.to_owned(), bytes);
    }

    async fn flow(&self, hash: &str) -> Result<Option<Bytes>, AppendError> {
        Ok(lock(&self.shelf).flows.get(hash).cloned())
    }

    async fn browse(&self, page: Browse) -> Result<Vec<Browsed>, AppendError> {
        Ok(lock(&self.shelf).browse(page))
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, AppendError> {
        Ok(lock(&self.shelf).forget_tombstones(now))
    }

    fn contains(&self, event: &EventId) -> bool {
        lock(&self.shelf).events.contains(event)
    }

    fn salt(&self) -> u64 {
        self.salt
    }

    fn counts(&self) -> JournalCounts {
        let shelf = lock(&self.shelf);
        let open = shelf.sleepers().len() as u64;
        JournalCounts {
            records: shelf.records,
            open,
            unsettled: shelf.unsettled.len() as u64,
        }
    }
}
