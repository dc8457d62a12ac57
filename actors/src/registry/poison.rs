//! Inputs that panic: the first time the entity restarts and the input comes again, the second time it is set aside.
//! Also the entities that take no input any more.
//!
//! Asked by the registry before each delivery. What is set aside is kept by the quarantine; a start tells us of it.

use std::time::Duration;

use cordboard_core::Address;
use dashmap::{DashMap, DashSet};
use tokio::time::Instant;

use crate::delivery::InputKey;

/// Panics of one input that set it aside.
const STRIKES: u32 = 2;
/// Strikes older than this are forgotten: carriers offer an event again for minutes, and panics of a deadline that are
/// days apart have nothing to do with each other.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

#[derive(Default)]
pub(super) struct Poison {
    strikes: DashMap<InputKey, Strikes>,
    /// Keys of inputs that an earlier run has set aside.
    known: DashSet<String>,
    shut: DashSet<Address>,
}

#[derive(Clone, Copy)]
struct Strikes {
    count: u32,
    last: Instant,
    /// The quarantine has it.
    kept: bool,
}

/// What becomes of an input at the door of its entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is handled.
    Welcome,
    /// It is being set aside: come again.
    Wait,
    /// It was set aside: nobody need offer it again.
    SetAside,
}

impl Poison {
    /// Counts a panic; true when the input is to be set aside now.
    pub(super) fn strike(&self, key: &InputKey) -> bool {
        let now = Instant::now();
        self.strikes
            .retain(|_, strikes| now.duration_since(strikes.last) < FORGOTTEN_AFTER);
        let strikes = {
            let mut strikes = self.strikes.entry(key.clone()).or_insert(Strikes {
                count: 0,
                last: now,
                kept: false,
            });
            strikes.count += 1;
            strikes.last = now;
            strikes.count
        };
        if strikes >= STRIKES && matches!(key, InputKey::Deadline(_)) {
            // Landing sets deadlines of its own, which must be heard.
            self.strikes.remove(key);
        }
        strikes == STRIKES
    }

    /// An input that is handled after all has nothing against it.
    pub(super) fn forgive(&self, key: &InputKey) {
        if !self.strikes.is_empty() {
            self.strikes.remove(key);
        }
    }

    /// The quarantine has this input.
    pub(super) fn is_kept(&self, key: &InputKey) {
        if let Some(mut strikes) = self.strikes.get_mut(key) {
            strikes.kept = true;
        }
    }

    /// An earlier run has set these aside.
    pub(super) fn remember(&self, keys: Vec<String>) {
        for key in keys {
            self.known.insert(key);
        }
    }

    /// Whether nobody has anything against anybody, as nearly always.
    pub(super) fn is_idle(&self) -> bool {
        self.strikes.is_empty() && self.known.is_empty()
    }

    pub(super) fn verdict(&self, key: &InputKey) -> Verdict {
        match self.strikes.get(key) {
            Some(strikes) if strikes.count < STRIKES => Verdict::Welcome,
            Some(strikes) if strikes.kept => Verdict::SetAside,
            Some(_) => Verdict::Wait,
            None if !self.known.is_empty() && self.known.contains(&key.text()) => Verdict::SetAside,
            None => Verdict::Welcome,
        }
    }

    pub(super) fn shut(&self, address: &Address) {
        self.shut.insert(address.clone());
    }

    pub(super) fn admit_again(&self, address: &Address) {
        self.shut.remove(address);
    }

    pub(super) fn is_shut(&self, address: &Address) -> bool {
        !self.shut.is_empty() && self.shut.contains(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline() -> InputKey {
        InputKey::Deadline(Address::Call("a".into()))
    }

    fn event() -> InputKey {
        InputKey::Event("e".into())
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

    #[tokio::test(start_paused = true)]
    async fn an_input_waits_at_the_door_until_the_quarantine_has_it() {
        let poison = Poison::default();
        poison.strike(&event());
        assert_eq!(poison.verdict(&event()), Verdict::Welcome);
        poison.strike(&event());
        assert_eq!(poison.verdict(&event()), Verdict::Wait);
        poison.is_kept(&event());
        assert_eq!(poison.verdict(&event()), Verdict::SetAside);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_run_has_set_aside_stays_so() {
        let poison = Poison::default();
        assert!(poison.is_idle());
        poison.remember(vec![event().text()]);
        assert_eq!(poison.verdict(&event()), Verdict::SetAside);
        assert_eq!(poison.verdict(&InputKey::Event("f".into())), Verdict::Welcome);
    }
}
