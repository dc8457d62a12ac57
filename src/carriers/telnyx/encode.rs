//! From a command to the request that Telnyx expects.
//!
//! The client sends what this builds. The parameter structs of the core use the carrier's field names wherever that
//! is possible; the differences are listed here, and nowhere else.

mod body;
mod path;

use std::fmt;

use cordboard_core::command::{ConferenceAction, LegAction};
use cordboard_core::{Command, Issued};
use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use self::body::Extras;
use crate::carriers::ClientStateKey;

pub(super) use self::path::{QueryString, segment};

/// A request that changes something at the carrier. `Debug` shows the names in the body, never the values.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// `POST`, `PUT` or `PATCH`.
    pub method: Method,
    /// Below the base URL, with its ids percent-encoded.
    pub path: String,
    /// The JSON body, always an object.
    pub body: Map<String, Value>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body", &self.body.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Why a command has no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// An id that would change the path.
    #[error("an id is empty or consists of dots only, so it cannot stand in a path")]
    BadId,
    /// `client_state_update` needs something to update to.
    #[error("a client state update needs the command's client state")]
    NoClientState,
    /// A question about texts.
    #[error("Telnyx keeps no list of texts that could be searched")]
    NoList,
    /// A question has no body; the client asks it itself.
    #[error("a query is not a command")]
    Query,
}

/// Builds the request of a command.
///
/// # Errors
/// When the command cannot be said to Telnyx; sending it again would not help.
pub fn encode(issued: &Issued, key: &ClientStateKey) -> Result<Request, EncodeError> {
    let extras = Extras {
        client_state: issued.client_state.as_ref().map(|state| key.seal(state)),
        command_id: issued.id.as_str(),
    };
    match &issued.command {
        Command::Leg { leg, action } => leg_request(leg.as_str(), action, &extras),
        Command::Dial(dial) => {
            let mut body = fields(dial);
            body::flatten_record(&mut body);
            body::flatten_stream(&mut body);
            body::nest_transcription_config(&mut body);
            if let Some(Value::Object(conference)) = body.get_mut("conference_config") {
                body::rename(conference);
            }
            extras.add_both(&mut body);
            Ok(request(Method::POST, "/calls".to_owned(), body))
        }
        Command::CreateConference(create) => {
            let mut body = fields(create);
            extras.add_both(&mut body);
            Ok(request(Method::POST, "/conferences".to_owned(), body))
        }
        Command::Conference { conference, action } => {
            conference_request(conference.as_str(), action, &extras)
        }
        Command::UpdateParticipant(update) => {
            let mut body = fields(update);
            body.remove("conference");
            body.remove("participant");
            let path = format!(
                "/conferences/{}/participants/{}",
                segment(update.conference.as_str())?,
                segment(&update.participant)?
            );
            Ok(request(Method::PATCH, path, body))
        }
        Command::SendMessage(message) => {
            let mut body = fields(message.as_ref());
            body.remove("key");
            if let Some(profile) = body.remove("messaging_profile") {
                body.insert("messaging_profile_id".to_owned(), profile);
            }
            body.insert("type".to_owned(), "SMS".into());
            Ok(request(Method::POST, "/messages".to_owned(), body))
        }
        Command::Query(_) => Err(EncodeError::Query),
    }
}

fn leg_request(leg: &str, action: &LegAction, extras: &Extras<'_>) -> Result<Request, EncodeError> {
    let mut body = variant_fields(action);
    let mut method = Method::POST;
    match action {
        LegAction::Reject(_) => body::upper_case(&mut body, "cause"),
        LegAction::Answer(_) => {
            body::flatten_record(&mut body);
            body::flatten_stream(&mut body);
            body::nest_transcription_config(&mut body);
        }
        LegAction::Bridge(_) => body::flatten_record(&mut body),
        // Telnyx reports each key, and is told to stop.
        LegAction::RecordStart(_) => _ = body.remove("end_keys"),
        LegAction::Transfer(_) => {
            body::flatten_record(&mut body);
            extras.add_client_state_as(&mut body, "target_leg_client_state");
        }
        LegAction::StreamingStart(_) => body::flatten_stream(&mut body),
        LegAction::TranscriptionStart(_) => body::name_transcription(&mut body),
        LegAction::ClientStateUpdate(_) => {
            if extras.client_state.is_none() {
                return Err(EncodeError::NoClientState);
            }
            method = Method::PUT;
        }
        _ => {}
    }
    match action {
        LegAction::ClientStateUpdate(_) | LegAction::SiprecStart(_) => extras.add_client_state(&mut body),
        LegAction::SwitchSupervisorRole(_) => {}
        _ => extras.add_both(&mut body),
    }
    let path = format!("/calls/{}/actions/{}", segment(leg)?, action.name());
    Ok(request(method, path, body))
}

fn conference_request(
    conference: &str,
    action: &ConferenceAction,
    extras: &Extras<'_>,
) -> Result<Request, EncodeError> {
    let mut body = variant_fields(action);
    match action {
        ConferenceAction::Join(_) | ConferenceAction::RecordStop(_) => extras.add_both(&mut body),
        ConferenceAction::SendDtmf(_) | ConferenceAction::GatherUsingAudio(_) => {
            extras.add_client_state(&mut body);
        }
        ConferenceAction::Leave(_)
        | ConferenceAction::Speak(_)
        | ConferenceAction::RecordStart(_)
        | ConferenceAction::RecordPause(_)
        | ConferenceAction::RecordResume(_)
        | ConferenceAction::Update(_)
        | ConferenceAction::End(_) => extras.add_command_id(&mut body),
        ConferenceAction::Mute(_)
        | ConferenceAction::Unmute(_)
        | ConferenceAction::Hold(_)
        | ConferenceAction::Unhold(_)
        | ConferenceAction::Play(_)
        | ConferenceAction::Stop(_) => {}
    }
    let name = action.name();
    let name = name.strip_prefix("conference_").unwrap_or(name);
    let path = format!("/conferences/{}/actions/{name}", segment(conference)?);
    Ok(request(Method::POST, path, body))
}

fn request(method: Method, path: String, mut body: Map<String, Value>) -> Request {
    body::rename(&mut body);
    Request { method, path, body }
}

/// The parameters of a struct, absent ones left out.
fn fields(parameters: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(parameters) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

/// The parameters within an action, which serialises as `{"name": {…}}`.
fn variant_fields(action: &impl Serialize) -> Map<String, Value> {
    match fields(action).into_iter().next() {
        Some((_, Value::Object(fields))) => fields,
        Some(_) | None => Map::new(),
    }
}
