//! Inputs that panic: the first time the entity restarts and the input comes again, the second time it is set
//! aside and the entity lands safely.

use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Address, CallControlId, Input};
use dashmap::DashMap;
use tokio::time::Instant;

use crate::delivery::{Delivery, InputKey};
use crate::house::House;

/// Panics of one input that set it aside.
const STRIKES: u32 = 2;
/// Strikes older than this are forgotten: carriers offer an event again for minutes, and panics of a deadline that are
/// days apart have nothing to do with each other.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
/// How often an entity is told that an input was set aside, should that panic too.
const LANDINGS: u32 = 5;

#[derive(Default)]
pub(super) struct Poison(DashMap<InputKey, Strikes>);

#[derive(Clone, Copy)]
struct Strikes {
    count: u32,
    last: Instant,
}

impl Poison {
    /// Counts a panic; true when the input is to be set aside now.
    pub(super) fn strike(&self, key: &InputKey) -> bool {
        let now = Instant::now();
        self.0
            .retain(|_, strikes| now.duration_since(strikes.last) < FORGOTTEN_AFTER);
        let strikes = {
            let mut strikes = self
                .0
                .entry(key.clone())
                .or_insert(Strikes { count: 0, last: now });
            strikes.count += 1;
            strikes.last = now;
            strikes.count
        };
        if strikes >= STRIKES && matches!(key, InputKey::Deadline(_)) {
            // Landing sets deadlines of its own, which must be heard.
            self.0.remove(key);
        }
        strikes == STRIKES
    }

    /// An input that is handled after all has nothing against it.
    pub(super) fn forgive(&self, key: &InputKey) {
        if !self.0.is_empty() {
            self.0.remove(key);
        }
    }

    pub(super) fn is_quarantined(&self, key: &InputKey) -> bool {
        !self.0.is_empty() && self.0.get(key).is_some_and(|strikes| strikes.count >= STRIKES)
    }
}

/// Tells the entity, until a record contains it.
pub(super) fn land(house: &Arc<House>, address: Address, label: &'static str, leg: Option<CallControlId>) {
    let house = Arc::clone(house);
    tokio::spawn(async move {
        for attempt in 1..=LANDINGS {
            let (delivery, receipt) = Delivery::new(Input::Quarantined {
                input: label.to_owned(),
                leg: leg.clone(),
            });
            house.registry.deliver(&house, &address, delivery);
            if receipt.await.is_ok_and(|receipt| receipt.is_durable()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100) * attempt).await;
        }
        tracing::error!(%address, "an entity could not even be landed");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline() -> InputKey {
        InputKey::Deadline(Address::Call("a".into()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_strike_within_an_hour_counts() {
        let poison = Poison::default();
        assert!(!poison.strike(&deadline()));
        tokio::time::advance(FORGOTTEN_AFTER / 2).await;
        assert!(poison.strike(&deadline()));
    }

    #[tokio::test(start_paused = true)]
    async fn strikes_of_another_day_are_forgotten() {
        let poison = Poison::default();
        assert!(!poison.strike(&deadline()));
        tokio::time::advance(FORGOTTEN_AFTER * 24).await;
        assert!(!poison.strike(&deadline()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_that_was_handled_since_starts_afresh() {
        let poison = Poison::default();
        assert!(!poison.strike(&deadline()));
        poison.forgive(&deadline());
        assert!(!poison.strike(&deadline()));
    }
}
