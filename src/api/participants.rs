//! `/api/v1/conferences/{name}/{mute|unmute|hold|unhold|kick|say}`: what operators do to people in a room, through
//! its mailbox.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::conference::{Member, Stage};
use cordboard_core::{Address, CallControlId, OperatorRequest, RoomRequest, Text};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused, Taken, taken};
use super::requests::{deliver, no_conference, request, room, unread};

/// Longest text that a room is told: the carrier's own limit.
const LONGEST_TEXT: usize = 3_000;
/// Longest name of a voice or language.
const LONGEST_WORD: usize = 100;
/// The carrier's own limit of a conference.
const MOST_NAMED: usize = 800;

/// The pages of participants.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(mute))
        .routes(routes!(unmute))
        .routes(routes!(hold))
        .routes(routes!(unhold))
        .routes(routes!(kick))
        .routes(routes!(say))
}

/// Whom a request is about: name some, or everybody.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Who {
    /// Their legs, or the ids of their calls.
    participants: Vec<String>,
    /// Everybody who is in.
    everybody: bool,
}

/// Whom to take out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Kicked {
    /// Their legs, or the ids of their calls.
    participants: Vec<String>,
    /// Everybody who is in.
    everybody: bool,
    /// Their calls are hung up at once. Otherwise they are taken out, and their flows say what comes then.
    hang_up: bool,
}

/// What to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    /// The words, up to 3000 characters.
    text: String,
    /// The carrier's voice.
    #[serde(default)]
    voice: Option<String>,
    /// BCP 47 tag.
    #[serde(default)]
    language: Option<String>,
    /// Who hears it; everybody when empty.
    #[serde(default)]
    participants: Vec<String>,
}

macro_rules! about_people {
    ($(#[doc = $doc:literal] $verb:ident $path:literal => $request:ident;)*) => { $(
        #[doc = $doc]
        #[utoipa::path(post, path = $path, tag = "conferences", request_body = Who,
            params(("name" = String, Path, description = "The room")), responses(
            (status = 202, description = "A record contains it", body = Taken),
            (status = 400, description = "The body is no JSON", body = Refused),
            (status = 404, description = "Nobody goes by that name, or one of them is not in", body = Refused),
            (status = 409, description = "The room has no live conference", body = Refused),
            (status = 422, description = "The body names nobody", body = Refused),
            (status = 503, description = "Not taken: ask again", body = Refused),
            (status = 504, description = "It may be recorded still: look first", body = Refused),
        ))]
        async fn $verb(
            State(desk): State<Desk>,
            Path(name): Path<String>,
            who: Result<Json<Who>, JsonRejection>,
        ) -> Answer<Response> {
            let who = body(who)?;
            let address = room(&name)?;
            let legs = named(&people(&desk, &address).await?, &who.participants, who.everybody)?;
            request(&desk, &address, OperatorRequest::Room(RoomRequest::$request { legs })).await
        }
    )* };
}

about_people! {
    /// Silences participants for the others. Who comes later is heard.
    mute "/api/v1/conferences/{name}/mute" => Mute;
    /// Undoes mute.
    unmute "/api/v1/conferences/{name}/unmute" => Unmute;
    /// Lets participants hear hold audio only.
    hold "/api/v1/conferences/{name}/hold" => Hold;
    /// Undoes hold. Who waits for a moderator goes on waiting.
    unhold "/api/v1/conferences/{name}/unhold" => Unhold;
}

