//! From the raw bytes of a webhook to one [`Event`], or to a bounded reason why not.
//!
//! The webhook door calls [`TelnyxWebhooks::open`]. Nothing here knows which call an event belongs to, and nothing
//! from the body reaches a log line.

mod body;
mod envelope;
mod fields;
mod message;
mod scalar;

use std::collections::BTreeSet;

use cordboard_actors::ports::{Delivery, Opened, WebhookDecoder};
use cordboard_core::{ConnectionId, Event, EventBody};

use self::envelope::{EventData, Payload};
use self::fields::{cut, id, optional_id, timestamp};
use super::WebhookKeys;
use crate::carriers::ClientStateKey;

/// Longest event type that is kept; the documented ones stay below 50 bytes.
const MAX_EVENT_TYPE_BYTES: usize = 128;

/// Why an authentic body is set aside; bounded, for metrics and the quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fault(&'static str);

/// The server side of Telnyx: authenticates webhooks and decodes them.
#[derive(Clone, Debug)]
pub struct TelnyxWebhooks {
    keys: WebhookKeys,
    client_state: ClientStateKey,
    connections: BTreeSet<String>,
}

impl TelnyxWebhooks {
    /// Believes `keys`, opens client states with `client_state`, and ignores what comes through other Call Control
    /// applications than `connections`. An empty list accepts all.
    pub fn new(
        keys: WebhookKeys,
        client_state: ClientStateKey,
        connections: impl IntoIterator<Item = ConnectionId>,
    ) -> Self {
        Self {
            keys,
            client_state,
            connections: connections.into_iter().map(|id| id.as_str().to_owned()).collect(),
        }
    }

    /// Decodes a body that is known to be authentic.
    fn decode(&self, body: &[u8]) -> Result<Opened, Fault> {
        let data = match envelope::read(body)? {
            envelope::Delivery::Event(data) => data,
            envelope::Delivery::Foreign(form) => return Ok(Opened::Ignored(form)),
        };
        let event_type = data.event_type.text()?.unwrap_or_default();
        if event_type.is_empty() || event_type.chars().any(char::is_control) {
            return Err(Fault("bad_event_type"));
        }
        let event_type = cut(event_type, MAX_EVENT_TYPE_BYTES);
        let payload = data.payload()?;
        let connection = optional_id(&payload.connection_id)?.map(ConnectionId::new);
        let body = match event_type.starts_with("message.") {
            true => message::read(event_type, body)?,
            false => body::read(event_type, payload)?,
        };
        if self.is_foreign(connection.as_ref(), &body) {
            return Ok(Opened::Ignored("foreign_connection"));
        }
        let event = self.assemble(&data, payload, connection, body)?;
        check_route(&event)?;
        Ok(Opened::Event(Box::new(event)))
    }

    fn assemble(
        &self,
        data: &EventData<'_>,
        payload: &Payload<'_>,
        connection: Option<ConnectionId>,
        body: EventBody,
    ) -> Result<Event, Fault> {
        let session = match optional_id(&payload.call_session_id)? {
            Some(session) => Some(session),
            // Events about a whole conference name only the session that created it.
            None => optional_id(&payload.creator_call_session_id)?,
        };
        Ok(Event {
            id: id(&data.id)?.into(),
            occurred_at: timestamp(&data.occurred_at).or_else(|| timestamp(&payload.occurred_at)),
            connection,
            session: session.map(Into::into),
            leg: optional_id(&payload.call_control_id)?.map(Into::into),
            leg_uuid: optional_id(&payload.call_leg_id)?.map(Into::into),
            conference: optional_id(&payload.conference_id)?.map(Into::into),
            client_state: payload
                .client_state
                .text()?
                .and_then(|text| self.client_state.open(text)),
            body,
        })
    }

    fn is_foreign(&self, connection: Option<&ConnectionId>, body: &EventBody) -> bool {
        if self.connections.is_empty() || is_text(body) {
            return false;
        }
        match connection {
            Some(connection) => !self.connections.contains(connection.as_str()),
            // Some events of known calls name no application; a new call must.
            None => body.starts_call(),
        }
    }
}

impl WebhookDecoder for TelnyxWebhooks {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn open(&self, delivery: &Delivery<'_>) -> Opened {
        if let Err(rejection) = self.keys.verify(delivery.headers, delivery.body, delivery.now) {
            return Opened::Rejected(rejection);
        }
        let mut opened = self
            .decode(delivery.body)
            .unwrap_or_else(|Fault(reason)| Opened::Quarantined(reason));
        // The signature does not cover the address, so the key in it proves itself.
        if let Opened::Event(event) = &mut opened
            && let EventBody::MessageStatus(report) = &mut event.body
        {
            let token = delivery.place.strip_prefix("m/");
            report.key = token.and_then(|token| self.client_state.open_text(token));
        }
        opened
    }
}

/// A text belongs to no Call Control application; its numbers say whose it is.
fn is_text(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Message { .. } | EventBody::MessageReceived(_) | EventBody::MessageStatus(_)
    )
}

/// Without an id that leads to an owner, an event of a known type is broken rather than an orphan.
fn check_route(event: &Event) -> Result<(), Fault> {
    let routed = match &event.body {
        body if is_text(body) => true,
        EventBody::Unknown { .. } => true,
        EventBody::ParticipantJoined | EventBody::ParticipantLeft => {
            event.conference.is_some() && event.leg.is_some()
        }
        EventBody::CallInitiated { .. } => event.leg.is_some() && event.session.is_some(),
        EventBody::CallAnswered { .. }
        | EventBody::CallBridged
        | EventBody::CallHangup { .. }
        | EventBody::DtmfReceived { .. }
        | EventBody::GatherEnded { .. } => event.leg.is_some(),
        body if body.is_conference() => event.conference.is_some(),
        _ => event.leg.is_some() || event.session.is_some(),
    };
    if routed { Ok(()) } else { Err(Fault("no_route")) }
}
