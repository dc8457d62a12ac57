//! Whoever waits for news of one entity: told at its commit, costs nothing while nobody waits.
//!
//! The operator API waits here; `commit.rs` tells. What is new is read from the journal, never from here.

use std::sync::Arc;

use cordboard_core::Address;
use dashmap::DashMap;
use tokio::sync::watch;

/// Everybody who waits.
#[derive(Debug, Default)]
pub struct Watchers(Arc<DashMap<Address, watch::Sender<u64>>>);

/// One who waits. Dropping it is all that is needed to stop.
#[derive(Debug)]
pub struct Watcher {
    address: Address,
    seqs: watch::Receiver<u64>,
    all: Arc<DashMap<Address, watch::Sender<u64>>>,
}

impl Watchers {
    /// Waits for records of this entity from here on.
    pub fn watch(&self, address: &Address) -> Watcher {
        let seqs = self
            .0
            .entry(address.clone())
            .or_insert_with(|| watch::channel(0).0)
            .subscribe();
        Watcher {
            address: address.clone(),
            seqs,
            all: Arc::clone(&self.0),
        }
    }

    /// Called at commit.
    pub(crate) fn told(&self, address: &Address, seq: u64) {
        if self.0.is_empty() {
            return;
        }
        if let Some(seqs) = self.0.get(address) {
            seqs.send_replace(seq);
        }
    }

    /// Entities that somebody waits for.
    pub fn watched(&self) -> usize {
        self.0.len()
    }
}

impl Watcher {
    /// Returns at the next record; at once if one came since this was made or last asked.
    pub async fn news(&mut self) {
        // The sender stays as long as this receiver does.
        let _ = self.seqs.changed().await;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // This one still counts as a receiver while it is being dropped.
        self.all
            .remove_if(&self.address, |_, seqs| seqs.receiver_count() <= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_wakes_whoever_waits_and_nothing_stays_behind() {
        let (watchers, call) = (Watchers::default(), Address::Call("s".into()));
        watchers.told(&call, 1);
        let (mut first, second) = (watchers.watch(&call), watchers.watch(&call));
        watchers.told(&call, 2);
        first.news().await;
        drop(first);
        assert_eq!(watchers.watched(), 1);
        drop(second);
        assert_eq!(watchers.watched(), 0);
    }
}
