//! The way of a span to the collector: sampling, the bounded backlog, the SDK's batch processor.
//!
//! Owned by [`super::Tracer`]. Emitting must never block; only the two drains wait, and they say for how long.

use super::exporter::{self, Backlog};
use super::{Drained, FinishedSpan, Sampling, TraceSettings, TraceSettingsError};
use crate::metrics::SpanCounters;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Name of the instrumentation scope on every span.
const SCOPE: &str = "cordboard";

/// Pause between two attempts of one flush.
const FLUSH_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Pipeline {
    processor: BatchSpanProcessor,
    backlog: Arc<Backlog>,
    counters: SpanCounters,
    sampling: Sampling,
    scope: InstrumentationScope,
    closed: AtomicBool,
}

impl Pipeline {
    pub(super) fn new(
        settings: &TraceSettings,
        endpoint: &str,
        counters: SpanCounters,
    ) -> Result<Self, TraceSettingsError> {
        let backlog = Arc::new(Backlog::new(settings.queue));
        let exporter = exporter::build(settings, endpoint, Arc::clone(&backlog), counters.clone())?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(settings.queue)
            .with_max_export_batch_size(settings.batch.min(settings.queue))
            .with_scheduled_delay(settings.delay)
            .build();
        let mut processor = BatchSpanProcessor::new(exporter, batches);
        processor.set_resource(&settings.service.resource());
        let version = settings.service.version.clone();
        let scope = InstrumentationScope::builder(SCOPE).with_version(version).build();
        let closed = AtomicBool::new(false);
        Ok(Self {
            processor,
            backlog,
            counters,
            sampling: settings.sampling,
            scope,
            closed,
        })
    }

    pub(super) fn chooses(&self, trace_id: TraceId) -> bool {
        self.sampling.chooses(trace_id)
    }

    pub(super) fn emit(&self, span: FinishedSpan) {
        if !self.chooses(span.trace_id) {
            return;
        }
        if self.closed.load(Ordering::Relaxed) {
            self.counters.dropped_after_shutdown.inc();
        } else if self.backlog.admit() {
            self.processor.on_end(span.into_sdk(&self.scope));
        } else {
            self.counters.dropped_queue_full.inc();
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.backlog.waiting()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.counters.dropped()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it runs on a thread of its own, which no runtime uses"
    )]
    pub(super) fn flush(&self, timeout: Duration) -> Drained {
        let began = Instant::now();
        loop {
            if self.processor.force_flush().is_ok() || self.backlog.waiting() == 0 {
                return Drained::Completely;
            }
            if self.closed.load(Ordering::Relaxed) || began.elapsed() >= timeout {
                return Drained::TimedOut;
            }
            // The SDK refuses at once when too many flushes are under way; asking again without a pause would spin.
            std::thread::sleep(FLUSH_PAUSE);
        }
    }

    pub(super) fn shutdown(&self, timeout: Duration) -> Drained {
        if self.closed.swap(true, Ordering::Relaxed) {
            return Drained::Completely;
        }
        if self.processor.shutdown_with_timeout(timeout).is_ok() {
            return Drained::Completely;
        }
        self.backlog.abandon();
        Drained::TimedOut
    }
}
