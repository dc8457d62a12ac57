//! What was seen before: a difference counts from its second sighting on, because one may be the carrier's delay.
//!
//! Kept by the reconciler between its comparisons. Knows nothing of legs and conferences.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Two sightings that are closer together than this are one: a carrier's list may be behind by seconds.
pub(super) const APART: Duration = Duration::from_secs(10);

/// When each present difference was seen first.
#[derive(Debug)]
pub(super) struct Sightings<K>(HashMap<K, Sighting>);

#[derive(Clone, Copy, Debug)]
struct Sighting {
    first: Instant,
    told: bool,
}

impl<K> Default for Sightings<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Sightings<K> {
    /// Takes over what is seen now; what is not seen any more is forgotten. Gives those that were seen before, and
    /// since when.
    pub(super) fn look(&mut self, seen: impl IntoIterator<Item = K>, now: Instant) -> Vec<(K, Duration)> {
        let before = std::mem::take(&mut self.0);
        let mut again = Vec::new();
        for key in seen {
            let sighting = before.get(&key).copied().unwrap_or(Sighting {
                first: now,
                told: false,
            });
            let since = now.duration_since(sighting.first);
            if since >= APART {
                again.push((key.clone(), since));
            }
            self.0.insert(key, sighting);
        }
        again
    }

    /// Whether this is the first time that somebody is to be told of it.
    pub(super) fn tell(&mut self, key: &K) -> bool {
        match self.0.get_mut(key) {
            Some(sighting) => !std::mem::replace(&mut sighting.told, true),
            None => false,
        }
    }

    /// Whether something waits for its second sighting.
    pub(super) fn waits(&self, now: Instant) -> bool {
        self.0
            .values()
            .any(|sighting| now.duration_since(sighting.first) < APART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_sighting_counts_when_it_is_apart_from_the_first() {
        let mut sightings = Sightings::default();
        let start = Instant::now();
        assert!(sightings.look(["a"], start).is_empty());
        assert!(sightings.waits(start));
        assert!(sightings.look(["a", "b"], start + APART / 2).is_empty());
        let again = sightings.look(["a", "b"], start + APART);
        assert_eq!(again, [("a", APART)]);
        assert!(sightings.look(["b"], start + APART).is_empty());
        assert!(
            sightings.look(["a"], start + APART * 2).is_empty(),
            "it was gone in between"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_is_told_once_for_as_long_as_it_lasts() {
        let mut sightings = Sightings::default();
        let start = Instant::now();
        sightings.look(["a"], start);
        assert!(sightings.tell(&"a"));
        sightings.look(["a"], start + APART);
        assert!(!sightings.tell(&"a"));
        sightings.look([], start + APART);
        sightings.look(["a"], start + APART);
        assert!(sightings.tell(&"a"));
    }
}
