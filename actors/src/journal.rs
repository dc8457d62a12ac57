//! The journal's contract: what a record is, how it is appended, what comes back after a wake.
//!
//! Actors hand records over and go on; the writer calls `done` once a record is durable, in commit order.
//! Receipts are answered and effects leave from there and nowhere else. Implementations: [`MemoryJournal`] here,
//! the durable one in `src/journal`.

mod memory;

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_core::{Address, Effect, EventId, Fact, Handle, Input, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::witness::Witnessed;

pub use memory::MemoryJournal;

/// Version of the record format that this build writes.
pub const RECORD_FORMAT: u16 = 1;

/// One transition of one entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The entity.
    pub address: Address,
    /// Its life; a room counts its conferences.
    pub incarnation: u64,
    /// 1, 2, 3, … per address; never restarts.
    pub seq: u64,
    /// When the transition happened.
    pub at: Timestamp,
    /// What caused it.
    pub cause: Input,
    /// The body that answered the webhook, if a webhook caused it.
    pub receipt: Option<Bytes>,
    /// What it asks for; the index of an effect is part of its identity.
    pub effects: Vec<Effect>,
    /// The entity's whole state after it, JSON.
    pub state: Bytes,
    /// What only the process that made it could see, for its spans; absent where nobody looks at traces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<Witnessed>,
    /// [`RECORD_FORMAT`] of the build that wrote it.
    pub format: u16,
}

/// Names one effect of one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// The entity that asked.
    pub address: Address,
    /// Its record.
    pub seq: u64,
    /// The effect in it.
    pub index: u32,
}

/// One append. It succeeds only if the entity's last record is `record.seq - 1`: an actor that lost ownership, or
/// whose previous append failed, cannot append and so cannot cause anything.
pub struct Append {
    /// The record.
    pub record: Record,
    /// The carrier event in it, kept aside to recognise repeats.
    pub event: Option<EventId>,
    /// The effect that this record settles: the outcome of a command, the arrival of a message.
    pub settles: Option<EffectKey>,
    /// Whether the entity is terminal after this record.
    pub terminal: bool,
    /// When the entity wants to be woken, whatever happens.
    pub deadline: Option<Timestamp>,
    /// The carrier's ids that lead to the entity after this record.
    pub handles: Vec<Handle>,
    /// Hash of the flow that the entity follows after this record. It must have been handed to
    /// [`Journal::keep_flow`] before, in this life of the journal or an earlier one.
    pub flow: Option<String>,
    /// Called once, from the writer, in commit order. Must not block.
    pub done: Done,
}

/// What is to happen when a record is durable, or is not.
pub type Done = Box<dyn FnOnce(Result<&Record, &AppendError>) + Send>;

/// Why a record was not taken. The entity is poisoned: its actor is discarded and reloaded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AppendError {
    /// Somebody else appended, or an earlier append of this actor failed.
    #[error("record {found} of {} was expected to be {expected}", address.shown())]
    Conflict {
        /// The entity.
        address: Address,
        /// The seq that would fit.
        expected: u64,
        /// The seq that came.
        found: u64,
    },
    /// The journal cannot take records at present.
    #[error("the journal takes no records: {0}")]
    Unavailable(String),
}

/// Why a record that cites a flow nobody handed over is refused: the next start could not go on with its call.
pub fn flow_not_kept(hash: &str) -> AppendError {
    AppendError::Unavailable(format!("flow {hash} was never handed to keep_flow"))
}

/// What an actor wakes with.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The last record.
    pub last: Record,
    /// The carrier events in its records, with the answers that they got.
    pub events: Vec<(EventId, Bytes)>,
    /// Whether the entity is over.
    pub terminal: bool,
}

/// An entity that a start finds open: not terminal, or with unsettled effects. It stays asleep until something
/// is for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sleeper {
    /// The entity.
    pub address: Address,
    /// When it wants to be woken.
    pub deadline: Option<Timestamp>,
    /// The carrier's ids that lead to it.
    pub handles: Vec<Handle>,
}

/// An effect that a start finds unsettled.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// Which.
    pub key: EffectKey,
    /// The entity's life that asked for it.
    pub incarnation: u64,
    /// When its record was made: no attempt is older.
    pub since: Timestamp,
    /// What.
    pub effect: Effect,
}

/// Which entities a list shows: those of one kind, live or over, newest first, a page at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Browse {
    /// `call`, `conference` or `sms`.
    pub kind: &'static str,
    /// Those that are over, else those that are not.
    pub over: bool,
    /// Only entities whose number is below this.
    pub before: Option<u64>,
    /// At most so many.
    pub most: usize,
}

/// An entity in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Browsed {
    /// Counts entities in the order of their first records; never given twice.
    pub number: u64,
    /// Its last record.
    pub last: Record,
}

