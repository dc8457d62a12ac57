//! The clock and the dice of this machine, behind the actors' ports.

use std::time::{SystemTime, UNIX_EPOCH};

use cordboard_actors::ports::{Clock, Jitter};
use cordboard_core::Timestamp;

/// The machine's wall clock.
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The operating system's randomness.
pub(super) struct SystemJitter;

impl Jitter for SystemJitter {
    fn next(&self) -> f64 {
        rand::random()
    }
}
