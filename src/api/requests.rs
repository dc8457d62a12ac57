//! From a request to the mailbox that it is for: who exists, who is over, what may be asked of whom.
//!
//! Used by every page that changes something. What a request means is the machines'.

use std::fmt::Display;

use axum::http::StatusCode;
use axum::response::Response;
use cordboard_actors::delivery::Receipt;
use cordboard_core::{Address, Command, Handle, Input, OperatorRequest};

use super::Desk;
use super::answers::{Answer, Refusal, taken};

/// Longest session id or room name in a path.
const MAX_NAME: usize = 256;

/// A name in a path that an entity could go by.
pub(super) fn plain(name: &str) -> Answer<&str> {
    let plain =
        !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(name)
    } else {
        Err(Refusal::bad(
            "the name in the path is too long or not printable ASCII",
        ))
    }
}

/// The address of a call.
pub(super) fn call(session: &str) -> Answer<Address> {
    Ok(Address::Call(plain(session)?.into()))
}

/// The address of a room.
pub(super) fn room(name: &str) -> Answer<Address> {
    Ok(Address::Conference(plain(name)?.into()))
}

/// The address of a queue.
pub(super) fn queue(name: &str) -> Answer<Address> {
    Ok(Address::Queue(plain(name)?.into()))
}

/// The journal cannot be read.
pub(super) fn unread(error: impl Display) -> Refusal {
    Refusal::unavailable(error.to_string())
}

/// Hands a request to an entity that exists and is not over.
pub(super) async fn request(desk: &Desk, address: &Address, request: OperatorRequest) -> Answer<Response> {
    match desk.house.journal.load(address).await.map_err(unread)? {
        Some(loaded) if loaded.terminal => return Err(Refusal::conflict("it is over")),
        Some(_) => {}
        None => return Err(Refusal::unknown()),
    }
    refuse(desk, address, &request)?;
    deliver(desk, address, request).await?;
    Ok(taken())
}

/// Puts a request into a mailbox and waits for the record that contains it.
pub(super) async fn deliver(desk: &Desk, address: &Address, request: OperatorRequest) -> Answer<()> {
    match desk.router.request(address, Input::Operator(request)).await {
        Receipt::Committed(_) | Receipt::Duplicate(_) => Ok(()),
        Receipt::Failed("timeout") => Err(Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "no record contains it yet; it may be recorded still, look before you ask again",
        )),
        Receipt::Failed(why) => Err(Refusal::unavailable(why)),
    }
}

/// What an operator may not ask of this entity.
fn refuse(desk: &Desk, address: &Address, request: &OperatorRequest) -> Answer<()> {
    match request {
        OperatorRequest::Issue(command) => {
            if let Some(why) = desk.dialling.refuses(command) {
                return Err(Refusal::new(StatusCode::FORBIDDEN, why));
            }
            belongs_elsewhere(desk, address, command).map_or(Ok(()), |why| Err(Refusal::conflict(why)))
        }
        _ if matches!(address, Address::Conference(_)) && !desk.house.registry.has_conference(address) => {
            Err(no_conference())
        }
        _ => Ok(()),
    }
}

pub(super) fn no_conference() -> Refusal {
    Refusal::conflict("the room has no live conference")
}

/// Why a command is not this entity's to issue: its queue and its outcomes are those of whoever owns the leg or the
/// conference that it acts upon. Other legs in it, such as that of a bridge, may be anybody's.
fn belongs_elsewhere(desk: &Desk, address: &Address, command: &Command) -> Option<String> {
    let leg = command.leg().cloned().map(Handle::Leg);
    let handles: Vec<Handle> = match command {
        // A call may put its own leg in and take it out.
        Command::Conference { conference, .. } => std::iter::once(Handle::Conference(conference.clone()))
            .chain(leg)
            .collect(),
        Command::SendMessage(_) => return Some("texts are sent by POST /api/v1/messages".to_owned()),
        Command::UpdateParticipant(update) => vec![Handle::Conference(update.conference.clone())],
        Command::Leg { .. } | Command::CreateConference(_) => leg.into_iter().collect(),
        _ => return None,
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
