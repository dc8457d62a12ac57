//! What a success brought: read strictly, because a success that cannot be read proves nothing.

use cordboard_core::event::Direction;
use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::outcome::{CallOrigin, CallView, ConferenceView, ParticipantView};
use cordboard_core::{Answer, Command, PhoneNumber};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::carriers::ClientStateKey;

#[derive(Debug, Deserialize)]
struct ActionData {
    result: String,
    recording_id: Option<String>,
    call_control_id: Option<String>,
    conference_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct DialData {
    call_control_id: String,
    call_leg_id: String,
    call_session_id: String,
}

#[derive(Debug, Deserialize)]
struct MessageData {
    id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ConferenceData {
    id: String,
    name: String,
    status: Option<String>,
    end_reason: Option<String>,
    connection_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ParticipantData {
    id: Option<String>,
    call_control_id: String,
    status: Option<String>,
    muted: Option<bool>,
    on_hold: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CallData {
    call_control_id: String,
    call_session_id: String,
    #[serde(default)]
    is_alive: Value,
    #[serde(default)]
    end_time: Value,
    #[serde(default)]
    client_state: Value,
    #[serde(default)]
    direction: Value,
    #[serde(default)]
    from: Value,
    #[serde(default)]
    to: Value,
}

/// The answer to a command; `None` when it does not fit the command.
pub(super) fn read(command: &Command, body: &[u8]) -> Option<Answer> {
    match command {
        Command::Leg { leg, .. } => {
            let data: ActionData = data(body)?;
            let ours = data.call_control_id.is_none_or(|id| id == leg.as_str());
            (ours && data.result == "ok").then(|| consent(data.recording_id))
        }
        Command::Conference { conference, .. } => {
            let data: ActionData = data(body)?;
            let ours = data.conference_id.is_none_or(|id| id == conference.as_str());
            (ours && data.result == "ok").then(|| consent(data.recording_id))
        }
        Command::Dial(_) => {
            let data: DialData = data(body)?;
            Some(Answer::Dialled {
                leg: checked(&data.call_control_id)?.into(),
                leg_uuid: checked(&data.call_leg_id)?.into(),
                session: checked(&data.call_session_id)?.into(),
            })
        }
        Command::CreateConference(create) => {
            let view = data::<ConferenceData>(body)?.view()?;
            (view.name == create.name).then_some(Answer::Conference(view))
        }
        Command::UpdateParticipant(update) => {
            let data: ParticipantData = data(body)?;
            let ours =
                data.call_control_id == update.participant || data.id.as_ref() == Some(&update.participant);
            ours.then_some(Answer::Done)
        }
        Command::SendMessage(_) => {
            let data: MessageData = data(body)?;
            Some(Answer::Message(checked(&data.id)?.into()))
        }
        Command::Query(_) => None,
    }
}

/// `data` of an answer, an object.
pub(super) fn data<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let Value::Object(mut envelope) = serde_json::from_slice(body).ok()? else {
        return None;
    };
    let data = envelope.remove("data")?;
    if !data.is_object() {
        return None;
    }
    serde_json::from_value(data).ok()
}

/// An id that may be kept.
pub(in crate::carriers::telnyx) fn checked(id: &str) -> Option<&str> {
    let sound = !id.is_empty() && id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control);
    sound.then_some(id)
}

fn consent(recording: Option<String>) -> Answer {
    match recording.as_deref().and_then(checked) {
        Some(recording) => Answer::Recording(recording.into()),
        None => Answer::Done,
    }
}

impl ConferenceData {
    /// The conference as machines see it; `None` without a sound id.
    pub(super) fn view(&self) -> Option<ConferenceView> {
        let over = self.status.as_deref() == Some("completed") || self.end_reason.is_some();
        Some(ConferenceView {
            id: checked(&self.id)?.into(),
            name: checked(&self.name)?.into(),
            live: !over,
            connection: self.connection_id.as_deref().and_then(checked).map(Into::into),
        })
    }
}

impl ParticipantData {
    /// The participant as machines see it; `None` without a sound id.
    pub(super) fn view(&self) -> Option<ParticipantView> {
        Some(ParticipantView {
            leg: checked(&self.call_control_id)?.into(),
            present: self.status.as_deref() != Some("left"),
            on_hold: self.on_hold == Some(true),
            muted: self.muted == Some(true),
        })
    }
}

impl CallData {
    /// A leg that was asked for. Alive and ended at once, or neither, means that nobody knows.
    pub(super) fn view(&self, key: &ClientStateKey) -> Option<CallView> {
        let alive = match (&self.is_alive, self.has_ended()) {
            (Value::Bool(false), _) => Some(false),
            (Value::Bool(true), false) => Some(true),
            _ => None,
        };
        self.view_as(alive, key)
    }

    /// A leg from the list of live ones, whose records do not say so themselves.
    pub(super) fn listed(&self, key: &ClientStateKey) -> Option<CallView> {
        let contradicted = self.is_alive == Value::Bool(false) || self.has_ended();
        self.view_as((!contradicted).then_some(true), key)
    }

    fn has_ended(&self) -> bool {
        self.end_time.as_str().is_some_and(|time| !time.is_empty())
    }

    /// Not in Telnyx' schema of a call; read all the same, should it come.
    fn origin(&self) -> Option<Box<CallOrigin>> {
        let direction = match self.direction.as_str()? {
            "incoming" => Direction::Incoming,
            "outgoing" => Direction::Outgoing,
            _ => return None,
        };
        Some(Box::new(CallOrigin {
            direction,
            from: PhoneNumber::new(checked(self.from.as_str()?)?),
            to: PhoneNumber::new(checked(self.to.as_str()?)?),
        }))
    }

    fn view_as(&self, alive: Option<bool>, key: &ClientStateKey) -> Option<CallView> {
        Some(CallView {
            leg: checked(&self.call_control_id)?.into(),
            session: checked(&self.call_session_id)?.into(),
            alive,
            client_state: self.client_state.as_str().and_then(|text| key.open(text)),
            origin: self.origin(),
        })
    }
}
