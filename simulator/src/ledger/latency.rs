//! How long the program takes: from a webhook's first byte to its 2xx, and from an event to the first
//! command that follows on the same leg.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;
use uuid::Uuid;

use crate::carrier::emitted::LegNo;

/// Longest duration that is told apart: ten minutes, far above every time-out.
const LONGEST_US: u64 = 600_000_000;

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Largest.
    pub max: f64,
}

/// The newest event of a leg that was sent and not yet followed by a command.
#[derive(Debug)]
struct Open {
    event: Uuid,
    sent: Instant,
    acked: bool,
    /// A command may come before the 2xx does.
    command: Option<Instant>,
}

/// Both histograms.
#[derive(Debug)]
pub(crate) struct Latencies {
    ack: Histogram<u64>,
    to_command: Histogram<u64>,
    open: HashMap<LegNo, Open>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            ack: histogram(),
            to_command: histogram(),
            open: HashMap::new(),
        }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("1..600,000,000 with 3 digits is a valid range")
}

impl Latencies {
    pub(crate) fn attempt(&mut self, leg: LegNo, event: Uuid, ends_leg: bool, now: Instant) {
        if ends_leg {
            // Nothing may follow on a leg that is over.
            self.open.remove(&leg);
        } else {
            self.open.insert(
                leg,
                Open {
                    event,
                    sent: now,
                    acked: false,
                    command: None,
                },
            );
        }
    }

    /// A request was answered that no later command belongs to.
    pub(crate) fn answered(&mut self, took: Duration) {
        self.ack.saturating_record(micros(took));
    }

    pub(crate) fn failed(&mut self, leg: LegNo, event: Uuid) {
        if self.open.get(&leg).is_some_and(|open| open.event == event) {
            self.open.remove(&leg);
        }
    }

    pub(crate) fn acked(&mut self, leg: Option<LegNo>, event: Uuid, took: Duration) {
        self.ack.saturating_record(micros(took));
        let Some(leg) = leg else { return };
        let Some(open) = self.open.get_mut(&leg).filter(|open| open.event == event) else {
            return;
        };
        if let Some(command) = open.command {
            self.to_command
                .saturating_record(micros(command.duration_since(open.sent)));
            self.open.remove(&leg);
        } else {
            open.acked = true;
        }
    }

    pub(crate) fn command(&mut self, leg: LegNo, now: Instant) {
        let Some(open) = self.open.get_mut(&leg) else {
            return;
        };
        if open.acked {
            self.to_command
                .saturating_record(micros(now.duration_since(open.sent)));
            self.open.remove(&leg);
        } else if open.command.is_none() {
            open.command = Some(now);
        }
    }

    pub(crate) fn ack(&self) -> Percentiles {
        percentiles(&self.ack)
    }

    pub(crate) fn to_command(&self) -> Percentiles {
        percentiles(&self.to_command)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(LONGEST_US).max(1)
}

fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    if histogram.is_empty() {
        return Percentiles::default();
    }
    // Two digits after the point are as much as three significant digits of microseconds carry.
    let millis = |us: u64| (us as f64 / 10.0).round() / 100.0;
    Percentiles {
        p50: millis(histogram.value_at_quantile(0.5)),
        p99: millis(histogram.value_at_quantile(0.99)),
        p999: millis(histogram.value_at_quantile(0.999)),
        max: millis(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegNo = LegNo(0);

    #[test]
    fn a_command_is_measured_from_the_acknowledged_attempt() {
        let start = Instant::now();
        let ms = |n: u64| start + Duration::from_millis(n);
        let mut latencies = Latencies::default();
        let event = Uuid::nil();
        latencies.attempt(LEG, event, false, start);
        latencies.failed(LEG, event);
        latencies.command(LEG, ms(5));
        latencies.attempt(LEG, event, false, ms(100));
        latencies.command(LEG, ms(110));
        latencies.acked(Some(LEG), event, Duration::from_millis(12));
        assert!(
            (latencies.to_command().max - 10.0).abs() < 0.1,
            "{:?}",
            latencies.to_command()
        );
        latencies.command(LEG, ms(900));
        assert!(
            (latencies.to_command().max - 10.0).abs() < 0.1,
            "only the first command counts"
        );
    }
}
