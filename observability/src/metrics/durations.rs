//! A histogram of durations in seconds, and the buckets that our histograms use.
//!
//! Used by the metrics beside it. Buckets belong here and nowhere else, so that dashboards can compare histograms.

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// For what happens inside the process: 50 microseconds (an actor's turn) to 1 second (something is stuck).
pub(super) const INSIDE: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
];

/// For what a carrier waits for: 1 ms (a good answer) to 15 s (Twilio's limit for a webhook, the longest of all).
pub(super) const ANSWER: [f64; 14] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0,
];

/// For whole calls: 1 second to 8 hours.
pub(super) const LIFETIME: [f64; 12] = [
    1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 28_800.0,
];

/// A histogram that takes a [`Duration`].
#[derive(Clone, Debug)]
pub struct Durations(Histogram);

impl Durations {
    /// Registers the histogram; the text format adds `_seconds` to its name.
    pub(super) fn register(
        registry: &mut Registry,
        name: &'static str,
        help: &'static str,
        buckets: impl IntoIterator<Item = f64>,
    ) -> Self {
        let histogram = Histogram::new(buckets);
        registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        Self(histogram)
    }

    /// Records one duration.
    pub fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}