/// Takes participants out of the room, or hangs them up.
#[utoipa::path(post, path = "/api/v1/conferences/{name}/kick", tag = "conferences", request_body = Kicked,
    params(("name" = String, Path, description = "The room")), responses(
    (status = 202, description = "A record contains it", body = Taken),
    (status = 400, description = "The body is no JSON", body = Refused),
    (status = 404, description = "Nobody goes by that name, or one of them is not in", body = Refused),
    (status = 409, description = "The room has no live conference", body = Refused),
    (status = 422, description = "The body names nobody", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn kick(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    kicked: Result<Json<Kicked>, JsonRejection>,
) -> Answer<Response> {
    let kicked = body(kicked)?;
    let address = room(&name)?;
    let people = people(&desk, &address).await?;
    let legs = named(&people, &kicked.participants, kicked.everybody)?;
    if !kicked.hang_up {
        return request(&desk, &address, OperatorRequest::Room(RoomRequest::Kick { legs })).await;
    }
    // A call hangs its own leg up: the room hears of it like of every other end.
    for (leg, member) in &people {
        if legs.contains(leg) {
            deliver(&desk, &member.call, OperatorRequest::Hangup).await?;
        }
    }
    Ok(taken())
}

/// Speaks to the room, or to some in it.
#[utoipa::path(post, path = "/api/v1/conferences/{name}/say", tag = "conferences", request_body = Said,
    params(("name" = String, Path, description = "The room")), responses(
    (status = 202, description = "A record contains it", body = Taken),
    (status = 400, description = "The body is no JSON", body = Refused),
    (status = 404, description = "Nobody goes by that name, or one of them is not in", body = Refused),
    (status = 409, description = "The room has no live conference", body = Refused),
    (status = 422, description = "There is nothing to say, or too much", body = Refused),
    (status = 503, description = "Not taken: ask again", body = Refused),
    (status = 504, description = "It may be recorded still: look first", body = Refused),
))]
async fn say(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    said: Result<Json<Said>, JsonRejection>,
) -> Answer<Response> {
    let said = body(said)?;
    let address = room(&name)?;
    let text = said.text.trim();
    if !(1..=LONGEST_TEXT).contains(&text.chars().count()) {
        let why = format!("text has 1 to {LONGEST_TEXT} characters");
        return Err(Refusal::rule("text", why));
    }
    let people = people(&desk, &address).await?;
    let legs = match said.participants.is_empty() {
        true => Vec::new(),
        false => named(&people, &said.participants, false)?,
    };
    let usual = cordboard_core::plan::Voice::default();
    let say = RoomRequest::Say {
        text: Text::new(text),
        voice: word("voice", said.voice, usual.voice)?,
        language: word("language", said.language, usual.language)?,
        legs,
    };
    request(&desk, &address, OperatorRequest::Room(say)).await
}

/// A body of ours: 400 when it is no JSON, 422 when it is another one than wanted.
pub(super) fn body<T: DeserializeOwned>(body: Result<Json<T>, JsonRejection>) -> Answer<T> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(JsonRejection::JsonDataError(wrong)) => Err(Refusal::rule("body", wrong.body_text())),
        Err(wrong) => Err(Refusal::bad(wrong.body_text())),
    }
}

fn word(name: &'static str, word: Option<String>, usual: String) -> Answer<String> {
    let word = word.unwrap_or(usual);
    let plain =
        !word.is_empty() && word.len() <= LONGEST_WORD && word.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(word)
    } else {
        Err(Refusal::rule(
            name,
            format!("{name} is a word of up to {LONGEST_WORD} characters"),
        ))
    }
}

/// Who is in, by the room's last record.
pub(super) async fn people(desk: &Desk, address: &Address) -> Answer<Vec<(CallControlId, Member)>> {
    let loaded = desk.house.journal.load(address).await.map_err(unread)?;
    let loaded = loaded.ok_or_else(Refusal::unknown)?;
    let portrait = Portrait::of(&loaded.last).map_err(unread)?;
    match portrait.face {
        Face::Room {
            conference: Some(_),
            members,
        } => Ok(members
            .into_iter()
            .filter(|(_, member)| member.stage == Stage::In)
            .collect()),
        _ => Err(no_conference()),
    }
}

/// The legs of those who are named. Names are not repeated in answers: somebody may have typed a number.
fn named(
    people: &[(CallControlId, Member)],
    names: &[String],
    everybody: bool,
) -> Answer<Vec<CallControlId>> {
    if everybody && names.is_empty() {
        return match people {
            [] => Err(Refusal::conflict("nobody is in just now")),
            people => Ok(people.iter().map(|(leg, _)| leg.clone()).collect()),
        };
    }
    if everybody || names.is_empty() {
        let why = "name participants by leg or call id, or say \"everybody\": true; one of the two";
        return Err(Refusal::rule("participants", why));
    }
    if names.len() > MOST_NAMED {
        let why = format!("at most {MOST_NAMED} participants can be named");
        return Err(Refusal::rule("participants", why));
    }
    let leg_of = |name: &String| {
        people.iter().find(|(leg, member)| {
            let call = matches!(&member.call, Address::Call(session) if session.as_str() == name);
            call || leg.as_str() == name
        })
    };
    names
        .iter()
        .enumerate()
        .map(|(place, name)| match leg_of(name) {
            Some((leg, _)) => Ok(leg.clone()),
            None => {
                let why = format!("participant number {} is not in this room", place + 1);
                Err(Refusal::new(StatusCode::NOT_FOUND, why))
            }
        })
        .collect()
}
