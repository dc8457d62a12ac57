//! The HTTP face: accepts connections, serves the API under `/v2` and the control paths under `/simulator`.
//!
//! Only protocol here: which path, which token, which status. The carrier decides; faults come from `world`.

mod control;
mod routes;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::carrier::answer::ApiError;
use crate::carrier::request::{Body, Request as ApiRequest};
use crate::twilio::rest;
use crate::world::{Reply, World};
use routes::NoRoute;

/// Largest body of a request. The real API takes less; this only protects the simulator.
const BODY_LIMIT: usize = 1024 * 1024;

/// The answer stays away and the connection closes: how a time-out looks to the client.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld on purpose")]
struct Withheld;

/// A finished answer.
type Page = Response<Full<Bytes>>;

/// Accepts until the world stops.
pub(crate) async fn serve(world: Arc<World>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = world.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let served = connection(Arc::clone(&world), stream);
                world.tasks.spawn(served);
            }
            // A connection that went away between SYN and accept; the listener itself is fine.
            Err(error) => tracing::debug!(%error, "accept failed"),
        }
    }
}

async fn connection(world: Arc<World>, stream: TcpStream) {
    // Answers are small and latency is measured.
    let _ = stream.set_nodelay(true);
    let stop = world.stop.clone();
    let service = service_fn(move |request| answer(Arc::clone(&world), request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        // Errors are the client's hanging up or a withheld answer.
        _ = served => {}
    }
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Page, Withheld> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(error(&ApiError::bad_request(
                "The body could not be read or is larger than 1 MiB.",
            )));
        }
    };
    if let Some(rest) = path.strip_prefix("/simulator") {
        return Ok(control::answer(&world, &head.method, rest, &body));
    }
    if let Some(rest) = path.strip_prefix("/2010-04-01") {
        let answer = rest::answer(&world, &head.method, rest, head.uri.query(), &head.headers, &body);
        return match answer {
            Some((status, body)) => Ok(page(status, &body)),
            None => {
                tokio::time::sleep(world.settings.withheld).await;
                Err(Withheld)
            }
        };
    }
    let Some(rest) = path.strip_prefix("/v2") else {
        return Ok(error(&ApiError::not_found()));
    };
    match parse(&world, &head.method, rest, head.uri.query(), &head.headers, &body) {
        Err(refused) => Ok(error(&refused)),
        Ok(request) => match world.request(&request) {
            Reply::Outcome(Ok(answer)) => Ok(page(answer.status, &answer.body)),
            Reply::Outcome(Err(refused)) => Ok(error(&refused)),
            Reply::Withheld => {
                tokio::time::sleep(world.settings.withheld).await;
                Err(Withheld)
            }
        },
    }
}

fn parse(
    world: &World,
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<ApiRequest, ApiError> {
    authenticate(headers, world.settings.api_key.as_deref())?;
    let route = routes::route(method.as_str(), path).map_err(|problem| match problem {
        NoRoute::Path => ApiError::not_found(),
        NoRoute::Method => ApiError::method_not_allowed(),
    })?;
    let body = if route.is_command() {
        object(body)?
    } else {
        Body::new()
    };
    let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    Ok(ApiRequest { route, body, query })
}

fn authenticate(headers: &HeaderMap, wanted: Option<&str>) -> Result<(), ApiError> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = value
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .filter(|token| !token.is_empty());
    match (token, wanted) {
        (Some(token), Some(wanted)) if token == wanted => Ok(()),
        (Some(_), None) => Ok(()),
        _ => Err(ApiError::unauthenticated()),
    }
}

/// The JSON object of a body; an empty body counts as an empty object.
fn object(body: &[u8]) -> Result<Body, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(Body::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::bad_request("The request body must be a JSON object.")),
        Err(_) => Err(ApiError::bad_request("The request body is not valid JSON.")),
    }
}

fn error(refused: &ApiError) -> Page {
    let mut page = page(refused.status, &refused.body());
    if refused.status == 429 {
        let headers = page.headers_mut();
        for (name, value) in [
            ("x-ratelimit-limit", "30"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1"),
            ("retry-after", "1"),
        ] {
            headers.insert(name, header::HeaderValue::from_static(value));
        }
    }
    page
}

fn page(status: u16, body: &Value) -> Page {
    let bytes = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    let mut page = Response::new(Full::new(bytes));
    *page.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if !body.is_null() {
        page.headers_mut().insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
    }
    page
}
