//! Calls, conferences and text messages as committed records show them.
//!
//! Counted by the actors after a commit, never before: a number here stands for something on disk.

use super::{Counter, Counters, Durations, Gauge, Gauges, durations};
use prometheus_client::registry::Registry;

/// Handles for calls.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallMetrics {
    /// `cordboard_calls_live`: started and not ended, asleep or awake.
    pub live: Gauge,
    /// `cordboard_calls_in_state{state,flow}`: the same, by the machine's state and the flow's name.
    pub in_state: Gauges<2>,
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
            in_state: Gauges::register(
                registry,
                "calls_in_state",
                "Calls started and not ended, by state and flow",
                ["state", "flow"],
            ),
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
    /// `cordboard_conference_participants`: who is in one.
    pub participants: Gauge,
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
        let participants = Gauge::default();
        registry.register(
            "conference_participants",
            "Participants of live conferences",
            participants.clone(),
        );
        let created = Counter::default();
        registry.register("conferences_created", "Conferences created", created.clone());
        Self {
            live,
            participants,
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
    /// `cordboard_messages_total{direction,status}`: one per status that a text came to, such as `attempting`, `accepted`,
    /// `delivered`, `refused`, `unknown`; `received` for those that came in.
    pub statuses: Counters<2>,
}

impl MessageMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Self {
            statuses: Counters::register(
                registry,
                "messages",
                "Statuses that text messages came to",
                ["direction", "status"],
            ),
        }
    }
}
