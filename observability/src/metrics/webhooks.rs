//! What came in: webhooks by type and result, rejections, load shedding, how fast they were answered.
//!
//! Counted by the HTTP doors, the router and the actors; nothing is decided by these numbers.

use super::{Counter, Counters, Durations, Gauge, durations};
use prometheus_client::registry::Registry;

/// Handles for the incoming side.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookMetrics {
    /// `cordboard_webhooks_total{event_type,result}`: one per answered delivery. Types that the carrier's adapter
    /// does not know go in as [`super::OTHER`]; results are words such as `applied`, `duplicate`, `orphan`.
    pub received: Counters<2>,
    /// `cordboard_webhooks_rejected_total{reason}`: refused at the door (signature, size, malformed, stale).
    pub rejected: Counters<1>,
    /// `cordboard_webhooks_deduplicated_total`: repeats that changed nothing.
    pub deduplicated: Counter,
    /// `cordboard_requests_shed_total{gate}`: answered 503, by the gate that was full.
    pub shed: Counters<1>,
    /// `cordboard_webhooks_in_flight`: accepted and not answered.
    pub in_flight: Gauge,
    /// `cordboard_webhook_ack_duration_seconds`: first byte read until the answer is written.
    pub ack_duration: Durations,
    /// `cordboard_webhook_to_command_duration_seconds`: first byte read until the first command it caused leaves.
    pub to_command_duration: Durations,
}

impl WebhookMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let in_flight = Gauge::default();
        registry.register(
            "webhooks_in_flight",
            "Webhooks accepted and not answered",
            in_flight.clone(),
        );
        let deduplicated = Counter::default();
        registry.register(
            "webhooks_deduplicated",
            "Repeated webhooks that changed nothing",
            deduplicated.clone(),
        );
        Self {
            received: Counters::register(
                registry,
                "webhooks",
                "Webhooks answered, by event type and result",
                ["event_type", "result"],
            ),
            rejected: Counters::register(
                registry,
                "webhooks_rejected",
                "Webhooks refused at the door, by reason",
                ["reason"],
            ),
            deduplicated,
            shed: Counters::register(
                registry,
                "requests_shed",
                "Requests answered 503, by the gate that was full",
                ["gate"],
            ),
            in_flight,
            ack_duration: Durations::register(
                registry,
                "webhook_ack_duration",
                "From the first byte of a webhook to its answer",
                durations::ANSWER,
            ),
            to_command_duration: Durations::register(
                registry,
                "webhook_to_command_duration",
                "From the first byte of a webhook to the first command it caused",
                durations::ANSWER,
            ),
        }
    }
}
