//! What could not be handled, kept for people to look at and recognised when it comes again: the contract, and the
//! shelf that keeps it in memory. The one on disk is in `src`.
//!
//! The carrier door puts webhooks here that make no sense, the router and the actors events that contradict each
//! other, the registry inputs that panicked twice and entities that cannot be woken. Nothing here is ever logged.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_core::{Address, Timestamp};
use serde::Serialize;
use thiserror::Error;

/// What is set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAside {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Why, a bounded word: `not_json`, `panic`, `torn_ownership`, …
    pub reason: &'static str,
    /// Whom it was for, if that is known.
    pub address: Option<Address>,
    /// By what it is recognised when it comes again.
    pub key: Option<String>,
    /// Where in the code it went wrong.
    pub place: Option<String>,
    /// The bytes as the carrier sent them; of an input that never had any, the input as JSON.
    pub raw: Bytes,
}

/// What is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An authentic webhook that never reached an entity.
    Webhook,
    /// An input of an entity.
    Input,
    /// A whole entity.
    Entity,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Input, Self::Entity];

    /// snake_case name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Input => "input",
            Self::Entity => "entity",
        }
    }
}

/// One item as a list shows it. The bytes stay where they are: they hold numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Counts up.
    pub id: i64,
    /// When, microseconds since the epoch.
    pub at_us: u64,
    /// `webhook`, `input` or `entity`.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Whom it was for.
    pub address: Option<String>,
    /// By what it is recognised when it comes again.
    pub key: Option<String>,
    /// Where in the code it went wrong.
    pub place: Option<String>,
    /// How many bytes are kept.
    pub bytes: usize,
}

/// The item is not kept.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the quarantine keeps nothing: {0}")]
pub struct NotKept(pub String);

/// Keeps what is set aside.
#[async_trait]
pub trait Quarantine: Send + Sync + 'static {
    /// Keeps one item; complete when it is durable.
    ///
    /// # Errors
    /// When it cannot be kept; the carrier is then told to come again.
    async fn keep(&self, item: SetAside) -> Result<(), NotKept>;

    /// The keys of every item of a kind, as a start needs them.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn keys(&self, kind: Kind) -> Result<Vec<String>, NotKept>;

    /// The newest `limit` items older than `before`, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn list(&self, before: Option<i64>, limit: usize) -> Result<Vec<Item>, NotKept>;
}

/// The latest items, in memory, for `demo` and tests.
#[derive(Debug, Default)]
pub struct MemoryQuarantine(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    next: i64,
    items: VecDeque<(i64, SetAside)>,
}

/// A carrier that sends nonsense must not fill the memory.
const MOST: usize = 256;

impl MemoryQuarantine {
    /// Everything that is kept, oldest first.
    pub fn all(&self) -> Vec<SetAside> {
        self.shelf().items.iter().map(|(_, item)| item.clone()).collect()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    /// How `item` is listed under this id.
    pub fn of(id: i64, item: &SetAside) -> Self {
        Self {
            id,
            at_us: item.at.as_micros(),
            kind: item.kind.label().into(),
            reason: item.reason.into(),
            address: item.address.as_ref().map(shown),
            key: item.key.clone(),
            place: item.place.clone(),
            bytes: item.raw.len(),
        }
    }
}

/// An address as people may see it: one of a number is the number.
pub fn shown(address: &Address) -> String {
    match address {
        Address::Sms(_) => "sms:***".into(),
        Address::Call(_) | Address::Conference(_) | Address::Queue(_) => address.to_string(),
    }
}

#[async_trait]
impl Quarantine for MemoryQuarantine {
    async fn keep(&self, item: SetAside) -> Result<(), NotKept> {
        let mut shelf = self.shelf();
        if shelf.items.len() == MOST {
            shelf.items.pop_front();
        }
        shelf.next += 1;
        let id = shelf.next;
        shelf.items.push_back((id, item));
        Ok(())
    }

    async fn keys(&self, kind: Kind) -> Result<Vec<String>, NotKept> {
        let shelf = self.shelf();
        let of_kind = shelf.items.iter().filter(|(_, item)| item.kind == kind);
        Ok(of_kind.filter_map(|(_, item)| item.key.clone()).collect())
    }

    async fn list(&self, before: Option<i64>, limit: usize) -> Result<Vec<Item>, NotKept> {
        let shelf = self.shelf();
        let older = shelf
            .items
            .iter()
            .rev()
            .filter(|(id, _)| before.is_none_or(|before| *id < before));
        Ok(older.take(limit).map(|(id, item)| Item::of(*id, item)).collect())
    }
}
