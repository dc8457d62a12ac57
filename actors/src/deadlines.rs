//! Deadlines belong to the registry's side: they outlive actors, survive panics and wake sleepers.
//!
//! One per address, set at commit from the machine's `next_deadline()`. A due deadline is offered again every
//! second until a record changes it.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cordboard_core::{Address, Input, Timestamp};
use tokio::sync::Notify;

use crate::delivery::Delivery;
use crate::house::House;

/// A due deadline that no record answered is offered again after so long.
const OFFER_AGAIN: Duration = Duration::from_secs(1);
/// The service looks at the clock at least so often, so that a stepped wall clock is noticed.
const LONGEST_NAP: Duration = Duration::from_secs(1);

/// Deadlines of every entity, asleep or awake.
#[derive(Default)]
pub struct Deadlines {
    book: Mutex<Book>,
    changed: Notify,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Book {
    by_address: HashMap<Address, Timestamp>,
    by_time: BTreeSet<(Timestamp, Address)>,
    /// Sending numbers among them.
    numbers: usize,
}

impl Deadlines {
    /// Sets, moves or clears the deadline of an entity.
    pub fn set(&self, address: &Address, at: Option<Timestamp>) {
        let earliest_changed = {
            let mut book = self.book();
            let before = book.by_time.first().map(|(at, _)| *at);
            book.set(address, at);
            before != book.by_time.first().map(|(at, _)| *at)
        };
        if earliest_changed {
            self.changed.notify_one();
        }
    }

    /// Sets the deadline of an entity that wakes: a life before it may have moved it ahead of its records. One that
    /// is due and being offered already keeps its pause.
    pub(crate) fn restore(&self, address: &Address, at: Option<Timestamp>, now: Timestamp) {
        let armed = self.book().by_address.get(address).copied();
        let being_offered =
            at.is_some_and(|at| at <= now) && armed.is_some_and(|armed| armed <= now + OFFER_AGAIN);
        if !being_offered {
            self.set(address, at);
        }
    }

    /// Calls and rooms that have one. A number always waits for something, such as tomorrow's forecast or the last word
    /// about a text: that is nothing left behind.
    pub fn armed(&self) -> usize {
        let book = self.book();
        book.by_address.len() - book.numbers
    }

    /// Whether an entity has one: every live call and room does, asleep or awake.
    pub fn is_armed(&self, address: &Address) -> bool {
        self.book().by_address.contains_key(address)
    }

    /// Nothing fires any more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything due; each is put off to `OFFER_AGAIN` from now.
    fn take_due(&self, now: Timestamp) -> Vec<Address> {
        let mut book = self.book();
        let mut due = Vec::new();
        while let Some((at, address)) = book.by_time.first().cloned()
            && at <= now
        {
            book.set(&address, Some(now + OFFER_AGAIN));
            due.push(address);
        }
        due
    }

    fn nap(&self, now: Timestamp) -> Duration {
        let next = self.book().by_time.first().map(|(at, _)| at.since(now));
        next.unwrap_or(LONGEST_NAP).min(LONGEST_NAP)
    }
}

impl Book {
    fn set(&mut self, address: &Address, at: Option<Timestamp>) {
        let before = match at {
            Some(at) => self.by_address.insert(address.clone(), at),
            None => self.by_address.remove(address),
        };
        if matches!(address, Address::Sms(_)) {
            self.numbers = self.numbers + usize::from(at.is_some()) - usize::from(before.is_some());
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, address.clone()));
        }
        if let Some(at) = at {
            self.by_time.insert((at, address.clone()));
        }
    }
}

/// Starts the task that offers due deadlines; it ends with the house.
pub(crate) fn serve(house: Weak<House>) {
    tokio::spawn(async move {
        loop {
            let Some(house) = house.upgrade() else { return };
            if house.deadlines.stopped.load(Ordering::Relaxed) {
                return;
            }
            for address in house.deadlines.take_due(house.clock.now()) {
                // Its receipt is of no interest: an unanswered deadline comes due again.
                let (delivery, _) = Delivery::new(Input::Deadline);
                house.registry.deliver(&house, &address, delivery);
            }
            let nap = house.deadlines.nap(house.clock.now());
            let changed = house.deadlines.changed.notified();
            let _ = tokio::time::timeout(nap, changed).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_deadline_stays_armed_until_it_is_changed() {
        let deadlines = Deadlines::default();
        let call = Address::Call("a".into());
        let at = Timestamp::from_millis;
        deadlines.set(&call, Some(at(1_000)));
        assert!(deadlines.take_due(at(999)).is_empty());
        assert_eq!(deadlines.take_due(at(1_000)), std::slice::from_ref(&call));
        assert!(deadlines.take_due(at(1_999)).is_empty());
        assert_eq!(deadlines.take_due(at(2_000)), std::slice::from_ref(&call));
        deadlines.set(&call, None);
        assert!(deadlines.take_due(at(9_000)).is_empty());
        assert_eq!(deadlines.armed(), 0);
    }

    #[test]
    fn waking_restores_a_deadline_and_keeps_the_pause_of_one_that_is_due() {
        let deadlines = Deadlines::default();
        let call = Address::Call("a".into());
        let at = Timestamp::from_millis;
        deadlines.set(&call, Some(at(60_000)));
        deadlines.restore(&call, Some(at(1_000)), at(500));
        assert_eq!(deadlines.take_due(at(1_000)), std::slice::from_ref(&call));
        deadlines.restore(&call, Some(at(1_000)), at(1_100));
        assert!(deadlines.take_due(at(1_999)).is_empty());
        assert_eq!(deadlines.take_due(at(2_000)), std::slice::from_ref(&call));
        deadlines.set(&call, None);
        deadlines.restore(&call, Some(at(1_000)), at(2_100));
        assert_eq!(deadlines.take_due(at(2_100)), std::slice::from_ref(&call));
    }

    #[test]
    fn moving_a_deadline_leaves_one() {
        let deadlines = Deadlines::default();
        let call = Address::Call("a".into());
        deadlines.set(&call, Some(Timestamp::from_millis(5)));
        deadlines.set(&call, Some(Timestamp::from_millis(9)));
        assert_eq!(deadlines.armed(), 1);
        assert!(deadlines.take_due(Timestamp::from_millis(5)).is_empty());
    }
}
