//! OTLP over gRPC, compiled in with the feature `grpc`.
//!
//! Called on the batch processor's thread, which has no reactor: the channel lives on a small runtime of its own, as
//! the HTTP client does.

use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Sends batches through one gRPC channel.
#[derive(Debug)]
pub(super) struct GrpcExporter {
    /// Taken when the exporter goes away; present until then.
    runtime: Option<Runtime>,
    inner: Arc<OtlpExporter>,
    timeout: Duration,
    reason: Arc<Mutex<String>>,
}

impl GrpcExporter {
    pub(super) fn new(endpoint: &str, timeout: Duration, reason: Arc<Mutex<String>>) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("trace-export")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let exporter = OtlpExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(timeout);
        let exporter = if endpoint.starts_with("https://") {
            exporter.with_tls_config(ClientTlsConfig::new().with_webpki_roots())
        } else {
            exporter
        };
        // The channel starts its worker on the runtime that it is made in.
        let inside = runtime.enter();
        let inner = exporter.build().map_err(|error| error.to_string())?;
        drop(inside);
        Ok(Self {
            runtime: Some(runtime),
            inner: Arc::new(inner),
            timeout,
            reason,
        })
    }

    fn note(&self, reason: &str) -> OTelSdkError {
        reason.clone_into(&mut self.reason.lock().unwrap_or_else(PoisonError::into_inner));
        OTelSdkError::InternalFailure(reason.to_owned())
    }
}

impl SpanExporter for GrpcExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let Some(runtime) = &self.runtime else {
            return Err(OTelSdkError::AlreadyShutdown);
        };
        let (inner, timeout) = (Arc::clone(&self.inner), self.timeout);
        let task = runtime.spawn(async move { tokio::time::timeout(timeout, inner.export(batch)).await });
        match task.await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(self.note(&crate::redact::escape(&error.to_string(), 300))),
            Ok(Err(_)) => Err(self.note(&format!("no answer within {timeout:?}"))),
            Err(_) => Err(self.note("the export task ended early")),
        }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.set_resource(resource);
        }
    }
}

impl Drop for GrpcExporter {
    fn drop(&mut self) {
        // A plain drop would wait for the workers, which tokio forbids inside a runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::metrics::SpanCounters;
    use crate::traces::{
        Drained, FinishedSpan, OtlpProtocol, ServiceIdentity, SpanId, TraceId, TraceSettings, Tracer,
    };
    use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
        TraceService, TraceServiceServer,
    };
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
    };
    use std::time::{Duration, UNIX_EPOCH};
    use tokio::sync::mpsc;
    use tonic::{Request, Response, Status};

    /// Hands every batch to the test.
    struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

    #[tonic::async_trait]
    impl TraceService for Collector {
        async fn export(
            &self,
            request: Request<ExportTraceServiceRequest>,
        ) -> Result<Response<ExportTraceServiceResponse>, Status> {
            self.0.send(request.into_inner()).unwrap();
            Ok(Response::new(ExportTraceServiceResponse::default()))
        }
    }

    fn tracer(endpoint: String, counters: SpanCounters) -> Tracer {
        let mut settings = TraceSettings::to(Some(endpoint), ServiceIdentity::new("1.2.3", "node"));
        settings.protocol = OtlpProtocol::Grpc;
        // Only a flush may cause an export, otherwise the test would depend on the clock.
        settings.delay = Duration::from_secs(3600);
        settings.timeout = Duration::from_secs(5);
        Tracer::new(&settings, counters).unwrap()
    }

    fn span() -> FinishedSpan {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
        FinishedSpan::new(TraceId::from(5), SpanId::from(7), "call", at(0), at(60))
    }

    #[tokio::test]
    async fn a_flush_sends_spans_with_their_own_ids() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let (send, mut batches) = mpsc::unbounded_channel();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(Collector(send)))
            .serve(address);
        tokio::spawn(server);
        let counters = SpanCounters::default();
        let tracer = tracer(format!("http://{address}"), counters.clone());
        // The server may not listen yet: the first batches then count as dropped, which is what a collector that comes
        // late costs.
        let batch = loop {
            tracer.emit(span());
            assert_eq!(tracer.flush(Duration::from_secs(10)).await, Drained::Completely);
            if let Ok(batch) = batches.try_recv() {
                break batch;
            }
            tokio::task::yield_now().await;
        };
        let span = &batch.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!(span.trace_id, TraceId::from(5).to_bytes());
        assert_eq!(span.span_id, SpanId::from(7).to_bytes());
        assert_eq!(counters.exported.get(), 1);
    }

    #[tokio::test]
    async fn a_collector_that_is_not_there_costs_spans_and_is_counted() {
        let address = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let counters = SpanCounters::default();
        let tracer = tracer(format!("http://{address}"), counters.clone());
        tracer.emit(span());
        assert_eq!(tracer.flush(Duration::from_secs(10)).await, Drained::Completely);
        assert_eq!((counters.exported.get(), counters.dropped()), (0, 1));
    }
}
