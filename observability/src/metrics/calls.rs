//! Calls, conferences and text messages as committed records show them.
//!
//! Counted by the actors after a commit, never before: a number here stands for something on disk.

use super::{Counter, Counters, Durations, Gauge, durations};
use prometheus_client::registry::Registry;

/// Handles for calls.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallMetrics {
    /// `cordboard_calls_live`: started and not ended, asleep or awake.
    pub live: Gauge,
    /// `cordboard_calls_started_total{direction}`.
    pub started: Counters<1>,
    /// `cordboard_calls_ended_total{reason}`: by end reason.
    pub ended: Counters<1>,
    /// `cordboard_call_duration_seconds`: first to last record of a call.
    pub duration: Durations,
    /// `cordboard_legs_live`: legs that the carrier has not reported as ended.
    pub legs_live: Gauge,
}

impl CallMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let live = Gauge::default();
        registry.register("calls_live", "Calls started and not ended", live.clone());
        let legs_live = Gauge::default();
        registry.register("legs_live", "Legs not reported as ended", legs_live.clone());
        Self {
            live,
            started: Counters::register(registry, "calls_started", "Calls started", ["direction"]),
            ended: Counters::register(registry, "calls_ended", "Calls ended, by reason", ["reason"]),
            duration: Durations::register(
                registry,
                "call_duration",
                "From the first to the last record of a call",
                durations::LIFETIME,
            ),
            legs_live,
        }
    }
}

/// Handles for conferences.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConferenceMetrics {
    /// `cordboard_conferences_live`: created and not ended.
    pub live: Gauge,
    /// `cordboard_conferences_created_total`: incarnations that the carrier confirmed.
    pub created: Counter,
    /// `cordboard_conferences_ended_total{reason}`.
    pub ended: Counters<1>,
}

impl ConferenceMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let live = Gauge::default();
        registry.register(
            "conferences_live",
            "Conferences created and not ended",
            live.clone(),
        );
        let created = Counter::default();
        registry.register("conferences_created", "Conferences created", created.clone());
        Self {
            live,
            created,
            ended: Counters::register(
                registry,
                "conferences_ended",
                "Conferences ended, by reason",
                ["reason"],
            ),
        }
    }
}

/// Handles for text messages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageMetrics {
    /// `cordboard_messages_total{direction,outcome}`: `sent`, `delivered`, `failed`, `unknown`, `received`.
    pub settled: Counters<2>,
}

impl MessageMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Self {
            settled: Counters::register(
                registry,
                "messages",
                "Text messages, by direction and outcome",
                ["direction", "outcome"],
            ),
        }
    }
}
