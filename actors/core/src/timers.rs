//! Deadlines of one machine, as plain data inside its state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// At most one deadline per key; setting a key again moves it, so a stale firing finds nothing due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timers<K: Ord>(BTreeMap<K, Timestamp>);

impl<K: Ord> Default for Timers<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Timers<K> {
    pub(crate) fn set(&mut self, key: K, at: Timestamp) {
        self.0.insert(key, at);
    }

    pub(crate) fn clear(&mut self, key: K) {
        self.0.remove(&key);
    }

    pub(crate) fn clear_all(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_set(&self, key: K) -> bool {
        self.0.contains_key(&key)
    }

    /// Removes and returns everything due, in the keys' order.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<K> {
        let due: Vec<K> = self
            .0
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in &due {
            self.0.remove(key);
        }
        due
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.values().min().copied()
    }
}
