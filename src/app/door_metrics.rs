//! Connects what the doors tell about themselves with the metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use cordboard_observability::attributes as name;
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::{FinishedSpan, Tracer, ids};

use crate::http::{DoorEvents, WebhookResult, WebhookSeen};

/// Counts what happens at the doors, and traces what was turned away there.
pub(super) struct DoorMetrics {
    metrics: Metrics,
    tracer: Tracer,
    refused: AtomicU64,
}

impl DoorMetrics {
    pub(super) fn new(metrics: Metrics, tracer: Tracer) -> Self {
        Self {
            metrics,
            tracer,
            refused: AtomicU64::new(0),
        }
    }

    /// A webhook that no entity will ever trace gets a small trace of its own. It says why, and nothing of what the
    /// stranger sent.
    fn trace(&self, seen: &WebhookSeen, why: &'static str) {
        if !self.tracer.enabled() {
            return;
        }
        let count = self.refused.fetch_add(1, Ordering::Relaxed).to_string();
        let arrived = seen.received_at.as_micros();
        let label = format!("refused webhook\n{arrived}\n{count}");
        let start = UNIX_EPOCH + Duration::from_micros(arrived);
        let span = FinishedSpan::new(
            ids::trace_of_call(&label),
            ids::span_of(&[&label]),
            "webhook refused",
            start.checked_sub(seen.took).unwrap_or(start),
            start,
        );
        self.tracer.emit(
            span.server()
                .with(name::CARRIER_NAME, seen.carrier)
                .with(name::WEBHOOK_RESULT, seen.result.label())
                .with(name::WEBHOOK_REJECT_REASON, why)
                .failed(why),
        );
    }
}

impl DoorEvents for DoorMetrics {
    fn webhook(&self, seen: &WebhookSeen) {
        let webhooks = &self.metrics.webhooks;
        webhooks.received.inc([seen.kind, seen.result.label()]);
        match seen.result {
            WebhookResult::Rejected(why) => {
                webhooks.rejected.inc([why.label()]);
                self.trace(seen, why.label());
            }
            WebhookResult::Recorded | WebhookResult::Duplicate => webhooks.ack_duration.observe(seen.took),
            WebhookResult::Ignored(_) | WebhookResult::Malformed(_) => {}
            WebhookResult::Quarantined(why) | WebhookResult::Refused(why) => self.trace(seen, why),
        }
    }

    fn gate_refused(&self, _carrier: &'static str) {
        self.metrics.webhooks.shed.inc(["door"]);
    }

    fn in_flight(&self, webhooks: usize) {
        self.metrics
            .webhooks
            .in_flight
            .set(i64::try_from(webhooks).unwrap_or(i64::MAX));
    }
}
