//! Gate 1: how many webhooks, and how many of their bytes, may be between head and receipt at one time.
//!
//! Used by `webhook.rs`. A passage ends with the receipt, not when the client goes away, so that the gate also
//! bounds what waits inside. Bytes are reserved as they come, not as they are announced, and one address gets a share
//! only: whoever is not known yet must not be able to fill the gate.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are reserved in steps of this size. A real webhook fits into the first.
pub(super) const STEP_BYTES: usize = 16 * 1024;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    webhooks: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    capacity: usize,
    peers: Arc<Peers>,
}

/// What each address has inside.
#[derive(Debug)]
struct Peers {
    most: Load,
    inside: Mutex<HashMap<IpAddr, Load>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Load {
    webhooks: usize,
    bytes: usize,
}

/// The right of one webhook to be inside; leaves on drop.
#[derive(Debug)]
pub(super) struct Passage {
    _webhook: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
    room: Arc<Semaphore>,
    share: Share,
}

/// A passage's part of what its address may have; given back on drop.
#[derive(Debug)]
struct Share {
    peer: IpAddr,
    bytes: usize,
    peers: Arc<Peers>,
}

impl Gate {
    /// Room for so many webhooks and bytes, of which one address gets `percent` at most.
    pub(super) fn new(webhooks: usize, bytes: usize, percent: usize) -> Self {
        let capacity = webhooks.min(Semaphore::MAX_PERMITS);
        let bytes = bytes.min(Semaphore::MAX_PERMITS);
        let share = |whole: usize| whole.saturating_mul(percent.min(100)).div_ceil(100).max(1);
        let most = Load {
            webhooks: share(capacity),
            bytes: share(bytes),
        };
        Self {
            webhooks: Arc::new(Semaphore::new(capacity)),
            bytes: Arc::new(Semaphore::new(bytes)),
            capacity,
            peers: Arc::new(Peers {
                most,
                inside: Mutex::default(),
            }),
        }
    }

    /// Lets a webhook in, or not, at once; with room for its first bytes.
    pub(super) fn enter(&self, peer: IpAddr, bytes: usize) -> Option<Passage> {
        let first = bytes.min(STEP_BYTES);
        let share = Peers::enter(&self.peers, peer, first)?;
        Some(Passage {
            _webhook: Arc::clone(&self.webhooks).try_acquire_owned().ok()?,
            bytes: take(&self.bytes, first)?,
            room: Arc::clone(&self.bytes),
            share,
        })
    }

    /// How many are inside.
    pub(super) fn inside(&self) -> usize {
        self.capacity.saturating_sub(self.webhooks.available_permits())
    }
}

impl Passage {
    /// Reserves room for a body that has grown to `total` bytes; false when there is none.
    pub(super) fn reserve(&mut self, total: usize) -> bool {
        let held = self.bytes.num_permits();
        if total <= held {
            return true;
        }
        let more = total.div_ceil(STEP_BYTES) * STEP_BYTES - held;
        if !self.share.grow(more) {
            return false;
        }
        let taken = take(&self.room, more);
        taken.map(|more| self.bytes.merge(more)).is_some()
    }
}

impl Peers {
    fn enter(peers: &Arc<Self>, peer: IpAddr, bytes: usize) -> Option<Share> {
        let mut inside = peers.lock();
        let load = inside.entry(peer).or_default();
        // Nobody is refused for the size of one webhook alone.
        let full = load.webhooks >= peers.most.webhooks
            || (load.webhooks > 0 && load.bytes + bytes > peers.most.bytes);
        if full {
            return None;
        }
        load.webhooks += 1;
        load.bytes += bytes;
        drop(inside);
        Some(Share {
            peer,
            bytes,
            peers: Arc::clone(peers),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Load>> {
        // Nothing under the lock can panic half-way through a change.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    fn grow(&mut self, more: usize) -> bool {
        let mut inside = self.peers.lock();
        let Some(load) = inside.get_mut(&self.peer) else {
            return false;
        };
        if load.webhooks > 1 && load.bytes + more > self.peers.most.bytes {
            return false;
        }
        load.bytes += more;
        drop(inside);
        self.bytes += more;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut inside = self.peers.lock();
        if let Some(load) = inside.get_mut(&self.peer) {
            load.webhooks -= 1;
            load.bytes -= self.bytes;
            if load.webhooks == 0 {
                inside.remove(&self.peer);
            }
        }
    }
}

fn take(room: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes).ok()?;
    Arc::clone(room).try_acquire_many_owned(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn both_numbers_bound_the_inside_and_a_left_place_is_free() {
        let gate = Gate::new(2, 100, 100);
        let first = gate.enter(A, 60).unwrap();
        assert!(gate.enter(A, 60).is_none(), "the bytes are used up");
        assert_eq!(gate.inside(), 1, "a refusal keeps no place");
        let _second = gate.enter(A, 40).unwrap();
        assert!(gate.enter(A, 0).is_none(), "the places are used up");
        drop(first);
        assert!(gate.enter(A, 60).is_some());
    }

    #[test]
    fn an_announcement_reserves_one_step_and_the_bytes_the_rest() {
        let gate = Gate::new(9, STEP_BYTES * 4, 100);
        let mut first = gate.enter(A, 256 * 1024).unwrap();
        let mut second = gate.enter(A, 256 * 1024).unwrap();
        assert!(first.reserve(STEP_BYTES) && first.reserve(STEP_BYTES * 2 + 1));
        assert!(!second.reserve(STEP_BYTES + 1), "the room is used up");
        drop(first);
        assert!(second.reserve(STEP_BYTES * 4));
        drop(second);
        assert!(gate.peers.lock().is_empty(), "nothing stays behind");
    }

    #[test]
    fn one_address_gets_its_share_and_leaves_the_rest() {
        let gate = Gate::new(4, STEP_BYTES * 8, 50);
        let mine = [gate.enter(A, 1).unwrap(), gate.enter(A, 1).unwrap()];
        assert!(gate.enter(A, 1).is_none());
        let mut theirs = gate.enter(B, STEP_BYTES * 3).unwrap();
        let _other = gate.enter(B, STEP_BYTES).unwrap();
        assert!(theirs.reserve(STEP_BYTES * 3));
        assert!(!theirs.reserve(STEP_BYTES * 4), "half of the bytes");
        drop(mine);
        assert!(gate.enter(A, 1).is_some());
    }
}
