//! `/api/v1/quarantine`: what was set aside, newest first, and the flows that take no new calls because of it.
//!
//! The bytes themselves are not shown: they hold numbers and digits. They are in `quarantine.sqlite`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use cordboard_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused};
use super::listing::{bounds, cursor};
use super::timeline::instant;

/// The page of what was set aside.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list_quarantine))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Most items, 1 to 500; 50 when absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What was set aside.
#[derive(Debug, Serialize, ToSchema)]
struct Quarantined {
    /// Newest first.
    items: Vec<Item>,
    /// `cursor` of the next page; null at the end.
    next: Option<String>,
    /// Flows whose new calls are refused at present.
    closed_flows: Vec<Closed>,
}

/// One item.
#[derive(Debug, Serialize, ToSchema)]
struct Item {
    /// Counts up.
    id: i64,
    /// When, RFC 3339.
    at: String,
    /// `webhook`, `input` or `entity`.
    #[schema(example = "input")]
    kind: String,
    /// Why: `panic`, `not_json`, `torn_ownership`, `other_content`, …
    #[schema(example = "panic")]
    reason: String,
    /// Whom it was for.
    address: Option<String>,
    /// By what it is recognised when it comes again.
    key: Option<String>,
    /// File and line of the panic.
    place: Option<String>,
    /// How many bytes are kept, in `quarantine.sqlite`.
    bytes: usize,
}

/// A flow whose new calls are refused.
#[derive(Debug, Serialize, ToSchema)]
struct Closed {
    /// Its name.
    flow: String,
    /// Where its calls panicked, file and line.
    place: String,
    /// Since when, RFC 3339.
    since: String,
}

/// Inputs, webhooks and entities that were set aside, newest first, and the flows that are closed to new calls.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "program", params(Part), responses(
    (status = 200, description = "A page of what was set aside", body = Quarantined),
    (status = 400, description = "The limit or the cursor makes no sense", body = Refused),
    (status = 503, description = "The quarantine cannot be read", body = Refused),
))]
async fn list_quarantine(
    State(desk): State<Desk>,
    part: Result<Query<Part>, QueryRejection>,
) -> Answer<Json<Quarantined>> {
    let Query(part) = part.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    let (limit, before) = bounds(part.limit, part.cursor.as_deref())?;
    let before = before.map(|before| i64::try_from(before).unwrap_or(i64::MAX));
    let listed = desk.house.quarantine.list(before, limit).await;
    let listed = listed.map_err(|error| Refusal::unavailable(error.to_string()))?;
    let next = (listed.len() == limit)
        .then(|| listed.last().map(|item| cursor(item.id.cast_unsigned())))
        .flatten();
    let items = listed.into_iter().map(|item| Item {
        id: item.id,
        at: instant(Timestamp::from_micros(item.at_us)),
        kind: item.kind,
        reason: item.reason,
        address: item.address,
        key: item.key,
        place: item.place,
        bytes: item.bytes,
    });
    let closed = desk.house.closed_flows().into_iter().map(|closed| Closed {
        flow: closed.flow,
        place: closed.place,
        since: instant(Timestamp::from_micros(closed.since_us)),
    });
    Ok(Json(Quarantined {
        items: items.collect(),
        next,
        closed_flows: closed.collect(),
    }))
}
