//! Authentic webhooks that could not be understood, kept for people to look at.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use cordboard_actors::ports::Quarantine;

/// The latest bodies; a carrier that sends nonsense must not fill the memory.
const KEPT: usize = 64;

/// The latest broken webhooks, in memory. Their bytes are never logged.
#[derive(Default)]
pub(super) struct QuarantineShelf(Mutex<VecDeque<(&'static str, Vec<u8>)>>);

impl Quarantine for QuarantineShelf {
    fn keep(&self, label: &'static str, bytes: &[u8]) {
        tracing::warn!(
            reason = label,
            bytes = bytes.len(),
            "an authentic webhook makes no sense; it is set aside"
        );
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() == KEPT {
            shelf.pop_front();
        }
        shelf.push_back((label, bytes.to_vec()));
    }
}
