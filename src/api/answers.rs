//! What the API says when it says no: a status, a sentence, the name of the rule, when to come again.
//!
//! Used by every page here. No sentence repeats a number, a key or a text: answers are logged.

use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Refused {
    /// What is wrong, and what to do.
    #[schema(example = "nobody here goes by that name")]
    pub(super) error: String,
    /// Name of the rule that was broken, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "not_allowed")]
    pub(super) rule: Option<&'static str>,
}

/// A request was taken: a record contains it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    /// Always true.
    #[schema(example = true)]
    pub(super) accepted: bool,
}

/// A refusal on its way.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    body: Refused,
    again: Option<Duration>,
}

/// What a page gives.
pub(super) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        let body = Refused {
            error: why.into(),
            rule: None,
        };
        Self {
            status,
            body,
            again: None,
        }
    }

    /// 422 under the name of a rule.
    pub(super) fn rule(rule: &'static str, why: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, why);
        refusal.body.rule = Some(rule);
        refusal
    }

    /// 429, and when to come again.
    pub(super) fn too_often(rule: &'static str, why: impl Into<String>, again: Duration) -> Self {
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, why);
        (refusal.body.rule, refusal.again) = (Some(rule), Some(again));
        refusal
    }

    pub(super) fn bad(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    pub(super) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "nobody here goes by that name")
    }

    pub(super) fn conflict(why: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, why)
    }

    pub(super) fn unavailable(why: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(again) = self.again {
            let seconds = again.as_secs().max(1);
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// 202 for a request that a record contains.
pub(super) fn taken() -> Response {
    (StatusCode::ACCEPTED, Json(Taken { accepted: true })).into_response()
}