/// What a journal still takes; less as its disk fills up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takes {
    /// Whatever comes.
    #[default]
    Everything,
    /// Records of what exists; no new calls.
    NoNewCalls,
    /// Only what brings calls to their end should be begun.
    CleanUpOnly,
}

/// What one record states for the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// The record's position in the journal.
    pub position: u64,
    /// The entity that states it.
    pub address: Address,
    /// When the transition happened.
    pub at: Timestamp,
    /// In the order in which they were stated; never empty.
    pub facts: Vec<Fact>,
}

impl Stated {
    /// The facts of a record, if it has any.
    pub fn of(position: u64, record: Record) -> Option<Self> {
        let facts: Vec<Fact> = record
            .effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Fact(fact) => Some(*fact),
                _ => None,
            })
            .collect();
        let (address, at) = (record.address, record.at);
        (!facts.is_empty()).then_some(Self {
            position,
            address,
            at,
            facts,
        })
    }
}

/// A stretch of the journal, reduced to its facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactPage {
    /// The records that state something, in commit order.
    pub stated: Vec<Stated>,
    /// Position of the last record looked at, facts or not: where the next page begins.
    pub upto: u64,
    /// Whether the page was full, so that there may be more.
    pub more: bool,
}

/// Figures of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JournalCounts {
    /// Records taken since start.
    pub records: u64,
    /// Entities that are not terminal, or have unsettled effects.
    pub open: u64,
    /// Effects that are not settled.
    pub unsettled: u64,
}

/// Keeps records. One writer; appends of one entity commit in the order in which they were handed over.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Queues a record; returns at once.
    fn append(&self, append: Append);

    /// Marks an effect as settled that no record settles, such as a command that an event proved.
    fn settle(&self, effect: EffectKey);

    /// The entity's last record, every append handed over before this call included; `None` for an unknown one.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn load(&self, address: &Address) -> Result<Option<Loaded>, AppendError>;

    /// Every open entity, as a start needs them.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn sleepers(&self) -> Result<Vec<Sleeper>, AppendError>;

    /// Every unsettled effect, in the order of the records that ask for them.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn owed(&self) -> Result<Vec<Owed>, AppendError>;

    /// Every record of an entity, oldest first.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn history(&self, address: &Address) -> Result<Vec<Record>, AppendError>;

    /// Up to `limit` records with a position above `position`, in commit order, each with its position: how somebody
    /// who reads everything goes on from a stored cursor; begin with 0. Positions rise with every commit and stay;
    /// those of records that were forgotten are left out.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn since(&self, position: u64, limit: usize) -> Result<Vec<(u64, Record)>, AppendError>;

    /// The facts in up to `limit` records above `position`; otherwise like [`Journal::since`].
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn facts_since(&self, position: u64, limit: usize) -> Result<FactPage, AppendError> {
        let records = self.since(position, limit).await?;
        Ok(FactPage {
            upto: records.last().map_or(position, |(last, _)| *last),
            more: records.len() >= limit,
            stated: records
                .into_iter()
                .filter_map(|(position, record)| Stated::of(position, record))
                .collect(),
        })
    }

    /// Keeps a flow file under its hash; returns at once. It is durable with the next append handed over, or before.
    /// It stays until the next start, and after that as long as a kept entity cites it.
    fn keep_flow(&self, hash: &str, bytes: Bytes);

    /// The flow file of this hash, every [`Self::keep_flow`] before this call included; `None` for an unknown one.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn flow(&self, hash: &str) -> Result<Option<Bytes>, AppendError>;

    /// One page of entities, newest first, each with its last record.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal cannot be read.
    async fn browse(&self, page: Browse) -> Result<Vec<Browsed>, AppendError>;

    /// What may be let in at present. Doors ask before they begin something; a record that is handed over all the
    /// same is judged by [`Self::append`].
    fn takes(&self) -> Takes {
        Takes::Everything
    }

    /// Forgets what is kept no longer at `now`; returns how many records went. For quiet times: a busy journal does so
    /// by itself.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the journal has stopped.
    async fn sweep(&self, now: Timestamp) -> Result<u64, AppendError>;

    /// Records from this time on are still to be read by whoever reads on with [`Journal::facts_since`]: a sweep leaves
    /// them, up to a limit of the journal's. A journal that forgets nothing need not listen.
    fn hold_from(&self, _time: Timestamp) {}

    /// Whether a record contains this event, whoever owns it.
    fn contains(&self, event: &EventId) -> bool;

    /// Drawn at random when the journal began and the same ever after; part of every command id, so that ids do not
    /// repeat when a new journal counts from the beginning.
    fn salt(&self) -> u64;

    /// Figures for metrics and the ledger.
    fn counts(&self) -> JournalCounts;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_does_not_show_a_sending_number() {
        let error = AppendError::Conflict {
            address: Address::Sms("+15550100123".into()),
            expected: 2,
            found: 1,
        };
        let text = error.to_string();
        assert!(text.contains("sms:") && !text.contains("5550100"), "{text}");
    }
}
