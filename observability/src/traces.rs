//! Spans that are exported when they are over, under ids that follow from what they describe.
//!
//! Called by actors after a commit and by the HTTP doors. OpenTelemetry's context machinery is not used: a call
//! outlives processes, so its spans take ids and times from records ([`ids`]) and enter the SDK's batch processor
//! finished. Nothing here may block a caller: a slow or dead collector costs spans, which are counted, never time.

mod collector_client;
mod exporter;
pub mod ids;
mod sampling;
mod settings;
mod span;
mod trace_context;

pub use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
pub use opentelemetry::{KeyValue, Value};
pub use sampling::Sampling;
pub use settings::{ServiceIdentity, TraceSettings, TraceSettingsError};
pub use span::{FinishedSpan, SpanEvent};
pub use trace_context::{TraceContext, TraceContextError};

use crate::metrics::SpanCounters;
use exporter::Backlog;
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanProcessor};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Name of the instrumentation scope on every span.
const SCOPE: &str = "cordboard";

/// Pause between two attempts of one flush.
const FLUSH_PAUSE: Duration = Duration::from_millis(10);

/// Takes finished spans to the collector; cheap to clone. Without a collector it is disabled and does nothing.
///
/// Dropping the last clone discards what is waiting: call [`Self::shutdown`] before the process ends.
#[derive(Clone, Default)]
pub struct Tracer {
    pipeline: Option<Arc<Pipeline>>,
}

struct Pipeline {
    processor: BatchSpanProcessor,
    backlog: Arc<Backlog>,
    counters: SpanCounters,
    sampling: Sampling,
    scope: InstrumentationScope,
    closed: AtomicBool,
}

/// How a flush or a shutdown ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// Every span that was waiting has left, or was counted as dropped.
    Completely,
    /// The time ran out first.
    TimedOut,
}

impl Tracer {
    /// A tracer that does nothing.
    #[must_use]
    pub fn disabled() -> Self {
        Self::default()
    }

    /// A tracer for these settings; disabled when they name no collector. Starts two threads otherwise.
    ///
    /// # Errors
    /// When the endpoint or another value cannot be used. An unreachable collector is no error.
    pub fn new(settings: &TraceSettings, counters: SpanCounters) -> Result<Self, TraceSettingsError> {
        let Some(endpoint) = settings.endpoint.as_deref() else {
            return Ok(Self::disabled());
        };
        let backlog = Arc::new(Backlog::new(settings.queue));
        let exporter = exporter::build(settings, endpoint, Arc::clone(&backlog), counters.clone())?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(settings.queue)
            .with_max_export_batch_size(settings.batch.min(settings.queue))
            .with_scheduled_delay(settings.delay)
            .build();
        let mut processor = BatchSpanProcessor::new(exporter, batches);
        processor.set_resource(&settings.service.resource());
        let scope = InstrumentationScope::builder(SCOPE)
            .with_version(settings.service.version.clone())
            .build();
        let sampling = settings.sampling;
        let closed = AtomicBool::new(false);
        Ok(Self {
            pipeline: Some(Arc::new(Pipeline {
                processor,
                backlog,
                counters,
                sampling,
                scope,
                closed,
            })),
        })
    }

    /// Whether spans go anywhere at all. Callers skip building them when not.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.pipeline.is_some()
    }

    /// Whether spans of this trace are exported: enabled and chosen. Every node decides alike.
    #[must_use]
    pub fn records(&self, trace_id: TraceId) -> bool {
        self.pipeline
            .as_ref()
            .is_some_and(|pipeline| pipeline.sampling.chooses(trace_id))
    }

    /// The `traceparent` for whatever this span causes elsewhere, with this tracer's decision in it.
    #[must_use]
    pub fn context(&self, trace_id: TraceId, span_id: SpanId) -> TraceContext {
        TraceContext {
            trace_id,
            span_id,
            sampled: self.records(trace_id),
        }
    }

    /// Hands over a finished span; never blocks. A span of a trace that is not recorded is ignored.
    pub fn emit(&self, span: FinishedSpan) {
        let Some(pipeline) = &self.pipeline else { return };
        if !pipeline.sampling.chooses(span.trace_id) {
            return;
        }
        if pipeline.closed.load(Ordering::Relaxed) {
            pipeline.counters.dropped_after_shutdown.inc();
        } else if pipeline.backlog.admit() {
            pipeline.processor.on_end(span.into_sdk(&pipeline.scope));
        } else {
            pipeline.counters.dropped_queue_full.inc();
        }
    }

    /// Spans accepted and not yet handed to the collector.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pipeline
            .as_ref()
            .map_or(0, |pipeline| pipeline.backlog.waiting())
    }

    /// Waits until every waiting span has left, at most `timeout`. Safe inside any tokio runtime.
    pub async fn flush(&self, timeout: Duration) -> Drained {
        self.apart(timeout, Pipeline::flush).await
    }

    /// Sends what is waiting and ends the export, at most `timeout`. Later spans are counted as dropped.
    /// Safe inside any tokio runtime; a second call returns at once.
    pub async fn shutdown(&self, timeout: Duration) -> Drained {
        self.apart(timeout, Pipeline::shutdown).await
    }

    /// [`Self::shutdown`] for a thread that may block, such as the end of `main`.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Drained {
        self.pipeline
            .as_ref()
            .map_or(Drained::Completely, |pipeline| pipeline.shutdown(timeout))
    }

    /// Runs a blocking wait on a thread of its own: the SDK waits with a fixed limit of five seconds, which must hold up
    /// neither the runtime's workers nor (as a blocking task would) the runtime's end.
    async fn apart(&self, timeout: Duration, wait: fn(&Pipeline, Duration) -> Drained) -> Drained {
        let Some(pipeline) = self.pipeline.clone() else {
            return Drained::Completely;
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        let started = std::thread::Builder::new()
            .name("trace-drain".to_owned())
            .spawn(move || {
                // Nobody may be listening any more; the result is of no use then.
                let _ = tell.send(wait(&pipeline, timeout));
            });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread to flush traces with; the spans of the last moments may be missing");
            return Drained::TimedOut;
        }
        match tokio::time::timeout(timeout, told).await {
            Ok(Ok(drained)) => drained,
            Ok(Err(_)) | Err(_) => Drained::TimedOut,
        }
    }
}

impl Pipeline {
    #[expect(
        clippy::disallowed_methods,
        reason = "it runs on a thread of its own, which no runtime uses"
    )]
    fn flush(&self, timeout: Duration) -> Drained {
        let deadline = Instant::now() + timeout;
        loop {
            if self.processor.force_flush().is_ok() || self.backlog.waiting() == 0 {
                return Drained::Completely;
            }
            if self.closed.load(Ordering::Relaxed) || Instant::now() >= deadline {
                return Drained::TimedOut;
            }
            // The SDK refuses at once when too many flushes are under way; asking again without a pause would spin.
            std::thread::sleep(FLUSH_PAUSE);
        }
    }

    fn shutdown(&self, timeout: Duration) -> Drained {
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

impl fmt::Debug for Tracer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tracer")
            .field("enabled", &self.enabled())
            .field("waiting", &self.waiting())
            .finish()
    }
}

#[cfg(test)]
mod tests;
