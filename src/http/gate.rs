//! Gate 1: how many webhooks, and how many of their bytes, may be between head and receipt at one time.
//!
//! Used by `webhook.rs`. A passage ends with the receipt, not when the client goes away, so that the gate also
//! bounds what waits inside.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    webhooks: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    capacity: usize,
}

/// The right of one webhook to be inside; leaves on drop.
#[derive(Debug)]
pub(super) struct Passage {
    _webhook: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(webhooks: usize, bytes: usize) -> Self {
        let capacity = webhooks.min(Semaphore::MAX_PERMITS);
        Self {
            webhooks: Arc::new(Semaphore::new(capacity)),
            bytes: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
            capacity,
        }
    }

    /// Lets a webhook of at most `bytes` in, or not, at once.
    pub(super) fn enter(&self, bytes: usize) -> Option<Passage> {
        let bytes = u32::try_from(bytes).ok()?;
        Some(Passage {
            _webhook: Arc::clone(&self.webhooks).try_acquire_owned().ok()?,
            _bytes: Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok()?,
        })
    }

    /// How many are inside.
    pub(super) fn inside(&self) -> usize {
        self.capacity.saturating_sub(self.webhooks.available_permits())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn both_numbers_bound_the_inside_and_a_left_place_is_free() {
        let gate = Gate::new(2, 100);
        let first = gate.enter(60).unwrap();
        assert!(gate.enter(60).is_none(), "the bytes are used up");
        assert_eq!(gate.inside(), 1, "a refusal keeps no place");
        let _second = gate.enter(40).unwrap();
        assert!(gate.enter(0).is_none(), "the places are used up");
        drop(first);
        assert!(gate.enter(60).is_some());
    }
}
