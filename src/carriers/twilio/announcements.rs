//! What participants of conferences are to hear: kept until the carrier asks for it, a moment after it was told where.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// So many are kept; the carrier asks within seconds, and an announcement that is asked for later is stale.
const MOST: usize = 1_024;

/// See the module. Shared by the door and the client.
#[derive(Debug, Default)]
pub(super) struct Announcements(Mutex<VecDeque<(String, Arc<str>)>>);

impl Announcements {
    /// Keeps a document under a key.
    pub(super) fn keep(&self, key: String, text: Arc<str>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back((key, text));
    }

    /// The document of a key; it may be asked for once per participant, and again after a failure.
    pub(super) fn find(&self, key: &str) -> Option<Arc<str>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().rev().find(|(own, _)| own == key);
        found.map(|(_, text)| Arc::clone(text))
    }
}
