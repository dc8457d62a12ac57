//! One request to the user's program: signed, bounded in time and size, no redirects, no proxies.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use tokio::time::{Instant, timeout_at};

use super::guard::{Forbidden, Guard, GuardedResolver};
use super::signature::SigningSecret;

/// Connections of a small web server are often closed after 15 s; closing first avoids writing into a dead one.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
/// A TCP connection that takes longer is not going to answer a waiting caller in time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where requests may go and how they are signed.
#[derive(Clone, Debug)]
pub struct BackendSettings {
    /// Signs every request; without one, requests go unsigned.
    pub secret: Option<SigningSecret>,
    /// Networks besides the public internet, such as `127.0.0.0/8`.
    pub allow: Vec<IpNet>,
    /// Longest answer that is read, bytes. A next step is a few hundred.
    pub answer_limit: usize,
}

impl Default for BackendSettings {
    fn default() -> Self {
        Self {
            secret: None,
            allow: Vec::new(),
            answer_limit: 64 * 1024,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct BackendRequest<'a> {
    /// The same on every attempt: `webhook-id`.
    pub id: &'a str,
    /// Absolute.
    pub url: &'a str,
    /// GET, POST, …
    pub method: Method,
    /// Headers of the flow, such as an API key. Those that say how the request travels are ours.
    pub headers: &'a [(String, String)],
    /// JSON.
    pub body: Bytes,
    /// Unix seconds: `webhook-timestamp`.
    pub timestamp: i64,
    /// W3C `traceparent`, so that the program's spans join the call's trace.
    pub trace_parent: Option<&'a str>,
    /// Connection and answer included.
    pub timeout: Duration,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackendReply {
    /// An answer, read to its end.
    Answered {
        /// Its status; redirects are answers like others.
        status: StatusCode,
        /// At most the limit.
        body: Bytes,
    },
    /// A rule forbids it; it never left, and never will.
    Forbidden(Forbidden),
    /// It never left: no name, no connection, or headers that cannot be sent.
    NotSent(&'static str),
    /// It may have arrived.
    InDoubt(&'static str),
}

/// Asks the user's program. Cheap to share, one connection pool inside.
#[derive(Debug)]
pub struct BackendClient {
    client: Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>,
    guard: Guard,
    secret: Option<SigningSecret>,
    answer_limit: usize,
}

impl BackendClient {
    /// A client with its own connection pool.
    pub fn new(settings: BackendSettings) -> Self {
        let guard = Guard::new(settings.allow);
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver(guard.clone()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .build(connector);
        Self {
            client,
            guard,
            secret: settings.secret,
            answer_limit: settings.answer_limit,
        }
    }

    /// One request and its whole answer, within its time limit.
    pub async fn ask(&self, asked: &BackendRequest<'_>) -> BackendReply {
        if let Err(rule) = self.guard.url(asked.url) {
            return BackendReply::Forbidden(rule);
        }
        let Some(request) = self.request(asked) else {
            return BackendReply::NotSent("bad_request");
        };
        let deadline = Instant::now() + asked.timeout;
        let response = match timeout_at(deadline, self.client.request(request)).await {
            Err(_) => return BackendReply::InDoubt("timeout"),
            Ok(Err(error)) if error.is_connect() => {
                return forbidden(&error).map_or(BackendReply::NotSent("connect"), BackendReply::Forbidden);
            }
            Ok(Err(_)) => return BackendReply::InDoubt("reset"),
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        let body = Limited::new(response.into_body(), self.answer_limit);
        match timeout_at(deadline, body.collect()).await {
            Ok(Ok(collected)) => BackendReply::Answered {
                status,
                body: collected.to_bytes(),
            },
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                BackendReply::InDoubt("answer_too_large")
            }
            Ok(Err(_)) => BackendReply::InDoubt("reset"),
            Err(_) => BackendReply::InDoubt("timeout"),
        }
    }

    fn request(&self, asked: &BackendRequest<'_>) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(asked.method.clone()).uri(asked.url);
        let headers = request.headers_mut()?;
        for (name, value) in asked.headers {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
        }
        // Framing is hyper's: a flow's header must not contradict it.
        for ours in [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "upgrade",
        ] {
            headers.remove(ours);
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("cordboard/", env!("CARGO_PKG_VERSION"))),
        );
        headers.insert("webhook-id", HeaderValue::from_str(asked.id).ok()?);
        headers.insert("webhook-timestamp", HeaderValue::from(asked.timestamp));
        if let Some(secret) = &self.secret {
            let signature = secret.sign(asked.id, asked.timestamp, &asked.body);
            headers.insert("webhook-signature", HeaderValue::from_str(&signature).ok()?);
        }
        if let Some(parent) = asked.trace_parent {
            headers.insert("traceparent", HeaderValue::from_str(parent).ok()?);
        }
        request.body(Full::new(asked.body.clone())).ok()
    }
}

/// The rule among the causes of a failed connection, if it was one.
fn forbidden(error: &(dyn Error + 'static)) -> Option<Forbidden> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<Forbidden>());
        if let Some(rule) = inner.or_else(|| error.downcast_ref::<Forbidden>()) {
            return Some(*rule);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests;
