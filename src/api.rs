//! The operator API: look at entities, ask something of them. Everything acts through mailboxes.
//!
//! Mounted at the operator door, which checks who may come in. Answers are JSON; an accepted request means that a
//! record contains it. What an operator may command, and where to, is checked here; what it means is the machines'.

mod dialling;
mod repeats;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cordboard_actors::House;
use cordboard_actors::delivery::Receipt;
use cordboard_actors::journal::Record;
use cordboard_actors::router::Router;
use cordboard_core::{Address, Command, Effect, Handle, Input, OperatorRequest};
use cordboard_observability::traces::ids::trace_of_call;
use serde_json::{Value, json};

pub use dialling::Dialling;
use repeats::{Repeats, once};

/// What every handler sees.
#[derive(Clone)]
struct Desk {
    house: Arc<House>,
    router: Arc<Router>,
    dialling: Arc<Dialling>,
    /// Where people look at traces.
    jaeger: Option<Arc<str>>,
}

/// Longest session id or room name in a path.
const MAX_NAME: usize = 256;

/// The routes below `/api/v1`. Calls show a link to their trace when `jaeger` says where traces are looked at.
pub fn router(
    house: Arc<House>,
    router: Arc<Router>,
    dialling: Dialling,
    jaeger: Option<&str>,
) -> axum::Router {
    let dialling = Arc::new(dialling);
    axum::Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/calls/{session}", get(show_call))
        .route("/api/v1/calls/{session}/commands", post(command_call))
        .route("/api/v1/calls/{session}/hangup", post(hang_up_call))
        .route("/api/v1/conferences/{name}", get(show_conference))
        .route("/api/v1/conferences/{name}/commands", post(command_conference))
        .route("/api/v1/conferences/{name}/end", post(end_conference))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is no such page; see /api/v1/status") })
        .layer(from_fn_with_state(Repeats::default(), once))
        .with_state(Desk {
            house,
            router,
            dialling,
            jaeger: jaeger.map(|url| url.trim_end_matches('/').into()),
        })
}

async fn status(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({
        "memory": desk.house.occupancy(),
        "journal": desk.house.journal.counts(),
        "webhooks_in_flight": desk.router.in_flight(),
    }))
}

async fn show_call(State(desk): State<Desk>, Path(session): Path<String>) -> Response {
    show(&desk, Address::Call(session.as_str().into()), &session).await
}

async fn show_conference(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    show(&desk, Address::Conference(name.as_str().into()), &name).await
}

async fn command_call(
    State(desk): State<Desk>,
    Path(session): Path<String>,
    command: Result<Json<Command>, axum::extract::rejection::JsonRejection>,
) -> Response {
    issue(&desk, Address::Call(session.as_str().into()), &session, command).await
}

async fn command_conference(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    command: Result<Json<Command>, axum::extract::rejection::JsonRejection>,
) -> Response {
    issue(&desk, Address::Conference(name.as_str().into()), &name, command).await
}

async fn hang_up_call(State(desk): State<Desk>, Path(session): Path<String>) -> Response {
    request(
        &desk,
        Address::Call(session.as_str().into()),
        &session,
        OperatorRequest::Hangup,
    )
    .await
}

async fn end_conference(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    request(
        &desk,
        Address::Conference(name.as_str().into()),
        &name,
        OperatorRequest::Hangup,
    )
    .await
}

async fn issue(
    desk: &Desk,
    address: Address,
    name: &str,
    command: Result<Json<Command>, axum::extract::rejection::JsonRejection>,
) -> Response {
    match command {
        Ok(Json(command)) => request(desk, address, name, OperatorRequest::Issue(Box::new(command))).await,
        Err(wrong) => refusal(
            StatusCode::BAD_REQUEST,
            &format!("the body is no command: {}", wrong.body_text()),
        ),
    }
}

