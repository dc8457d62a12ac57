//! `/api/v1/calls`: who is there and who was, one life as a timeline, hanging up, raw commands.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use cordboard_actors::journal::Record;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::{Address, Command, OperatorRequest};
use cordboard_observability::traces::ids::trace_of_call;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused, Taken};
use super::listing::{Wanted, bounds, page};
use super::requests::{call, request, unread};
use super::timeline::{Line, instant, lines};

/// The pages of calls.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list_calls))
        .routes(routes!(show_call))
        .routes(routes!(hang_up_call))
        .routes(routes!(command_call))
}

/// One call in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallSummary {
    /// The carrier's session; the call's id here.
    pub(super) id: String,
    /// Where it stands.
    #[schema(example = "conference")]
    pub(super) phase: &'static str,
    /// Since when, RFC 3339.
    pub(super) since: String,
    /// When it began, RFC 3339.
    pub(super) began_at: Option<String>,
    /// The flow or route that it came by.
    pub(super) flow: Option<String>,
    /// Who called, masked.
    #[schema(example = "***01")]
    pub(super) caller: Option<String>,
    /// Who was called, masked.
    pub(super) called: Option<String>,
    /// Whether it goes on.
    pub(super) live: bool,
    /// Whether it is in memory; a sleeping call is as live as another.
    pub(super) awake: bool,
    /// Its records so far.
    pub(super) seq: u64,
    /// Why it is over, in our words.
    pub(super) end_reason: Option<&'static str>,
    /// Why, in the carrier's words.
    pub(super) hangup_cause: Option<&'static str>,
    /// Who hung up, in the carrier's words.
    pub(super) hangup_source: Option<&'static str>,
}

/// A page of calls, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallPage {
    /// The calls.
    pub(super) calls: Vec<CallSummary>,
    /// `cursor` of the next page; null at the end. A page with filters may be short and still have a successor.
    pub(super) next: Option<String>,
}

/// One call with its life.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallShown {
    /// `call:<id>`.
    pub(super) address: String,
    #[serde(flatten)]
    pub(super) call: CallSummary,
    /// Where its trace is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<String>,
    /// Its records, oldest first.
    pub(super) records: Vec<Line>,
}

/// Live calls, or those that are over and still in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CallState {
    /// Not over.
    #[default]
    Live,
    /// Over.
    Ended,
}

/// What a list of calls is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CallsWanted {
    /// `live` (default) or `ended`.
    #[serde(default)]
    #[param(inline)]
    state: CallState,
    /// Only calls of this flow or route.
    flow: Option<String>,
    /// Only calls in this phase.
    phase: Option<String>,
    /// Entries of a page, 1 to 500; 50 when absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Calls, newest first.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls", params(CallsWanted), responses(
    (status = 200, description = "A page of calls", body = CallPage),
    (status = 400, description = "A filter, a limit or a cursor cannot be", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn list_calls(
    State(desk): State<Desk>,
    wanted: Result<Query<CallsWanted>, QueryRejection>,
) -> Answer<Json<CallPage>> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    let (limit, before) = bounds(wanted.limit, wanted.cursor.as_deref())?;
    let over = wanted.state == CallState::Ended;
    let kind = "call";
    let page = page(
        &desk,
        Wanted {
            kind,
            over,
            limit,
            before,
        },
        |portrait| {
            let flow = wanted
                .flow
                .as_ref()
                .is_none_or(|flow| portrait.story.flow.as_ref() == Some(flow));
            flow && wanted
                .phase
                .as_deref()
                .is_none_or(|phase| portrait.phase == phase)
        },
    )
    .await?;
    let calls = page
        .found
        .iter()
        .map(|(entity, portrait)| summary(&desk, &entity.last, portrait))
        .collect();
    Ok(Json(CallPage {
        calls,
        next: page.next,
    }))
}

/// One call and its life as a timeline.
#[utoipa::path(get, path = "/api/v1/calls/{session}", tag = "calls",
    params(("session" = String, Path, description = "The call's id")), responses(
    (status = 200, description = "The call", body = CallShown),
    (status = 400, description = "No call can have this name", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn show_call(State(desk): State<Desk>, Path(session): Path<String>) -> Answer<Json<CallShown>> {
    let address = call(&session)?;
    let records = desk.house.journal.history(&address).await.map_err(unread)?;
    let last = records.last().ok_or_else(Refusal::unknown)?;
    let portrait = Portrait::of(last).map_err(unread)?;
    let jaeger = desk.jaeger.as_ref();
    Ok(Json(CallShown {
        address: address.to_string(),
        call: summary(&desk, last, &portrait),
        trace: jaeger.map(|url| format!("{url}/trace/{}", trace_of_call(&session))),
        records: lines(&records),
    }))
}

/// Hangs a call up.
#[utoipa::path(post, path = "/api/v1/calls/{session}/hangup", tag = "calls",
    params(("session" = String, Path, description = "The call's id")), responses(
    (status = 202, description = "A record contains it", body = Taken),
    (status = 400, description = "No call can have this name", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 409, description = "It is over", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn hang_up_call(State(desk): State<Desk>, Path(session): Path<String>) -> Answer<Response> {
    request(&desk, &call(&session)?, OperatorRequest::Hangup).await
}

/// Issues one carrier command in the call's name.
#[utoipa::path(post, path = "/api/v1/calls/{session}/commands", tag = "calls",
    params(("session" = String, Path, description = "The call's id")),
    request_body(content = serde_json::Value, description = "A command as `cordboard commands` prints it"), responses(
    (status = 202, description = "A record contains it", body = Taken),
    (status = 400, description = "The body is no command", body = Refused),
    (status = 403, description = "It dials where operators may not", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 409, description = "It is over, or the leg belongs to somebody else", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn command_call(
    State(desk): State<Desk>,
    Path(session): Path<String>,
    command: Result<Json<Command>, JsonRejection>,
) -> Answer<Response> {
    issue(&desk, &call(&session)?, command).await
}

/// Hands a raw command to an entity.
pub(super) async fn issue(
    desk: &Desk,
    address: &Address,
    command: Result<Json<Command>, JsonRejection>,
) -> Answer<Response> {
    let Json(command) =
        command.map_err(|wrong| Refusal::bad(format!("the body is no command: {}", wrong.body_text())))?;
    request(desk, address, OperatorRequest::Issue(Box::new(command))).await
}

fn summary(desk: &Desk, last: &Record, portrait: &Portrait) -> CallSummary {
    let (caller, called, reason) = match &portrait.face {
        Face::Call {
            caller,
            called,
            reason,
        } => (caller.as_ref(), called.as_ref(), *reason),
        Face::Room { .. } | Face::Number { .. } | Face::Queue { .. } => (None, None, None),
    };
    let id = match &last.address {
        Address::Call(session) => session.to_string(),
        other => other.to_string(),
    };
    CallSummary {
        id,
        phase: portrait.phase,
        since: instant(portrait.since),
        began_at: portrait.story.began_at.map(instant),
        flow: portrait.story.flow.clone(),
        caller: caller.map(ToString::to_string),
        called: called.map(ToString::to_string),
        live: !portrait.over,
        awake: desk.house.registry.is_awake(&last.address),
        seq: last.seq,
        end_reason: reason.map(cordboard_core::EndReason::label),
        hangup_cause: portrait.story.hangup_cause,
        hangup_source: portrait.story.hangup_source,
    }
}
