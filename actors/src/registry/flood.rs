//! Calls about which more events come than any call can have: each is landed once, and what still comes is refused,
//! so that the others go on. Refused and not absorbed: an answer of 200 means that a record contains the event.
//!
//! Asked by the registry for each carrier event. Rooms are not measured: hundreds may leave one at the same moment.

use std::time::Duration;

use cordboard_core::{Address, EventBody, Input};
use dashmap::DashMap;
use tokio::time::Instant;

/// Events are counted over so long: a burst after a silence of the network is no flood.
const WINDOW: Duration = Duration::from_secs(10);
/// A flooded call is remembered for so long; carriers repeat for a minute.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Calls that are flooded.
#[derive(Default)]
pub(super) struct Floods(DashMap<Address, Instant>);

/// Counts the events of one entity while it is awake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    since: Instant,
    events: u32,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            events: 0,
        }
    }
}

impl Meter {
    /// Counts one event; true for the one that is too many.
    pub(super) fn overflows(&mut self, per_second: u32) -> bool {
        if self.since.elapsed() >= WINDOW {
            *self = Self::default();
        }
        self.events += 1;
        let most = u64::from(per_second).saturating_mul(WINDOW.as_secs());
        u64::from(self.events) == most + 1
    }
}

impl Floods {
    /// Whether this is one more event of a call that was landed for its events. Its hangup is still heard.
    pub(super) fn refuses(&self, address: &Address, input: &Input) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Input::Event { event, .. } = input else {
            return false;
        };
        let flooded = self
            .0
            .get(address)
            .is_some_and(|since| since.elapsed() < REMEMBERED);
        flooded && !matches!(event.body, EventBody::CallHangup { .. })
    }

    /// From here on this call's events are refused.
    pub(super) fn remember(&self, address: &Address) {
        self.0.retain(|_, since| since.elapsed() < REMEMBERED);
        self.0.insert(address.clone(), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_meter_overflows_once_within_its_window_and_forgets() {
        let mut meter = Meter::default();
        let mut count = |events| (0..events).filter(|_| meter.overflows(5)).count();
        assert_eq!(count(50), 0);
        assert_eq!(count(50), 1);
        tokio::time::advance(WINDOW).await;
        assert_eq!(count(50), 0);
        assert_eq!(count(1), 1);
    }
}
