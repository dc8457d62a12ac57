//! Questions: what the carrier says about legs, conferences and participants.

use cordboard_core::command::Query;
use cordboard_core::event::Direction;
use cordboard_core::outcome::{CallOrigin, CallView, ConferenceView, ParticipantView};
use cordboard_core::{Answer, Attempt, Command, PhoneNumber};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::legs::{BRIDGE, is_live};
use super::messages::{self, Sent};
use super::rest::BAD;
use super::{Desk, refusal, sound};
use crate::carriers::twilio::Form;

/// States of a leg that lives, and of a conference that can be joined.
const LIVE_LEGS: [&str; 3] = ["in-progress", "ringing", "queued"];
const LIVE_ROOMS: [&str; 2] = ["in-progress", "init"];

#[derive(Deserialize)]
struct Call {
    sid: String,
    parent_call_sid: Option<String>,
    status: String,
    direction: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
struct Room {
    sid: String,
    friendly_name: String,
    status: String,
    account_sid: Option<String>,
}

#[derive(Deserialize)]
struct Participant {
    call_sid: String,
    status: Option<String>,
    muted: Option<bool>,
    hold: Option<bool>,
}

impl Desk<'_> {
    pub(super) async fn question(&self, query: &Query) -> Attempt {
        let asked = match query {
            Query::Call { leg } => self
                .one(&format!("Calls/{leg}"), query, Call::view)
                .await
                .map(Answer::Call),
            Query::Conference { conference } => {
                let at = format!("Conferences/{conference}");
                self.one(&at, query, Room::view).await.map(Answer::Conference)
            }
            Query::ActiveCalls { .. } => self.live_legs(query).await,
            Query::Conferences { name } => {
                self.live_rooms(query, name.as_ref().map(|name| name.as_str()))
                    .await
            }
            Query::Participants { conference } => {
                let at = format!("Conferences/{conference}/Participants");
                self.all(&at, "participants", &Form::default(), query, Participant::view)
                    .await
                    .map(Answer::Participants)
            }
            Query::Texts {
                from,
                to,
                text,
                since,
            } => {
                let sent = Sent {
                    from,
                    to,
                    text,
                    since: *since,
                };
                messages::search(self.rest, &sent).await.map(Answer::Texts)
            }
        };
        asked.map_or_else(|attempt| attempt, Attempt::Accepted)
    }

    async fn live_legs(&self, query: &Query) -> Result<Answer, Attempt> {
        let mut legs: Vec<CallView> = Vec::new();
        for status in LIVE_LEGS {
            let filter = Form::default().with("Status", status);
            let found = self.all("Calls", "calls", &filter, query, Call::view).await?;
            legs.extend(found.into_iter().filter(|view| view.alive == Some(true)));
        }
        Ok(Answer::ActiveCalls(legs))
    }

    /// Whatever the carrier makes of the filters, a foreign name never gets through; bridges are no rooms.
    async fn live_rooms(&self, query: &Query, name: Option<&str>) -> Result<Answer, Attempt> {
        let mut rooms: Vec<ConferenceView> = Vec::new();
        for status in LIVE_ROOMS {
            let mut filter = Form::default().with("Status", status);
            if let Some(name) = name {
                filter.push("FriendlyName", name);
            }
            let found = self
                .all("Conferences", "conferences", &filter, query, Room::view)
                .await?;
            let wanted = |view: &ConferenceView| {
                let named = match name {
                    Some(name) => view.name.as_str() == name,
                    None => !view.name.as_str().starts_with(BRIDGE),
                };
                named && view.live
            };
            for view in found.into_iter().filter(wanted) {
                if !rooms.iter().any(|known| known.id == view.id) {
                    rooms.push(view);
                }
            }
        }
        Ok(Answer::Conferences(rooms))
    }

    async fn one<T: DeserializeOwned, V>(
        &self,
        resource: &str,
        query: &Query,
        view: impl Fn(&T) -> Option<V>,
    ) -> Result<V, Attempt> {
        let reply = self.rest.get(resource).await?;
        if !reply.status.is_success() {
            return Err(refusal::class(Some(&Command::Query(query.clone())), &reply));
        }
        let read: T = serde_json::from_slice(&reply.body).map_err(|_| BAD)?;
        view(&read).ok_or(BAD)
    }

    async fn all<T: DeserializeOwned, V>(
        &self,
        resource: &str,
        name: &str,
        filter: &Form,
        query: &Query,
        view: impl Fn(&T) -> Option<V>,
    ) -> Result<Vec<V>, Attempt> {
        let asking = Command::Query(query.clone());
        let found: Vec<T> = self.rest.list(resource, name, filter, Some(&asking)).await?;
        found.iter().map(view).collect::<Option<Vec<V>>>().ok_or(BAD)
    }
}

impl Call {
    fn view(&self) -> Option<CallView> {
        let leg = sound(&self.sid)?;
        let session = self.parent_call_sid.as_deref().and_then(sound).unwrap_or(leg);
        Some(CallView {
            leg: leg.into(),
            session: session.into(),
            alive: Some(is_live(&self.status)),
            client_state: None,
            origin: self.origin(),
        })
    }

    fn origin(&self) -> Option<Box<CallOrigin>> {
        let direction = match self.direction.as_deref()? {
            "inbound" => Direction::Incoming,
            "outbound-api" | "outbound-dial" => Direction::Outgoing,
            _ => return None,
        };
        Some(Box::new(CallOrigin {
            direction,
            from: PhoneNumber::new(self.from.as_deref()?),
            to: PhoneNumber::new(self.to.as_deref()?),
        }))
    }
}

impl Room {
    fn view(&self) -> Option<ConferenceView> {
        Some(ConferenceView {
            id: sound(&self.sid)?.into(),
            name: self.friendly_name.as_str().into(),
            live: self.status != "completed",
            connection: self.account_sid.as_deref().and_then(sound).map(Into::into),
        })
    }
}

impl Participant {
    fn view(&self) -> Option<ParticipantView> {
        let gone = matches!(self.status.as_deref(), Some("complete" | "failed"));
        Some(ParticipantView {
            leg: sound(&self.call_sid)?.into(),
            present: !gone,
            on_hold: self.hold == Some(true),
            muted: self.muted == Some(true),
        })
    }
}
