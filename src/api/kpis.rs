//! The figures that a contact centre is led by, out of the books.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use cordboard_core::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused};
use crate::records::Kpis;

/// Longest span; beyond it people ask the database itself.
const MOST_DAYS: u32 = 400;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(kpis))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Span {
    /// Days, today (UTC) included: 1 to 400.
    #[serde(default = "a_week")]
    #[param(default = 7, minimum = 1, maximum = 400)]
    days: u32,
}

fn a_week() -> u32 {
    7
}

/// Selection rate, transfers, calls per day and flow, menu choices.
#[utoipa::path(get, path = "/api/v1/kpis", tag = "program", params(Span), responses(
    (status = 200, description = "Figures of the last days", body = Kpis),
    (status = 400, description = "The span is not understood", body = Refused),
    (status = 404, description = "This program keeps no records", body = Refused),
    (status = 503, description = "The database does not answer", body = Refused),
))]
async fn kpis(State(desk): State<Desk>, span: Result<Query<Span>, QueryRejection>) -> Answer<Json<Kpis>> {
    let Query(span) = span.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    if !(1..=MOST_DAYS).contains(&span.days) {
        return Err(Refusal::bad(format!("days is not within 1 to {MOST_DAYS}")));
    }
    let Some(books) = &desk.records else {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "this program keeps no records: see records.enabled in its configuration",
        ));
    };
    books.kpis(first_day(span.days)).await.map(Json).map_err(|error| {
        tracing::warn!(%error, "the figures cannot be read");
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database of the records does not answer",
        )
    })
}

/// Some moment of the first of so many days, today included.
pub(crate) fn first_day(days: u32) -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let first = since.saturating_sub(DAY.saturating_mul(days.saturating_sub(1)));
    Timestamp::from_millis(u64::try_from(first.as_millis()).unwrap_or(u64::MAX))
}
