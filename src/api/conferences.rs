//! `/api/v1/conferences`: rooms, who is in them, ending them, raw commands. What is done to participants is in
//! `participants.rs`.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use cordboard_actors::journal::Record;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::{Address, Command, OperatorRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused, Taken};
use super::calls::issue;
use super::listing::{Wanted, bounds, page};
use super::requests::{request, room, unread};
use super::timeline::{Line, instant, lines};

/// Lines of a room's timeline when no number is asked for: a room may live for months.
const USUAL_LINES: usize = 200;
/// Most lines.
const MOST_LINES: usize = 10_000;

/// The pages of rooms.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list_conferences))
        .routes(routes!(show_conference))
        .routes(routes!(end_conference))
        .routes(routes!(command_conference))
}

/// One room in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomSummary {
    /// Its name.
    pub(super) name: String,
    /// Where it stands.
    #[schema(example = "live")]
    pub(super) phase: &'static str,
    /// Since when, RFC 3339.
    pub(super) since: String,
    /// When the present conference was asked for, RFC 3339.
    pub(super) began_at: Option<String>,
    /// The carrier's id of the present conference.
    pub(super) conference: Option<String>,
    /// Counts the conferences of this room.
    pub(super) incarnation: u64,
    /// Whether somebody is in, or on the way in.
    pub(super) live: bool,
    /// Whether it is in memory.
    pub(super) awake: bool,
    /// How many are in, or on the way in.
    pub(super) participants: usize,
    /// Its records so far.
    pub(super) seq: u64,
}

/// One participant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Participant {
    /// The carrier's leg; names the participant in requests.
    pub(super) leg: String,
    /// The call that it belongs to; names the participant as well.
    pub(super) call: String,
    /// Let in as a moderator.
    pub(super) moderator: bool,
    /// `waiting`, `creating`, `joining` or `in`.
    #[schema(value_type = String)]
    pub(super) stage: cordboard_core::conference::Stage,
    /// Hears hold audio, as far as we asked for it.
    pub(super) held: bool,
    /// Is not heard by the others, as far as we asked for that.
    pub(super) muted: bool,
    /// Since when in this stage, RFC 3339.
    pub(super) since: String,
}

/// A page of rooms, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomPage {
    /// The rooms.
    pub(super) conferences: Vec<RoomSummary>,
    /// `cursor` of the next page; null at the end.
    pub(super) next: Option<String>,
}

/// One room with who is in it and its latest records.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomShown {
    /// `conference:<name>`.
    pub(super) address: String,
    #[serde(flatten)]
    pub(super) room: RoomSummary,
    /// Who is in, or on the way in.
    pub(super) members: Vec<Participant>,
    /// Its latest records, oldest first.
    pub(super) records: Vec<Line>,
}

/// Rooms with a conference, or those without one just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoomState {
    /// Somebody is in, or on the way in.
    #[default]
    Live,
    /// Nobody is.
    Idle,
}

/// What a list of rooms is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RoomsWanted {
    /// `live` (default) or `idle`.
    #[serde(default)]
    #[param(inline)]
    state: RoomState,
    /// Entries of a page, 1 to 500; 50 when absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// How much of a room is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RoomWanted {
    /// So many of the latest records, 0 to 10000; 200 when absent.
    records: Option<usize>,
}

/// Rooms, newest first.
#[utoipa::path(get, path = "/api/v1/conferences", tag = "conferences", params(RoomsWanted), responses(
    (status = 200, description = "A page of rooms", body = RoomPage),
    (status = 400, description = "A filter, a limit or a cursor cannot be", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn list_conferences(
    State(desk): State<Desk>,
    wanted: Result<Query<RoomsWanted>, QueryRejection>,
) -> Answer<Json<RoomPage>> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    let (limit, before) = bounds(wanted.limit, wanted.cursor.as_deref())?;
    let over = wanted.state == RoomState::Idle;
    let kind = "conference";
    let page = page(
        &desk,
        Wanted {
            kind,
            over,
            limit,
            before,
        },
        |_| true,
    )
    .await?;
    let conferences = page
        .found
        .iter()
        .map(|(entity, portrait)| summary(&desk, &entity.last, portrait))
        .collect();
    Ok(Json(RoomPage {
        conferences,
        next: page.next,
    }))
}

