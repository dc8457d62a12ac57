//! The exporter behind the batch processor: OTLP over HTTP or gRPC, with a ledger of what waits and what was lost.
//!
//! Runs on the processor's own thread; built by [`super::Tracer`]. It must never know what a span means.

use super::collector_client::CollectorClient;
use super::{OtlpProtocol, TraceSettings, TraceSettingsError};
use crate::metrics::SpanCounters;
use opentelemetry_otlp::{Protocol, SpanExporter as OtlpExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Least time between two warnings about a collector that does not take spans.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Spans between a caller and the collector. The SDK drops silently when its channel is full, so the same bound is
/// kept here, where it can be counted.
#[derive(Debug)]
pub(super) struct Backlog {
    limit: usize,
    waiting: AtomicUsize,
    abandoned: AtomicBool,
}

impl Backlog {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            waiting: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Takes a place for one span; false when there is none.
    pub(super) fn admit(&self) -> bool {
        let admitted = self.waiting.fetch_add(1, Ordering::AcqRel) < self.limit;
        if !admitted {
            self.leave(1);
        }
        admitted
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Nobody waits for the rest any more: batches fail at once instead of trying a dead collector.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    fn abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    fn leave(&self, spans: usize) {
        self.waiting.fetch_sub(spans, Ordering::AcqRel);
    }
}

/// Counts every span in or out, and says now and then that the collector does not take them.
#[derive(Debug)]
pub(super) struct CountingExporter<E> {
    inner: E,
    destination: String,
    backlog: Arc<Backlog>,
    counters: SpanCounters,
    reason: Arc<Mutex<String>>,
    warned: Mutex<Option<Instant>>,
}

/// One of the ways to a collector.
#[derive(Debug)]
pub(super) enum Way {
    Http(OtlpExporter),
    #[cfg(feature = "grpc")]
    Grpc(super::grpc_exporter::GrpcExporter),
}

impl SpanExporter for Way {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        match self {
            Self::Http(exporter) => exporter.export(batch).await,
            #[cfg(feature = "grpc")]
            Self::Grpc(exporter) => exporter.export(batch).await,
        }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        match self {
            Self::Http(exporter) => exporter.shutdown_with_timeout(timeout),
            #[cfg(feature = "grpc")]
            Self::Grpc(exporter) => exporter.shutdown_with_timeout(timeout),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        match self {
            Self::Http(exporter) => exporter.set_resource(resource),
            #[cfg(feature = "grpc")]
            Self::Grpc(exporter) => exporter.set_resource(resource),
        }
    }
}

/// The OTLP exporter for this endpoint.
pub(super) fn build(
    settings: &TraceSettings,
    endpoint: &str,
    backlog: Arc<Backlog>,
    counters: SpanCounters,
) -> Result<CountingExporter<Way>, TraceSettingsError> {
    let reason = Arc::new(Mutex::new(String::new()));
    let inner = match settings.protocol {
        OtlpProtocol::HttpProtobuf => over_http(settings, endpoint, Arc::clone(&reason)).map(Way::Http),
        #[cfg(feature = "grpc")]
        OtlpProtocol::Grpc => {
            super::grpc_exporter::GrpcExporter::new(endpoint, settings.timeout, Arc::clone(&reason))
                .map(Way::Grpc)
        }
    }
    .map_err(|error| TraceSettingsError::Exporter(crate::redact::escape(&error, 300)))?;
    let destination = host_of(endpoint).to_owned();
    Ok(CountingExporter {
        inner,
        destination,
        backlog,
        counters,
        reason,
        warned: Mutex::new(None),
    })
}

fn over_http(
    settings: &TraceSettings,
    endpoint: &str,
    reason: Arc<Mutex<String>>,
) -> Result<OtlpExporter, String> {
    let client = CollectorClient::new(settings.timeout, reason).map_err(|error| error.to_string())?;
    OtlpExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(settings.timeout)
        .build()
        .map_err(|error| error.to_string())
}

/// Host and port of a URL: user names, passwords and keys in the rest are nothing for a log.
fn host_of(endpoint: &str) -> &str {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

impl<E: SpanExporter> SpanExporter for CountingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = if self.backlog.abandoned() {
            Err(OTelSdkError::AlreadyShutdown)
        } else {
            self.inner.export(batch).await
        };
        match &result {
            Ok(()) => self.counters.exported.inc_by(spans as u64),
            Err(error) => {
                self.warn(spans, error);
                self.counters.dropped_export_failed.inc_by(spans as u64)
            }
        };
        // Last, so that a flush that sees nothing waiting also sees the spans counted.
        self.backlog.leave(spans);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E> CountingExporter<E> {
    fn warn(&self, spans: usize, error: &OTelSdkError) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_some_and(|last| last.elapsed() < WARN_EVERY) {
            return;
        }
        *warned = Some(Instant::now());
        let reason = std::mem::take(&mut *self.reason.lock().unwrap_or_else(PoisonError::into_inner));
        tracing::warn!(
            collector = self.destination,
            spans,
            %error,
            reason,
            "the collector does not take our spans, they are lost; calls are not affected. Check OTEL_EXPORTER_OTLP_ENDPOINT"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_never_shows_what_stands_before_or_after_the_host() {
        assert_eq!(
            host_of("https://key:secret@collector:4318/v1/traces?token=x"),
            "collector:4318"
        );
        assert_eq!(host_of("http://localhost:4318"), "localhost:4318");
    }

    #[test]
    fn a_backlog_admits_up_to_its_limit_and_again_after_some_left() {
        let backlog = Backlog::new(2);
        assert!(backlog.admit() && backlog.admit() && !backlog.admit());
        assert_eq!(backlog.waiting(), 2);
        backlog.leave(1);
        assert!(backlog.admit() && !backlog.admit());
    }
}
