//! `Idempotency-Key`: a request that is sent again within ten minutes gets its first answer and has no second effect.
//!
//! A layer around the operator API's routes; it knows methods, paths and answers, nothing of calls. Kept in memory:
//! after a restart a key is new.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::Instant;

use super::answers::Refusal;

/// So long a key is remembered: longer than any client goes on trying.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// Keys remembered at one time; with their short answers about 5 MB.
const MOST_KEYS: usize = 10_000;
/// Longest key; a UUID has 36.
const LONGEST_KEY: usize = 128;
/// Longest answer; answers to POST are one line.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Keys with what became of their requests.
#[derive(Clone, Default)]
pub(super) struct Repeats(Arc<Mutex<HashMap<Key, Seen>>>);

/// Path and key: the same key on another path is another request.
type Key = (String, String);

struct Seen {
    at: Instant,
    /// `None` while the first request is at work.
    answer: Option<(StatusCode, Bytes)>,
}

impl Repeats {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Seen>> {
        // Nothing under the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of a request that is not the first with its key; `None` lets it through and marks it as at work.
    fn begin(&self, key: &Key, now: Instant) -> Option<Response> {
        let mut seen = self.lock();
        seen.retain(|_, seen| now.duration_since(seen.at) < REMEMBERED);
        if let Some(first) = seen.get(key) {
            return Some(match &first.answer {
                Some((status, body)) => json(*status, body.clone()),
                None => refuse(
                    StatusCode::CONFLICT,
                    "a request with this Idempotency-Key is at work; ask again in a moment",
                ),
            });
        }
        if seen.len() >= MOST_KEYS {
            return Some(refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many Idempotency-Keys in ten minutes; ask again later",
            ));
        }
        let answer = None;
        seen.insert(key.clone(), Seen { at: now, answer });
        None
    }

    /// Remembers the answer if the request had an effect, or may have had one; else the key is free again.
    fn end(&self, key: Key, status: StatusCode, body: &Bytes) {
        let mut seen = self.lock();
        if matches!(status, StatusCode::ACCEPTED | StatusCode::GATEWAY_TIMEOUT) {
            let at = Instant::now();
            let answer = Some((status, body.clone()));
            seen.insert(key, Seen { at, answer });
        } else {
            seen.remove(&key);
        }
    }
}

/// The layer.
pub(super) async fn once(State(repeats): State<Repeats>, request: Request, next: Next) -> Response {
    let Some(key) = request.headers().get("idempotency-key") else {
        return next.run(request).await;
    };
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let plain = key
        .to_str()
        .ok()
        .filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let Some(key) = plain else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "the Idempotency-Key is empty, longer than 128 characters or not printable ASCII",
        );
    };
    let key = (request.uri().path().to_owned(), key.to_owned());
    if let Some(answer) = repeats.begin(&key, Instant::now()) {
        return answer;
    }
    // In a task of its own: a client that leaves must find the answer when it comes again.
    let working = tokio::spawn({
        let (repeats, key) = (repeats.clone(), key.clone());
        async move {
            let response = next.run(request).await;
            let status = response.status();
            let body = to_bytes(response.into_body(), LONGEST_ANSWER)
                .await
                .unwrap_or_default();
            repeats.end(key, status, &body);
            json(status, body)
        }
    });
    working.await.unwrap_or_else(|error| {
        tracing::error!(%error, "answering an operator panicked");
        repeats.end(key, StatusCode::INTERNAL_SERVER_ERROR, &Bytes::new());
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "this request made the program stumble",
        )
    })
}

fn refuse(status: StatusCode, why: &str) -> Response {
    Refusal::new(status, why).into_response()
}

fn json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        ("/api/v1/calls/a/hangup".into(), text.into())
    }

    fn again(repeats: &Repeats, text: &str) -> Option<StatusCode> {
        again_at(repeats, text, Instant::now())
    }

    fn again_at(repeats: &Repeats, text: &str, now: Instant) -> Option<StatusCode> {
        repeats.begin(&key(text), now).map(|answer| answer.status())
    }

    #[test]
    fn a_key_is_answered_once_and_remembered_for_ten_minutes() {
        let repeats = Repeats::default();
        assert_eq!(again(&repeats, "a"), None);
        assert_eq!(again(&repeats, "a"), Some(StatusCode::CONFLICT), "at work");
        repeats.end(key("a"), StatusCode::ACCEPTED, &Bytes::from_static(b"{}"));
        assert_eq!(again(&repeats, "a"), Some(StatusCode::ACCEPTED));
        assert_eq!(again(&repeats, "b"), None);
        let later = Instant::now() + REMEMBERED;
        assert_eq!(again_at(&repeats, "a", later), None);
    }

    #[test]
    fn a_request_without_effect_leaves_its_key_free_and_keys_are_bounded() {
        let repeats = Repeats::default();
        assert_eq!(again(&repeats, "a"), None);
        repeats.end(key("a"), StatusCode::NOT_FOUND, &Bytes::new());
        assert_eq!(again(&repeats, "a"), None);
        for number in 1..MOST_KEYS {
            assert_eq!(again(&repeats, &number.to_string()), None);
        }
        assert_eq!(again(&repeats, "late"), Some(StatusCode::SERVICE_UNAVAILABLE));
    }
}
