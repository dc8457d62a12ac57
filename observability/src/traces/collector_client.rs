//! The HTTP client that carries batches to the collector.
//!
//! Called by the OTLP exporter on the batch processor's thread, which has no reactor: requests run on a small
//! runtime of their own. TLS is ring with Mozilla's roots, like every other outgoing connection of the program.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// A collector answers with a few bytes; more is not a collector.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Longest chain of causes in a reason.
const MAX_CAUSES: usize = 6;

/// Posts batches; every failure leaves its reason where the warning finds it.
pub(super) struct CollectorClient {
    /// Taken when the client goes away; present until then.
    runtime: Option<Runtime>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
    reason: Arc<Mutex<String>>,
}

impl CollectorClient {
    pub(super) fn new(timeout: Duration, reason: Arc<Mutex<String>>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("trace-export")
            .enable_all()
            .build()?;
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            runtime: Some(runtime),
            client,
            timeout,
            reason,
        })
    }

    fn note(&self, reason: String) -> HttpError {
        self.reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&reason);
        reason.into()
    }
}

#[async_trait::async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let Some(runtime) = &self.runtime else {
            return Err("the client is closed".into());
        };
        let answer = self.client.request(request.map(Full::new));
        let timeout = self.timeout;
        let exchange = async move {
            let (head, body) = answer.await.map_err(|error| chain(&error))?.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES)
                .collect()
                .await
                .map_err(|error| chain(&*error))?;
            Ok::<_, String>(Response::from_parts(head, body.to_bytes()))
        };
        // The timer needs the runtime as well, so it is made inside the task.
        let task = runtime.spawn(async move { tokio::time::timeout(timeout, exchange).await });
        match task.await {
            Ok(Ok(Ok(response))) if response.status().is_success() => Ok(response),
            Ok(Ok(Ok(response))) => {
                // The exporter decides by the status what to do; here it is only noted.
                let _ = self.note(format!("status {}", response.status()));
                Ok(response)
            }
            Ok(Ok(Err(reason))) => Err(self.note(reason)),
            Ok(Err(_)) => Err(self.note(format!("no answer within {timeout:?}"))),
            Err(_) => Err(self.note("the export task ended early".to_owned())),
        }
    }
}

/// An error with its causes on one line: hyper's own text says no more than "client error".
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next.filter(|_| texts.len() < MAX_CAUSES) {
        texts.push(cause.to_string());
        next = cause.source();
    }
    crate::redact::escape(&texts.join(": "), 300)
}

impl Drop for CollectorClient {
    fn drop(&mut self) {
        // A plain drop would wait for the workers, which tokio forbids inside a runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CollectorClient")
    }
}
