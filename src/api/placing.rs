//! Calls that operators have placed: into a flow (`POST /calls`) or into a room (`POST /conferences/{name}/invite`).
//!
//! Where to, from whom and how often is checked here, by rules with names; the dialling is the call's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use cordboard_core::{Address, ConferenceName, ConnectionId, OperatorRequest, PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused};
use super::participants::{body, people};
use super::requests::{deliver, room, unread};

/// How long it rings when nobody says: four to five rings.
const USUAL_RING_S: u32 = 30;
/// What the carrier takes, seconds.
const RING_S: std::ops::RangeInclusive<u32> = 5..=600;
/// A call that could not be placed for so long is placed no more: whoever asked has gone on.
const NOT_AFTER: Duration = Duration::from_secs(120);
/// Longest name of a flow or application.
const LONGEST_NAME: usize = 128;

/// A call to place, checked.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The number shown.
    pub from: PhoneNumber,
    /// Whom to call.
    pub to: PhoneNumber,
    /// The carrier application that owns the leg.
    pub connection: ConnectionId,
    /// How long it rings.
    pub ring: Duration,
    /// Past this nobody is called any more.
    pub not_after: Timestamp,
}

/// Turns a call to place into what its actor is told. The wiring knows flows and applications.
pub trait Originate: Send + Sync + 'static {
    /// The application that calls go out by when none is named; `None` when there are several, or none.
    fn connection(&self) -> Option<ConnectionId>;

    /// Who answers gets this flow; `None` when there is no such flow.
    fn for_flow(&self, call: &Outgoing, flow: &str) -> Option<OperatorRequest>;

    /// Who answers is brought into this room; `None` when no flow can name it.
    fn for_room(&self, call: &Outgoing, room: &ConferenceName) -> Option<OperatorRequest>;
}

/// The pages of placed calls.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(start_call))
        .routes(routes!(invite))
}

/// A call to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Start {
    /// Whom to call: E.164, or a sip: address where allowed. `operator.dial_allow` must name its prefix.
    to: String,
    /// The number shown, E.164; one of yours at the carrier.
    from: String,
    /// The flow that whoever answers gets.
    flow: String,
    /// The carrier application; may be left out when one is configured.
    #[serde(default)]
    connection: Option<String>,
    /// How long it rings, 5 to 600 seconds; 30 when absent.
    #[serde(default)]
    ring_s: Option<u32>,
}

/// Somebody to bring into a room.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Invitation {
    /// Whom to call: E.164, or a sip: address where allowed. `operator.dial_allow` must name its prefix.
    to: String,
    /// The number shown, E.164; one of yours at the carrier.
    from: String,
    /// The carrier application; may be left out when one is configured.
    #[serde(default)]
    connection: Option<String>,
    /// How long it rings, 5 to 600 seconds; 30 when absent.
    #[serde(default)]
    ring_s: Option<u32>,
}

/// A call is being placed.
#[derive(Debug, Serialize, ToSchema)]
struct Placed {
    /// Always true.
    accepted: bool,
    /// The call's id here.
    id: String,
}

