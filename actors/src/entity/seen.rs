//! The carrier events of one entity: those in records, and those on their way into one.
//!
//! A repeat of an event that is under way joins its receipt; a repeat of a recorded one gets the stored answer.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cordboard_core::{Event, EventId};

use crate::delivery::{PendingReceipt, Receipt};

/// Every event that this life of the entity knows.
#[derive(Debug, Default)]
pub(super) struct SeenEvents(HashMap<EventId, (SeenEvent, Option<Content>)>);

/// Tells one event's content from another's under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content(u64);

impl Content {
    pub(super) fn of(event: &Event) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        serde_json::to_vec(event).ok()?.hash(&mut hasher);
        Some(Self(hasher.finish()))
    }
}

/// One event, shared by the actor and the commit of its record.
#[derive(Clone, Debug)]
pub(super) struct SeenEvent(Arc<Mutex<Seen>>);

#[derive(Debug)]
enum Seen {
    UnderWay(Vec<PendingReceipt>),
    Recorded(Bytes),
}

impl SeenEvents {
    /// The events of earlier records.
    pub(super) fn recorded(events: Vec<(EventId, Bytes)>) -> Self {
        // Records of an earlier life: their content would have to be read again to be compared.
        let known = |(id, answer)| {
            (
                id,
                (SeenEvent(Arc::new(Mutex::new(Seen::Recorded(answer)))), None),
            )
        };
        Self(events.into_iter().map(known).collect())
    }

    /// The event of that id, and whether this one says the same, as far as is known.
    pub(super) fn get(&self, event: &Event) -> Option<(&SeenEvent, bool)> {
        let (seen, content) = self.0.get(&event.id)?;
        let same = content.is_none_or(|content| Content::of(event) == Some(content));
        Some((seen, same))
    }

    /// A first sight: its record is about to be appended.
    pub(super) fn under_way(&mut self, id: EventId, content: Option<Content>) -> SeenEvent {
        let seen = SeenEvent(Arc::new(Mutex::new(Seen::UnderWay(Vec::new()))));
        self.0.insert(id, (seen.clone(), content));
        seen
    }
}

impl SeenEvent {
    /// A repeat: answered now, or together with the first.
    pub(super) fn repeat(&self, receipt: PendingReceipt) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *seen {
            Seen::UnderWay(waiting) => waiting.push(receipt),
            Seen::Recorded(answer) => {
                let answer = answer.clone();
                drop(seen);
                receipt.answer(Receipt::Duplicate(answer));
            }
        }
    }

    /// The record is durable: later repeats get its answer, those that joined get it now.
    pub(super) fn recorded(&self, answer: &Bytes) {
        let before = {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *seen, Seen::Recorded(answer.clone()))
        };
        if let Seen::UnderWay(waiting) = before {
            for receipt in waiting {
                receipt.answer(Receipt::Duplicate(answer.clone()));
            }
        }
    }

    /// The record was not taken: nobody may believe otherwise.
    pub(super) fn failed(&self, reason: &'static str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Seen::UnderWay(waiting) = &mut *seen {
            for receipt in std::mem::take(waiting) {
                receipt.answer(Receipt::Failed(reason));
            }
        }
    }
}
