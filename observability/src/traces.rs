//! Spans that are exported when they are over, under ids that follow from what they describe.
//!
//! Called by actors after a commit and by the HTTP doors. OpenTelemetry's context machinery is not used: a call
//! outlives processes, so its spans take ids and times from records ([`ids`]) and enter the SDK's batch processor
//! finished. Nothing here may block a caller: a slow or dead collector costs spans, which are counted, never time.

mod collector_client;
mod exporter;
#[cfg(feature = "grpc")]
mod grpc_exporter;
pub mod ids;
mod memory;
mod pipeline;
mod sampling;
mod settings;
mod span;
mod trace_context;

pub use memory::SpanMemory;
pub use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
pub use opentelemetry::{KeyValue, Value};
pub use sampling::Sampling;
pub use settings::{OtlpProtocol, ServiceIdentity, TraceSettings, TraceSettingsError};
pub use span::{FinishedSpan, SpanEvent};
pub use trace_context::{TraceContext, TraceContextError};

use crate::metrics::SpanCounters;
use pipeline::Pipeline;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Takes finished spans to the collector; cheap to clone. Without a collector it is disabled and does nothing.
///
/// Dropping the last clone discards what is waiting: call [`Self::shutdown`] before the process ends.
#[derive(Clone, Default)]
pub struct Tracer {
    outlet: Outlet,
}

/// Where spans go.
#[derive(Clone, Default)]
enum Outlet {
    #[default]
    Nowhere,
    Collector(Arc<Pipeline>),
    Memory(SpanMemory),
}

/// How a flush or a shutdown ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// Every span that was waiting has left, or was counted as dropped: compare [`Tracer::dropped`] before and after
    /// to know that none was.
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
        let outlet = match settings.endpoint.as_deref() {
            Some(endpoint) => Outlet::Collector(Arc::new(Pipeline::new(settings, endpoint, counters)?)),
            None => Outlet::Nowhere,
        };
        Ok(Self { outlet })
    }

    /// A tracer that keeps every span where a test can look at it.
    #[must_use]
    pub fn remembering() -> (Self, SpanMemory) {
        let memory = SpanMemory::default();
        (
            Self {
                outlet: Outlet::Memory(memory.clone()),
            },
            memory,
        )
    }

    /// Whether spans go anywhere at all. Callers skip building them when not.
    #[must_use]
    pub fn enabled(&self) -> bool {
        !matches!(self.outlet, Outlet::Nowhere)
    }

    /// Whether spans of this trace are exported: enabled and chosen. Every node decides alike.
    #[must_use]
    pub fn records(&self, trace_id: TraceId) -> bool {
        match &self.outlet {
            Outlet::Nowhere => false,
            Outlet::Collector(pipeline) => pipeline.chooses(trace_id),
            Outlet::Memory(_) => true,
        }
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
        match &self.outlet {
            Outlet::Nowhere => {}
            Outlet::Collector(pipeline) => pipeline.emit(span),
            Outlet::Memory(memory) => memory.keep(span),
        }
    }

    /// Spans accepted and not yet handed to the collector.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pipeline().map_or(0, |pipeline| pipeline.waiting())
    }

    /// Spans that never reached the collector, since the start. It only grows.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.pipeline().map_or(0, |pipeline| pipeline.dropped())
    }

    /// Waits until every waiting span has left, at most `timeout`. For a tokio runtime with its timer on.
    pub async fn flush(&self, timeout: Duration) -> Drained {
        self.apart(timeout, Pipeline::flush).await
    }

    /// Sends what is waiting and ends the export, at most `timeout`. Later spans are counted as dropped.
    /// For a tokio runtime with its timer on; a second call returns at once.
    pub async fn shutdown(&self, timeout: Duration) -> Drained {
        self.apart(timeout, Pipeline::shutdown).await
    }

    /// [`Self::shutdown`] for a thread that may block, such as the end of `main`.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Drained {
        self.pipeline()
            .map_or(Drained::Completely, |pipeline| pipeline.shutdown(timeout))
    }

    fn pipeline(&self) -> Option<&Arc<Pipeline>> {
        match &self.outlet {
            Outlet::Collector(pipeline) => Some(pipeline),
            Outlet::Nowhere | Outlet::Memory(_) => None,
        }
    }

    /// Runs a blocking wait on a thread of its own: the SDK waits with a fixed limit of five seconds, which must hold up
    /// neither the runtime's workers nor (as a blocking task would) the runtime's end.
    async fn apart(&self, timeout: Duration, wait: fn(&Pipeline, Duration) -> Drained) -> Drained {
        let Some(pipeline) = self.pipeline().cloned() else {
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
