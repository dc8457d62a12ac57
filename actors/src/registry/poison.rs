//! Inputs that panic: the first time the entity restarts and the input comes again, the second time it is set
//! aside and the entity lands safely.

use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Address, Input};
use dashmap::DashMap;

use crate::delivery::{Delivery, InputKey};
use crate::house::House;

/// Panics of one input that set it aside.
const STRIKES: u32 = 2;
/// How often an entity is told that an input was set aside, should that panic too.
const LANDINGS: u32 = 5;

#[derive(Default)]
pub(super) struct Poison(DashMap<InputKey, u32>);

impl Poison {
    /// Counts a panic; true when the input is to be set aside now.
    pub(super) fn strike(&self, key: &InputKey) -> bool {
        let strikes = {
            let mut strikes = self.0.entry(key.clone()).or_insert(0);
            *strikes += 1;
            *strikes
        };
        if strikes >= STRIKES && matches!(key, InputKey::Deadline(_)) {
            // Landing sets deadlines of its own, which must be heard.
            self.0.remove(key);
        }
        strikes == STRIKES
    }

    pub(super) fn is_quarantined(&self, key: &InputKey) -> bool {
        !self.0.is_empty() && self.0.get(key).is_some_and(|strikes| *strikes >= STRIKES)
    }
}

/// Tells the entity, until a record contains it.
pub(super) fn land(house: &Arc<House>, address: Address, label: &'static str) {
    let house = Arc::clone(house);
    tokio::spawn(async move {
        for attempt in 1..=LANDINGS {
            let (delivery, receipt) = Delivery::new(Input::Quarantined {
                input: label.to_owned(),
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
