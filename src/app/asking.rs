//! Joins the outbox's port to the client that asks the user's own program.

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_actors::ports::{Backend, BackendAttempt};
use cordboard_core::{HttpRequest, Timestamp};
use http::Method;
use std::time::Duration;

use crate::backend::{BackendClient, BackendReply, BackendRequest};

/// The client behind the port.
pub(super) struct Asking(pub(super) BackendClient);

#[async_trait]
impl Backend for Asking {
    async fn attempt(&self, request: &HttpRequest, trace: Option<&str>, now: Timestamp) -> BackendAttempt {
        let Ok(method) = Method::from_bytes(request.method.as_bytes()) else {
            return BackendAttempt::Forbidden("method");
        };
        let headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let asked = BackendRequest {
            id: request.id.as_str(),
            url: &request.url,
            method,
            headers: &headers,
            body: Bytes::from(request.body.expose().to_owned()),
            timestamp: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
            trace_parent: trace,
            timeout: Duration::from_millis(request.timeout_ms),
        };
        match self.0.ask(&asked).await {
            BackendReply::Answered { status, body } => BackendAttempt::Answered {
                status: status.as_u16(),
                body: String::from_utf8_lossy(&body).into_owned(),
            },
            BackendReply::Forbidden(rule) => {
                tracing::warn!(%rule, "a flow asked for an address that it may not reach");
                BackendAttempt::Forbidden("address")
            }
            BackendReply::NotSent(why) => BackendAttempt::NotSent(why),
            BackendReply::InDoubt(why) => BackendAttempt::InDoubt(why),
        }
    }
}