/// One room, who is in it, and its latest records.
#[utoipa::path(get, path = "/api/v1/conferences/{name}", tag = "conferences",
    params(("name" = String, Path, description = "The room"), RoomWanted), responses(
    (status = 200, description = "The room", body = RoomShown),
    (status = 400, description = "No room can have this name", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn show_conference(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    wanted: Result<Query<RoomWanted>, QueryRejection>,
) -> Answer<Json<RoomShown>> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    let most = wanted.records.unwrap_or(USUAL_LINES);
    if most > MOST_LINES {
        return Err(Refusal::bad(format!(
            "records is a whole number from 0 to {MOST_LINES}"
        )));
    }
    let address = room(&name)?;
    let records = desk.house.journal.history(&address).await.map_err(unread)?;
    let last = records.last().ok_or_else(Refusal::unknown)?;
    let portrait = Portrait::of(last).map_err(unread)?;
    let mut life = lines(&records);
    life.drain(..life.len().saturating_sub(most));
    Ok(Json(RoomShown {
        address: address.to_string(),
        room: summary(&desk, last, &portrait),
        members: members(&portrait),
        records: life,
    }))
}

/// Ends the room's conference; everybody in it is hung up by the carrier.
#[utoipa::path(post, path = "/api/v1/conferences/{name}/end", tag = "conferences",
    params(("name" = String, Path, description = "The room")), responses(
    (status = 202, description = "A record contains it", body = Taken),
    (status = 400, description = "No room can have this name", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 409, description = "The room has no live conference", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn end_conference(State(desk): State<Desk>, Path(name): Path<String>) -> Answer<Response> {
    request(&desk, &room(&name)?, OperatorRequest::Hangup).await
}

/// Issues one carrier command in the room's name.
#[utoipa::path(post, path = "/api/v1/conferences/{name}/commands", tag = "conferences",
    params(("name" = String, Path, description = "The room")),
    request_body(content = serde_json::Value, description = "A command as `cordboard commands` prints it"), responses(
    (status = 202, description = "A record contains it", body = Taken),
    (status = 400, description = "The body is no command", body = Refused),
    (status = 403, description = "It dials where operators may not", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 409, description = "It is over, or the conference belongs to somebody else", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn command_conference(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    command: Result<Json<Command>, JsonRejection>,
) -> Answer<Response> {
    issue(&desk, &room(&name)?, command).await
}

/// Who is in a room, or on the way in.
pub(super) fn members(portrait: &Portrait) -> Vec<Participant> {
    let Face::Room { members, .. } = &portrait.face else {
        return Vec::new();
    };
    members
        .iter()
        .map(|(leg, member)| Participant {
            leg: leg.to_string(),
            call: match &member.call {
                Address::Call(session) => session.to_string(),
                other => other.to_string(),
            },
            moderator: member.moderator,
            stage: member.stage,
            held: member.held,
            muted: member.muted,
            since: instant(member.since),
        })
        .collect()
}

fn summary(desk: &Desk, last: &Record, portrait: &Portrait) -> RoomSummary {
    let (conference, participants) = match &portrait.face {
        Face::Room { conference, members } => (conference.as_ref(), members.len()),
        Face::Call { .. } | Face::Number { .. } | Face::Queue { .. } => (None, 0),
    };
    let name = match &last.address {
        Address::Conference(name) => name.to_string(),
        other => other.to_string(),
    };
    RoomSummary {
        name,
        phase: portrait.phase,
        since: instant(portrait.since),
        began_at: portrait.story.began_at.filter(|_| !portrait.over).map(instant),
        conference: conference.map(ToString::to_string),
        incarnation: last.incarnation,
        live: !portrait.over,
        awake: desk.house.registry.is_awake(&last.address),
        participants,
        seq: last.seq,
    }
}
