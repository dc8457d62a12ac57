//! One HTTP exchange: bounded in time and size, no redirects, no proxies.

use std::time::Duration;

use bytes::Bytes;
use cordboard_actors::cut::{self, Cut};
use cordboard_core::Attempt;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::settings::TelnyxSettings;

/// A success that says nothing we can rely on.
pub(super) const BAD_ANSWER: &str = "bad_answer";

/// Carriers close idle connections after a minute or so; closing first avoids writing into a dead one.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// Sends requests to one base URL.
#[derive(Debug)]
pub(super) struct Exchange {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    pub(super) settings: TelnyxSettings,
}

/// An answer, read to its end.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection: the request never left.
    Connect,
    /// The request cannot be formed; it never left either.
    Request,
    /// The connection broke after the request may have left.
    Reset,
    /// Our time limit.
    Timeout,
    /// A success whose answer is longer than we read.
    TooLarge,
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Connect => Self::TryLater {
                after: None,
                why: "connect",
            },
            Failure::Request => Self::InDoubt { why: "bad_request" },
            Failure::Reset => Self::InDoubt { why: "reset" },
            Failure::Timeout => Self::InDoubt { why: "timeout" },
            Failure::TooLarge => Self::InDoubt {
                why: "answer_too_large",
            },
        }
    }
}

impl Exchange {
    pub(super) fn new(settings: TelnyxSettings) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let tls = HttpsConnectorBuilder::new().with_webpki_roots();
        let schemes = if settings.base_url.is_plain() {
            tls.https_or_http()
        } else {
            tls.https_only()
        };
        let connector = schemes.enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(settings.idle_connections)
            .build(connector);
        Self { client, settings }
    }

    /// One request and its whole answer, within the attempt's time limit.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Reply, Failure> {
        let request = self.request(method, path, body).ok_or(Failure::Request)?;
        let deadline = Instant::now() + self.settings.attempt_timeout;
        let response = match timeout_at(deadline, self.client.request(request)).await {
            Err(_) => return Err(Failure::Timeout),
            Ok(Err(error)) if error.is_connect() => return Err(Failure::Connect),
            Ok(Err(_)) => return Err(Failure::Reset),
            Ok(Ok(response)) => response,
        };
        cut::at(Cut::Sent);
        let (parts, body) = response.into_parts();
        let body = match timeout_at(deadline, self.read(body)).await {
            Ok(Ok(body)) => body,
            // A refusal is known by its status; only a success needs its body.
            Ok(Err(_)) | Err(_) if !parts.status.is_success() => Bytes::new(),
            Ok(Err(failure)) => return Err(failure),
            Err(_) => return Err(Failure::Timeout),
        };
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    /// Where reports about texts go, if we know our own address.
    pub(super) fn reports(&self) -> Option<&str> {
        self.settings.reports.as_deref()
    }

    fn request(&self, method: Method, path: &str, body: Option<String>) -> Option<Request<Full<Bytes>>> {
        let uri = format!("{}{path}", self.settings.base_url.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(AUTHORIZATION, self.settings.api_key.header())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(
                USER_AGENT,
                HeaderValue::from_static(concat!("cordboard/", env!("CARGO_PKG_VERSION"))),
            );
        if body.is_some() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .ok()
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Failure> {
        let limited = Limited::new(body, self.settings.answer_limit);
        match limited.collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::TooLarge),
            Err(_) => Err(Failure::Reset),
        }
    }
}
