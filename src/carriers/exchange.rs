//! One HTTP exchange with a carrier: bounded in time and size, no redirects, no proxies.
//!
//! Every carrier's client has one. What is in a body, and what an answer means, is the carrier's own affair.

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

use super::base_url::BaseUrl;

/// A success that says nothing we can rely on.
pub(super) const BAD_ANSWER: &str = "bad_answer";

/// Carriers close idle connections after a minute or so; closing first avoids writing into a dead one.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// Idle connections that are kept for the next burst.
const IDLE_CONNECTIONS: usize = 32;

/// Longest answer that is read, bytes. A page of 250 records has about 150 KiB.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// How long things may take, and how much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A TCP connection. A carrier that is up answers in a tenth of it.
    pub connect: Duration,
    /// One request, connection and answer included.
    pub attempt: Duration,
    /// All pages of one question together.
    pub listing: Duration,
    /// Longest answer, bytes.
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            // A command id is remembered for 60 s at most, so several attempts must fit.
            attempt: Duration::from_secs(5),
            listing: Duration::from_secs(30),
            answer: ANSWER_LIMIT,
        }
    }
}

/// Sends requests to one base URL.
#[derive(Debug)]
pub(super) struct Exchange {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base_url: BaseUrl,
    authorization: HeaderValue,
    pub(super) limits: Limits,
}

/// What a request brings along.
#[derive(Debug)]
pub(super) struct Payload {
    content_type: &'static str,
    text: String,
}

impl Payload {
    pub(super) fn json(text: String) -> Self {
        Self {
            content_type: "application/json",
            text,
        }
    }

    pub(super) fn form(text: String) -> Self {
        Self {
            content_type: "application/x-www-form-urlencoded",
            text,
        }
    }
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

impl Failure {
    /// snake_case name, bounded: for outcomes, spans and people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Request => "bad_request",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::TooLarge => "answer_too_large",
        }
    }
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        let why = failure.label();
        match failure {
            Failure::Connect => Self::TryLater { after: None, why },
            Failure::Request | Failure::Reset | Failure::Timeout | Failure::TooLarge => Self::InDoubt { why },
        }
    }
}

impl Exchange {
    /// `authorization` is the header's value, marked as sensitive by whoever made it.
    pub(super) fn new(base_url: BaseUrl, authorization: HeaderValue, limits: Limits) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits.connect));
        let tls = HttpsConnectorBuilder::new().with_webpki_roots();
        let schemes = if base_url.is_plain() {
            tls.https_or_http()
        } else {
            tls.https_only()
        };
        let connector = schemes.enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Self {
            client,
            base_url,
            authorization,
            limits,
        }
    }

    /// One request and its whole answer, within the attempt's time limit.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Payload>,
    ) -> Result<Reply, Failure> {
        let request = self.request(method, path, body).ok_or(Failure::Request)?;
        let deadline = Instant::now() + self.limits.attempt;
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

    fn request(&self, method: Method, path: &str, body: Option<Payload>) -> Option<Request<Full<Bytes>>> {
        let uri = format!("{}{path}", self.base_url.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(
                USER_AGENT,
                HeaderValue::from_static(concat!("cordboard/", env!("CARGO_PKG_VERSION"))),
            );
        let mut bytes = Bytes::new();
        if let Some(payload) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static(payload.content_type));
            bytes = payload.text.into();
        }
        request.body(Full::new(bytes)).ok()
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Failure> {
        let limited = Limited::new(body, self.limits.answer);
        match limited.collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::TooLarge),
            Err(_) => Err(Failure::Reset),
        }
    }
}