/// Hands a request to an entity that exists and is not over.
async fn request(desk: &Desk, address: Address, name: &str, request: OperatorRequest) -> Response {
    if !is_plain(name) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "the name in the path is too long or not printable ASCII",
        );
    }
    match desk.house.journal.load(&address).await {
        Ok(Some(loaded)) if loaded.terminal => return refusal(StatusCode::CONFLICT, "it is over"),
        Ok(Some(_)) => {}
        Ok(None) => return refusal(StatusCode::NOT_FOUND, "nobody here goes by that name"),
        Err(error) => return refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
    if let Some(refused) = refuse(desk, &address, &request) {
        return refused;
    }
    match desk.router.request(&address, Input::Operator(request)).await {
        Receipt::Committed(_) | Receipt::Duplicate(_) => {
            (StatusCode::ACCEPTED, Json(json!({ "accepted": true }))).into_response()
        }
        Receipt::Failed("timeout") => refusal(
            StatusCode::GATEWAY_TIMEOUT,
            "no record contains it yet; it may be recorded still, look before you ask again",
        ),
        Receipt::Failed(why) => refusal(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// What an operator may not ask of this entity.
fn refuse(desk: &Desk, address: &Address, request: &OperatorRequest) -> Option<Response> {
    match request {
        OperatorRequest::Hangup | OperatorRequest::Room(_) => {
            let idle =
                matches!(address, Address::Conference(_)) && !desk.house.registry.has_conference(address);
            idle.then(|| refusal(StatusCode::CONFLICT, "the room has no live conference"))
        }
        OperatorRequest::Issue(command) => {
            if let Some(why) = desk.dialling.refuses(command) {
                return Some(refusal(StatusCode::FORBIDDEN, why));
            }
            belongs_elsewhere(desk, address, command).map(|why| refusal(StatusCode::CONFLICT, &why))
        }
    }
}

/// Why a command is not this entity's to issue: its queue and its outcomes are those of whoever owns the leg or the
/// conference that it acts upon. Other legs in it, such as that of a bridge, may be anybody's.
fn belongs_elsewhere(desk: &Desk, address: &Address, command: &Command) -> Option<String> {
    let leg = command.leg().cloned().map(Handle::Leg);
    let handles: Vec<Handle> = match command {
        Command::Dial(_) | Command::Query(_) => return None,
        Command::Leg { .. } | Command::CreateConference(_) => leg.into_iter().collect(),
        // A call may put its own leg in and take it out.
        Command::Conference { conference, .. } => std::iter::once(Handle::Conference(conference.clone()))
            .chain(leg)
            .collect(),
        Command::UpdateParticipant(update) => vec![Handle::Conference(update.conference.clone())],
    };
    let owners: Vec<Option<Address>> = handles
        .iter()
        .map(|handle| desk.house.registry.owner(handle))
        .collect();
    if owners.iter().flatten().any(|owner| owner == address) {
        return None;
    }
    Some(match owners.into_iter().flatten().next() {
        Some(owner) => format!("what it acts upon belongs to {owner}: send it there"),
        None => "nobody here owns the leg or conference that it acts upon".to_owned(),
    })
}

async fn show(desk: &Desk, address: Address, name: &str) -> Response {
    if !is_plain(name) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "the name in the path is too long or not printable ASCII",
        );
    }
    match desk.house.journal.history(&address).await {
        Ok(records) if records.is_empty() => refusal(StatusCode::NOT_FOUND, "nobody here goes by that name"),
        Ok(records) => {
            let life: Vec<Value> = records.iter().map(line).collect();
            let awake = desk.house.registry.is_awake(&address);
            let live = desk
                .house
                .journal
                .load(&address)
                .await
                .is_ok_and(|found| found.is_some_and(|found| !found.terminal));
            let mut shown =
                json!({ "address": address.to_string(), "live": live, "awake": awake, "records": life });
            if let (Some(url), Address::Call(session)) = (&desk.jaeger, &address) {
                shown["trace"] = json!(format!("{url}/trace/{}", trace_of_call(session.as_str())));
            }
            Json(shown).into_response()
        }
        Err(error) => refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// One record as a line of a timeline; no number, digit or text of a caller passes.
fn line(record: &Record) -> Value {
    let cause = match &record.cause {
        Input::Event { event, .. } => event.body.label(),
        other => other.label(),
    };
    let effects: Vec<Value> = record
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Command(issued) => json!({ "command": issued.command.name(), "id": issued.id }),
            Effect::Send { to, .. } => json!({ "message_to": to.to_string() }),
            Effect::Settle { command } => json!({ "settled": command }),
            Effect::Ended { reason } => json!({ "ended": reason.label() }),
            Effect::Fact(fact) => json!({ "fact": fact.label() }),
        })
        .collect();
    json!({ "seq": record.seq, "at_us": record.at.as_micros(), "cause": cause, "effects": effects })
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
