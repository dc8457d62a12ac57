//! Whom a request or a webhook concerns: the entity that fault draws belong to, and the callers and rooms that
//! an injected fault may excuse.

use super::Inner;
use crate::carrier::emitted::{LegNo, Webhook};
use crate::carrier::request::{Request, Route, text};
use crate::ledger::Touched;

impl Inner {
    /// The entity a request is about: stable name, leg for latencies, and whom a fault of it touches.
    pub(super) fn subject(&self, request: &Request) -> (String, Option<LegNo>, Touched) {
        let carrier = &self.carrier;
        let by_body = || text(&request.body, "call_control_id").and_then(|id| carrier.leg_by_control(id));
        let (leg, conference) = match &request.route {
            Route::LegAction(id, _) | Route::CallGet(id) => (carrier.leg_by_control(id), None),
            Route::ConferenceCreate => (by_body(), None),
            Route::ConferenceAction(id, _)
            | Route::ConferenceGet(id)
            | Route::ParticipantList(id)
            | Route::ParticipantGet(id, _)
            | Route::ParticipantPatch(id, _) => (by_body(), carrier.conference_by_handle(id)),
            Route::ConferenceList => (
                None,
                request
                    .query_value("filter[name]")
                    .and_then(|name| carrier.conference_by_handle(name)),
            ),
            Route::Dial => (
                text(&request.body, "link_to").and_then(|id| carrier.leg_by_control(id)),
                None,
            ),
            _ => (None, None),
        };
        let key = match (leg, conference) {
            (Some(leg), _) => carrier.leg(leg).key.clone(),
            (None, Some(conference)) => carrier.conference(conference).key.clone(),
            (None, None) => "account".to_owned(),
        };
        let mut touched = Touched {
            caller: leg.and_then(|leg| carrier.leg(leg).caller),
            rooms: Vec::new(),
        };
        if let Some(conference) = conference {
            touched.rooms = carrier.conference(conference).rooms_seen().to_vec();
        }
        if let (Route::MessageSend, body) = (&request.route, &request.body) {
            let (to, words) = (text(body, "to"), text(body, "text"));
            touched.caller = self
                .phones
                .owner(to.unwrap_or_default(), words.unwrap_or_default());
        }
        // A dial for nobody in particular, or a leg of one: whoever waits behind that target.
        let dialled = match &request.route {
            Route::Dial => text(&request.body, "to"),
            _ => leg.map(|leg| carrier.leg(leg).to.as_str()),
        };
        if touched.caller.is_none() {
            touched.rooms.extend(self.room_behind(dialled));
        }
        // Creating concerns everybody who waits for that room.
        if let (Route::ConferenceCreate, Some(leg)) = (&request.route, leg) {
            touched.rooms.extend(carrier.leg(leg).room.clone());
        }
        (key, leg, touched)
    }

    pub(super) fn touched_by_webhook(&self, webhook: &Webhook) -> Touched {
        let mut caller = webhook.leg.and_then(|leg| self.carrier.leg(leg).caller);
        let payload = &webhook.data["payload"];
        if webhook.event_type.starts_with("message.") {
            let phone = if webhook.event_type == "message.received" {
                &payload["from"]["phone_number"]
            } else {
                &payload["to"][0]["phone_number"]
            };
            let words = payload["text"].as_str().unwrap_or_default();
            caller = self.phones.owner(phone.as_str().unwrap_or_default(), words);
        }
        let about_conference = webhook.event_type.starts_with("conference.");
        let conference = webhook.conference.filter(|_| about_conference);
        let mut rooms = conference
            .map(|no| self.carrier.conference(no).rooms_seen().to_vec())
            .unwrap_or_default();
        if caller.is_none() {
            let dialled = webhook.leg.map(|leg| self.carrier.leg(leg).to.as_str());
            rooms.extend(self.room_behind(dialled));
        }
        Touched { caller, rooms }
    }

    /// The callers' room that suffers when something about a leg to this address goes wrong.
    pub(super) fn room_behind(&self, dialled: Option<&str>) -> Option<String> {
        self.carrier.target(dialled?).room.clone()
    }
}
