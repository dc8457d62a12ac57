//! Connects what the doors tell about themselves with the metrics.

use cordboard_observability::metrics::Metrics;

use crate::http::{DoorEvents, WebhookResult, WebhookSeen};

/// Counts what happens at the doors.
pub(super) struct DoorMetrics(Metrics);

impl DoorMetrics {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self(metrics)
    }
}

impl DoorEvents for DoorMetrics {
    fn webhook(&self, seen: &WebhookSeen) {
        let webhooks = &self.0.webhooks;
        webhooks.received.inc([seen.carrier, seen.result.label()]);
        match seen.result {
            WebhookResult::Rejected(why) => webhooks.rejected.inc([why.label()]),
            WebhookResult::Recorded | WebhookResult::Duplicate => webhooks.ack_duration.observe(seen.took),
            WebhookResult::Ignored(_)
            | WebhookResult::Quarantined(_)
            | WebhookResult::Refused(_)
            | WebhookResult::Malformed(_) => {}
        }
    }

    fn gate_refused(&self, _carrier: &'static str) {
        self.0.webhooks.shed.inc(["door"]);
    }

    fn in_flight(&self, webhooks: usize) {
        self.0
            .webhooks
            .in_flight
            .set(i64::try_from(webhooks).unwrap_or(i64::MAX));
    }
}
