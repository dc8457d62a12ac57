//! Flows that panic at one place in call after call: new calls on them are refused until it has been quiet.
//!
//! Told of panics by the registry, asked by the router for each new call. Live calls go on; nothing is decided here
//! about inputs, which are the quarantine's.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordboard_core::{Address, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

/// Panics that are further apart have nothing to do with each other.
const WINDOW: Duration = Duration::from_secs(60);
/// Pairs of flow and place that are watched; a program has few places that panic.
const MOST_PLACES: usize = 256;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct ClosedFlows(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// Calls that panicked within the window, by flow and place.
    panics: HashMap<(String, String), VecDeque<(Instant, Address)>>,
    closed: BTreeMap<String, Closed>,
}

#[derive(Debug)]
struct Closed {
    place: String,
    since: Timestamp,
    last_panic: Instant,
}

/// A flow that takes no new calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClosedFlow {
    /// Its name.
    pub flow: String,
    /// Where its calls panicked.
    pub place: String,
    /// Since when, microseconds since the epoch.
    pub since_us: u64,
}

impl ClosedFlows {
    /// A call on this flow panicked here. True when that closes the flow: more than `most` calls within a minute.
    pub(crate) fn panicked(
        &self,
        flow: &str,
        place: &str,
        call: &Address,
        most: usize,
        at: Timestamp,
    ) -> bool {
        let now = Instant::now();
        let mut book = self.book();
        if let Some(closed) = book.closed.get_mut(flow) {
            closed.last_panic = now;
            return false;
        }
        book.forget(now);
        let calls = book
            .panics
            .entry((flow.to_owned(), place.to_owned()))
            .or_default();
        calls.retain(|(_, other)| other != call);
        calls.push_back((now, call.clone()));
        if calls.len() <= most {
            return false;
        }
        book.panics.retain(|(of, _), _| of != flow);
        let closed = Closed {
            place: place.to_owned(),
            since: at,
            last_panic: now,
        };
        book.closed.insert(flow.to_owned(), closed);
        true
    }

    /// Whether new calls on this flow are refused. It opens again once nothing has panicked for `quiet`.
    pub(crate) fn refuses(&self, flow: &str, quiet: Duration) -> bool {
        let mut book = self.book();
        let Some(closed) = book.closed.get(flow) else {
            return false;
        };
        if closed.last_panic.elapsed() < quiet {
            return true;
        }
        book.closed.remove(flow);
        tracing::warn!(
            flow,
            "nothing has panicked for a while; the flow takes new calls again"
        );
        false
    }

    /// Flows that take no new calls at present.
    pub(crate) fn list(&self, quiet: Duration) -> Vec<ClosedFlow> {
        let book = self.book();
        let closed = book
            .closed
            .iter()
            .filter(|(_, closed)| closed.last_panic.elapsed() < quiet);
        closed
            .map(|(flow, closed)| ClosedFlow {
                flow: flow.clone(),
                place: closed.place.clone(),
                since_us: closed.since.as_micros(),
            })
            .collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn forget(&mut self, now: Instant) {
        for calls in self.panics.values_mut() {
            calls.retain(|(at, _)| now.duration_since(*at) < WINDOW);
        }
        self.panics.retain(|_, calls| !calls.is_empty());
        if self.panics.len() >= MOST_PLACES {
            self.panics.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(300);

    fn panics(flows: &ClosedFlows, flow: &str, place: &str, n: usize) -> bool {
        let call = Address::Call(format!("{n}").as_str().into());
        flows.panicked(flow, place, &call, 5, Timestamp::from_millis(1))
    }

    #[tokio::test(start_paused = true)]
    async fn the_sixth_call_within_a_minute_closes_the_flow_until_it_is_quiet() {
        let flows = ClosedFlows::default();
        for n in 0..5 {
            assert!(!panics(&flows, "menu", "a.rs:1", n));
            assert!(!panics(&flows, "menu", "a.rs:1", n), "a call counts once");
        }
        assert!(!flows.refuses("menu", QUIET));
        assert!(panics(&flows, "menu", "a.rs:1", 5));
        assert!(flows.refuses("menu", QUIET));
        assert!(!flows.refuses("other", QUIET));
        tokio::time::advance(QUIET / 2).await;
        assert!(
            !panics(&flows, "menu", "b.rs:1", 9),
            "a live call goes on panicking"
        );
        tokio::time::advance(QUIET / 2).await;
        assert!(flows.refuses("menu", QUIET));
        assert_eq!(flows.list(QUIET)[0].place, "a.rs:1");
        tokio::time::advance(QUIET).await;
        assert_eq!(flows.list(QUIET), []);
        assert!(!flows.refuses("menu", QUIET));
    }

    #[tokio::test(start_paused = true)]
    async fn places_flows_and_minutes_are_counted_apart() {
        let flows = ClosedFlows::default();
        for n in 0..20 {
            assert!(!panics(&flows, &format!("flow-{}", n % 4), "a.rs:1", n));
            assert!(!panics(&flows, "menu", &format!("a.rs:{}", n % 4), n));
        }
        tokio::time::advance(WINDOW).await;
        assert!(!panics(&flows, "menu", "a.rs:0", 99));
    }
}
