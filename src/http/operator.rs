//! The operator door: health, readiness, metrics, and the API and console that are mounted from outside.
//!
//! On loopback by default. From elsewhere it needs a switch and a token. `app.rs` gives it its router.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::limits::DoorLimits;
use super::listener::Door;
use super::token::{self, Token};
use super::{answers, body};

/// The text format that `prometheus-client` writes.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether work may be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// Not yet or no longer; the word says why (`starting`, `stopping`).
    NotReady(&'static str),
}

/// Who may come in, and from where.
#[derive(Clone, Debug)]
pub struct OperatorAccess {
    token: Option<Token>,
}

/// Why the operator door must not open like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefused {
    /// Reachable from other machines without the explicit switch.
    #[error(
        "the operator door may hang up calls and would listen on {0}, reachable from other machines: listen on \
         127.0.0.1, or set operator.allow_remote = true and an operator.token"
    )]
    Remote(SocketAddr),
    /// Reachable from other machines without a token.
    #[error(
        "the operator door on {0} is reachable from other machines and needs a token: set operator.token_file"
    )]
    RemoteWithoutToken(SocketAddr),
}

impl OperatorAccess {
    /// Checks that an address may be opened under these terms.
    ///
    /// # Errors
    /// A non-loopback address needs both `allow_remote` and a token.
    pub fn new(address: SocketAddr, allow_remote: bool, token: Option<&str>) -> Result<Self, AccessRefused> {
        let remote = !address.ip().to_canonical().is_loopback();
        match token {
            _ if remote && !allow_remote => Err(AccessRefused::Remote(address)),
            None if remote => Err(AccessRefused::RemoteWithoutToken(address)),
            token => Ok(Self {
                token: token.map(Token::new),
            }),
        }
    }
}

/// See the module.
pub struct OperatorDoor {
    access: OperatorAccess,
    limits: DoorLimits,
    api: Router,
    readiness: Arc<dyn Fn() -> Readiness + Send + Sync>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

impl OperatorDoor {
    /// A door whose `/api/v1/…` and `/console…` are answered by `api` (full paths).
    pub fn new(
        access: OperatorAccess,
        limits: DoorLimits,
        api: Router,
        readiness: Arc<dyn Fn() -> Readiness + Send + Sync>,
        metrics: Arc<dyn Fn() -> String + Send + Sync>,
    ) -> Self {
        Self {
            access,
            limits,
            api,
            readiness,
            metrics,
        }
    }

    /// Turns away who may not come in.
    fn turn_away(&self, request: &Request<Incoming>) -> Option<Response<Body>> {
        if token::in_query(request.uri().query()) {
            return Some(unauthorised());
        }
        let headers = request.headers();
        match &self.access.token {
            Some(token) if !token.admits(headers) => Some(unauthorised()),
            // A page of a stranger can make the operator's browser send requests to 127.0.0.1, under a name of
            // its own that resolves there. Without a token the names are the only thing that tells.
            // The metrics hold nothing to protect, and scrapers come under names such as `host.docker.internal`.
            None if !is_local(headers) && request.uri().path() != "/metrics" => {
                Some(answers::last(StatusCode::FORBIDDEN))
            }
            _ if is_foreign(headers) => Some(answers::last(StatusCode::FORBIDDEN)),
            Some(_) | None => None,
        }
    }

    async fn mounted(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, incoming) = request.into_parts();
        match body::read(incoming, self.limits.max_body_bytes, self.limits.body_timeout).await {
            Ok(bytes) => {
                let request = Request::from_parts(parts, Body::from(bytes));
                self.api
                    .clone()
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {})
            }
            Err(status) => answers::last(status),
        }
    }
}

impl Door for OperatorDoor {
    type Body = Body;

    fn name(&self) -> &'static str {
        "operator"
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        let open = matches!(path, "/healthz" | "/readyz");
        if !open && let Some(refusal) = self.turn_away(&request) {
            return refusal;
        }
        match path {
            "/healthz" | "/readyz" | "/metrics"
                if !matches!(*request.method(), Method::GET | Method::HEAD) =>
            {
                answers::allow("GET, HEAD")
            }
            "/healthz" => text(StatusCode::OK, "alive\n".into(), None),
            "/readyz" => match (self.readiness)() {
                Readiness::Ready => text(StatusCode::OK, "ready\n".into(), None),
                Readiness::NotReady(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"), None),
            },
            "/metrics" => text(StatusCode::OK, (self.metrics)(), Some(METRICS_TYPE)),
            _ if is_mounted(path) => self.mounted(request).await,
            _ => answers::plain(StatusCode::NOT_FOUND),
        }
    }
}

fn is_mounted(path: &str) -> bool {
    path.starts_with("/api/v1/") || path == "/console" || path.starts_with("/console/")
}

fn text(status: StatusCode, body: String, content_type: Option<&'static str>) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(body)));
    *response.status_mut() = status;
    let content_type = content_type.unwrap_or("text/plain; charset=utf-8");
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn unauthorised() -> Response<Body> {
    let mut response = answers::plain(StatusCode::UNAUTHORIZED);
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Whether the request names this machine: `localhost` or a loopback address, any port.
fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|value| value.to_str().ok()) else {
        // HTTP/1.0 without Host: no browser sends that.
        return true;
    };
    let name = host_name(host);
    let address: Option<std::net::IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    name.eq_ignore_ascii_case("localhost") || address.is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// Whether a browser says that a page of another origin made the request.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    !authority.eq_ignore_ascii_case(host)
}

fn host_name(host: &str) -> &str {
    let port_at = host
        .rfind(':')
        .filter(|at| host[at + 1..].bytes().all(|byte| byte.is_ascii_digit()));
    match port_at {
        // Within brackets, or several of them: the colon belongs to the address.
        Some(at) if !host[..at].contains(':') || host[..at].ends_with(']') => &host[..at],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        let local = |host: &str| is_local(&HeaderMap::from_iter([(HOST, host.parse().unwrap())]));
        for host in [
            "localhost",
            "localhost:8081",
            "127.0.0.1:8081",
            "[::1]:8081",
            "[::1]",
            "127.8.8.8",
        ] {
            assert!(local(host), "{host}");
        }
        for host in [
            "evil.example:8081",
            "10.0.0.1",
            "localhost.evil.example",
            "[2001:db8::1]:80",
        ] {
            assert!(!local(host), "{host}");
        }
    }

    #[test]
    fn remote_addresses_need_the_switch_and_a_token() {
        let everywhere: SocketAddr = "0.0.0.0:8081".parse().unwrap();
        let here: SocketAddr = "127.0.0.1:8081".parse().unwrap();
        assert!(OperatorAccess::new(here, false, None).is_ok());
        assert_eq!(
            OperatorAccess::new(everywhere, false, Some("t")).unwrap_err(),
            AccessRefused::Remote(everywhere)
        );
        assert_eq!(
            OperatorAccess::new(everywhere, true, None).unwrap_err(),
            AccessRefused::RemoteWithoutToken(everywhere)
        );
        assert!(OperatorAccess::new(everywhere, true, Some("t")).is_ok());
    }
}