/// Calls somebody; whoever answers gets a flow.
#[utoipa::path(post, path = "/api/v1/calls", tag = "calls", request_body = Start, responses(
    (status = 202, description = "A record contains it", body = Placed),
    (status = 400, description = "The body is no JSON", body = Refused),
    (status = 422, description = "A rule is broken; its name is in the answer, the number is not", body = Refused),
    (status = 429, description = "Too many calls were started", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn start_call(
    State(desk): State<Desk>,
    headers: HeaderMap,
    start: Result<Json<Start>, JsonRejection>,
) -> Answer<Response> {
    let start = body(start)?;
    let call = checked(
        &desk,
        &start.to,
        &start.from,
        start.connection.as_deref(),
        start.ring_s,
    )?;
    let flow = name("flow", &start.flow)?;
    let request = desk.originate.for_flow(&call, flow);
    let request = request.ok_or_else(|| Refusal::rule("flow", "there is no flow of this name"))?;
    place(&desk, id(&desk, &headers, "calls"), request).await
}

/// Calls somebody; whoever answers is brought into the room.
#[utoipa::path(post, path = "/api/v1/conferences/{name}/invite", tag = "conferences", request_body = Invitation,
    params(("name" = String, Path, description = "The room")), responses(
    (status = 202, description = "A record contains it", body = Placed),
    (status = 400, description = "The body is no JSON", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 409, description = "The room has no live conference", body = Refused),
    (status = 422, description = "A rule is broken; its name is in the answer, the number is not", body = Refused),
    (status = 429, description = "Too many calls were started", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn invite(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    headers: HeaderMap,
    invitation: Result<Json<Invitation>, JsonRejection>,
) -> Answer<Response> {
    let invitation = body(invitation)?;
    let (to, from) = (&invitation.to, &invitation.from);
    let call = checked(
        &desk,
        to,
        from,
        invitation.connection.as_deref(),
        invitation.ring_s,
    )?;
    let address = room(&name)?;
    // Only where somebody is: an invitation to an empty room would ring for nobody.
    people(&desk, &address).await?;
    let request = desk.originate.for_room(&call, &ConferenceName::new(&name));
    let request = request.ok_or_else(|| {
        Refusal::rule(
            "room",
            "no flow can name this room: nobody can be invited into it",
        )
    })?;
    let id = id(&desk, &headers, &format!("conferences/{name}"));
    place(&desk, id, request).await
}

fn checked(
    desk: &Desk,
    to: &str,
    from: &str,
    connection: Option<&str>,
    ring_s: Option<u32>,
) -> Answer<Outgoing> {
    let (to, from) = (PhoneNumber::new(to), PhoneNumber::new(from));
    if !from.is_e164() {
        return Err(Refusal::rule(
            "from",
            "the number shown is one in E.164, such as +15550100",
        ));
    }
    if to == from {
        return Err(Refusal::rule(
            "own_number",
            "a number that calls itself would go round for ever",
        ));
    }
    let allowed = desk.dialling.check(&to);
    allowed.map_err(|broken| Refusal::rule(broken.rule, broken.why))?;
    let ring_s = ring_s.unwrap_or(USUAL_RING_S);
    if !RING_S.contains(&ring_s) {
        let why = format!("ring_s is from {} to {} seconds", RING_S.start(), RING_S.end());
        return Err(Refusal::rule("ring_s", why));
    }
    let connection = match connection {
        Some(connection) => Some(ConnectionId::new(name("connection", connection)?)),
        None => desk.originate.connection(),
    };
    let connection = connection.ok_or_else(|| {
        let why = "name the carrier application, or set telnyx.connection_ids to one";
        Refusal::rule("connection", why)
    })?;
    Ok(Outgoing {
        from,
        to,
        connection,
        ring: Duration::from_secs(u64::from(ring_s)),
        not_after: desk.house.clock.now() + NOT_AFTER,
    })
}

fn name<'a>(rule: &'static str, name: &'a str) -> Answer<&'a str> {
    let plain =
        !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(name)
    } else {
        Err(Refusal::rule(
            rule,
            format!("{rule} is a name of up to {LONGEST_NAME} printable characters"),
        ))
    }
}

/// The id of a call to place, and whether it may have been placed before. Keys are forgotten at a restart, calls are
/// not: the id of a request with a key is made from it, so that one key places one call all the same.
fn id(desk: &Desk, headers: &HeaderMap, within: &str) -> (String, bool) {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let Some(key) = key else {
        return (uuid::Uuid::new_v4().to_string(), false);
    };
    let salt = desk.house.journal.salt();
    let name = format!("placed call\n{salt}\n{within}\n{key}");
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
    (id.to_string(), true)
}

/// Gives the call an address of its own and its first input.
async fn place(desk: &Desk, (id, keyed): (String, bool), request: OperatorRequest) -> Answer<Response> {
    let address = Address::Call(id.as_str().into());
    let placed = keyed && desk.house.journal.load(&address).await.map_err(unread)?.is_some();
    if !placed {
        desk.spending.take(Instant::now())?;
        deliver(desk, &address, request).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(Placed { accepted: true, id })).into_response())
}

/// What stands behind the pages.
pub(super) type Originator = Arc<dyn Originate>;
