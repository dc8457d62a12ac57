//! Who is live, by state and flow, and how many are in rooms: gauges kept from committed records.
//!
//! Told at commit; after a start a background reading tells of those who were there before, page by page. Whoever was
//! told of by a record since is not counted by the older one. Nothing is decided by it.

use std::sync::atomic::{AtomicBool, Ordering};

use cordboard_core::Address;
use cordboard_observability::metrics::{Metrics, word};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::journal::{AppendError, Browse, Journal};
use crate::telemetry::Moment;

/// Entities read at one time.
const PAGE: usize = 250;

/// The label of a call that no flow took.
const NO_FLOW: &str = "none";

/// See the module.
#[derive(Debug, Default)]
pub struct Census {
    /// As counted; `None` for one that ended while the reading was under way.
    counted: DashMap<Address, Option<Place>>,
    /// Whether who ended must be remembered, lest an older record brings it back.
    reading: AtomicBool,
}

/// Where an entity is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Call { state: &'static str, flow: &'static str },
    Room { live: bool, people: i64 },
}

impl Census {
    /// A record left an entity like this.
    pub(crate) fn told(&self, metrics: &Metrics, address: &Address, now: &Moment, over: bool) {
        let place = Place::of(address, now).filter(|_| !over);
        let before = match place.is_none() && !self.reading.load(Ordering::Acquire) {
            true => self.counted.remove(address).and_then(|(_, before)| before),
            false => self.counted.insert(address.clone(), place).flatten(),
        };
        count(metrics, before, -1);
        count(metrics, place, 1);
    }

    /// Counts who is live by the journal and was not told of since the start.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn read(&self, metrics: &Metrics, journal: &dyn Journal) -> Result<(), AppendError> {
        self.reading.store(true, Ordering::Release);
        let read = self.read_pages(metrics, journal).await;
        self.reading.store(false, Ordering::Release);
        self.counted.retain(|_, place| place.is_some());
        read
    }

    async fn read_pages(&self, metrics: &Metrics, journal: &dyn Journal) -> Result<(), AppendError> {
        for kind in ["call", "conference"] {
            let mut before = None;
            loop {
                let page = Browse {
                    kind,
                    over: false,
                    before,
                    most: PAGE,
                };
                let found = journal.browse(page).await?;
                for browsed in &found {
                    let (address, now) = (&browsed.last.address, Moment::after(&browsed.last));
                    if let Some(place) = Place::of(address, &now)
                        && let Entry::Vacant(vacant) = self.counted.entry(address.clone())
                    {
                        vacant.insert(Some(place));
                        count(metrics, Some(place), 1);
                    }
                }
                match found.last() {
                    Some(last) if found.len() == PAGE => before = Some(last.number),
                    _ => break,
                }
            }
        }
        Ok(())
    }
}

impl Place {
    fn of(address: &Address, now: &Moment) -> Option<Self> {
        match address {
            // Late outcomes still make records of a call that is over.
            Address::Call(_) if now.phase == "ended" => None,
            Address::Call(_) => Some(Self::Call {
                state: now.phase,
                flow: now.story.flow.as_deref().map_or(NO_FLOW, word),
            }),
            Address::Conference(_) if now.phase == "idle" => None,
            Address::Conference(_) => Some(Self::Room {
                live: matches!(now.phase, "live" | "closing"),
                people: i64::try_from(now.story.people).unwrap_or(i64::MAX),
            }),
            // A queue shows itself.
            Address::Sms(_) | Address::Queue(_) => None,
        }
    }
}

fn count(metrics: &Metrics, place: Option<Place>, change: i64) {
    match place {
        Some(Place::Call { state, flow }) => {
            metrics.calls.live.inc_by(change);
            metrics.calls.in_state.add([state, flow], change);
        }
        Some(Place::Room { live, people }) => {
            metrics.conferences.live.inc_by(if live { change } else { 0 });
            metrics.conferences.participants.inc_by(people * change);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_core::Story;

    fn moment(phase: &'static str, people: usize) -> Moment {
        Moment {
            phase,
            story: Story {
                flow: Some("front-desk".into()),
                people,
                ..Story::default()
            },
            ..Moment::default()
        }
    }

    #[test]
    fn a_call_is_in_one_state_at_a_time_and_in_none_when_it_is_over() {
        let (census, metrics) = (Census::default(), Metrics::default());
        let call = Address::Call("c".into());
        let seen = |state| metrics.calls.in_state.value([state, "front-desk"]);
        census.told(&metrics, &call, &moment("ringing", 0), false);
        census.told(&metrics, &call, &moment("gather", 0), false);
        assert_eq!(
            (seen("ringing"), seen("gather"), metrics.calls.live.get()),
            (0, 1, 1)
        );
        census.told(&metrics, &call, &moment("ended", 0), true);
        // An outcome that came late.
        census.told(&metrics, &call, &moment("ended", 0), false);
        assert_eq!(
            (seen("gather"), seen("ended"), metrics.calls.live.get()),
            (0, 0, 0)
        );
        assert!(census.counted.is_empty());
    }

    #[test]
    fn a_room_counts_who_is_in_and_is_gone_when_idle() {
        let (census, metrics) = (Census::default(), Metrics::default());
        let room = Address::Conference("r".into());
        let seen = || {
            (
                metrics.conferences.live.get(),
                metrics.conferences.participants.get(),
            )
        };
        census.told(&metrics, &room, &moment("creating", 0), false);
        assert_eq!(seen(), (0, 0));
        census.told(&metrics, &room, &moment("live", 3), false);
        assert_eq!(seen(), (1, 3));
        census.told(&metrics, &room, &moment("idle", 0), false);
        assert_eq!(seen(), (0, 0));
    }

    #[tokio::test]
    async fn who_ended_while_the_journal_was_read_is_not_counted_again() {
        let (census, metrics) = (Census::default(), Metrics::default());
        let call = Address::Call("c".into());
        census.reading.store(true, Ordering::Release);
        census.told(&metrics, &call, &moment("ended", 0), true);
        assert!(census.counted.contains_key(&call));
        census
            .read(&metrics, &crate::journal::MemoryJournal::start())
            .await
            .expect("it reads");
        assert!(census.counted.is_empty());
    }
}
