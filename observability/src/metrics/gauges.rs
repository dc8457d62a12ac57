//! A family of gauges by labels, bounded like [`super::Counters`].
//!
//! For what is live at present by state and flow. Names from a user's files become labels here through [`word`] and
//! nowhere else.

use super::counters::{Labels, MAX_SERIES, OTHER};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Names from outside the program's source that may become label values in one process. Each stays in memory for good.
const MOST_WORDS: usize = 100;

/// Longest such name.
const LONGEST_WORD: usize = 64;

/// Gauges by `N` labels.
#[derive(Clone)]
pub struct Gauges<const N: usize> {
    names: [&'static str; N],
    family: Family<Labels<N>, Gauge>,
    series: Arc<Mutex<BTreeSet<[&'static str; N]>>>,
}

impl<const N: usize> Gauges<N> {
    pub(super) fn register(
        registry: &mut Registry,
        name: &'static str,
        help: &'static str,
        names: [&'static str; N],
    ) -> Self {
        let family = Family::<Labels<N>, Gauge>::default();
        registry.register(name, help, family.clone());
        Self {
            names,
            family,
            series: Arc::default(),
        }
    }

    /// Changes one series by this much; beyond [`MAX_SERIES`] the one where every label is [`OTHER`].
    pub fn add(&self, values: [&'static str; N], change: i64) {
        let values = self.fenced(values);
        let labels = Labels {
            names: self.names,
            values,
        };
        self.family.get_or_create_owned(&labels).inc_by(change);
    }

    /// What one series shows; 0 when it does not exist.
    #[must_use]
    pub fn value(&self, values: [&'static str; N]) -> i64 {
        let labels = Labels {
            names: self.names,
            values,
        };
        self.family.get(&labels).map_or(0, |gauge| gauge.get())
    }

    fn fenced(&self, values: [&'static str; N]) -> [&'static str; N] {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if series.contains(&values) {
            return values;
        }
        if series.len() >= MAX_SERIES {
            return [OTHER; N];
        }
        series.insert(values);
        values
    }
}

impl<const N: usize> fmt::Debug for Gauges<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Gauges").field(&self.names).finish()
    }
}

/// A name from a user's files, such as a flow's, as a label value. The first hundred are kept for good, any further one
/// is [`OTHER`].
#[must_use]
pub fn word(name: &str) -> &'static str {
    static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(name) {
        return known;
    }
    if words.len() >= MOST_WORDS || name.len() > LONGEST_WORD {
        return OTHER;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    words.insert(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_goes_up_and_down_per_series() {
        let gauges = Gauges::register(&mut Registry::default(), "things", "Things", ["state", "flow"]);
        gauges.add(["ringing", "a"], 2);
        gauges.add(["ringing", "a"], -1);
        assert_eq!((gauges.value(["ringing", "a"]), gauges.value(["x", "a"])), (1, 0));
    }

    #[test]
    fn names_beyond_the_bound_and_long_ones_become_other() {
        assert_eq!(word("front-desk"), "front-desk");
        assert_eq!(word(&"x".repeat(LONGEST_WORD + 1)), OTHER);
        let others = (0..MOST_WORDS + 5).filter(|n| word(&format!("flow-{n}")) == OTHER);
        assert!(others.count() >= 5);
        assert_eq!(word("front-desk"), "front-desk");
    }
}
