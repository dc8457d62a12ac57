//! Builds the webhooks: one place that knows the envelope, the base fields and where `occurred_at` goes.
//!
//! Used by every group of commands. No delivery here; the courier adds `meta` and the signature.

use serde_json::{Map, Value, json};

use super::emitted::{ConferenceNo, Emitted, LegNo, Webhook};
use super::leg::stamp;
use super::{Carrier, Step};

impl Carrier {
    /// An event of a leg with the base fields only.
    pub(super) fn leg_event(&mut self, step: &mut Step, no: LegNo, event_type: &'static str, extra: Value) {
        let payload = self.legs[no.0].base(&self.terms.connection_id);
        self.send_leg_event(step, no, event_type, payload, extra);
    }

    /// An event of a leg that also names both numbers.
    pub(super) fn party_event(&mut self, step: &mut Step, no: LegNo, event_type: &'static str, extra: Value) {
        let leg = &self.legs[no.0];
        let mut payload = leg.base(&self.terms.connection_id);
        payload.insert("from".into(), json!(leg.from));
        payload.insert("to".into(), json!(leg.to));
        self.send_leg_event(step, no, event_type, payload, extra);
    }

    /// An event of a leg whose schema has no call_control_id.
    pub(super) fn recording_event(
        &mut self,
        step: &mut Step,
        no: LegNo,
        event_type: &'static str,
        extra: Value,
    ) {
        let mut payload = self.legs[no.0].base(&self.terms.connection_id);
        payload.remove("call_control_id");
        self.send_leg_event(step, no, event_type, payload, extra);
    }

    fn send_leg_event(
        &mut self,
        step: &mut Step,
        no: LegNo,
        event_type: &'static str,
        mut payload: Map<String, Value>,
        extra: Value,
    ) {
        merge(&mut payload, extra);
        let leg = &mut self.legs[no.0];
        let count = leg.events.entry(event_type).or_default();
        let (key, index) = (leg.key.clone(), *count);
        *count += 1;
        let url = leg.webhooks.target(event_type);
        let id = self.dice.uuid(&["event", &key, event_type, &index.to_string()]);
        let data = json!({ "record_type": "event", "event_type": event_type, "id": id,
            "occurred_at": stamp(step.now), "payload": payload });
        let conference = match self.legs[no.0].place {
            super::Place::Conference(conference) => Some(conference),
            super::Place::Parked | super::Place::Bridged(_) | super::Place::Queued(_) => None,
        };
        step.out.push(Emitted::Webhook(Webhook {
            id,
            event_type,
            data,
            leg: Some(no),
            conference,
            key,
            index,
            url,
        }));
    }

    /// An event of a participant. Its client state is the creator's, whoever it is about.
    pub(super) fn participant_event(
        &mut self,
        step: &mut Step,
        conference: ConferenceNo,
        about: LegNo,
        event_type: &'static str,
        extra: Value,
    ) {
        let mut payload = self.legs[about.0].base(&self.terms.connection_id);
        let host = &self.conferences[conference.0];
        payload.insert("client_state".into(), json!(host.client_state));
        payload.insert("conference_id".into(), json!(host.id));
        merge(&mut payload, extra);
        self.send_conference_event(step, conference, Some(about), event_type, payload);
    }

    /// An event of the conference as a whole, without call ids.
    pub(super) fn room_event(
        &mut self,
        step: &mut Step,
        conference: ConferenceNo,
        event_type: &'static str,
        extra: Value,
    ) {
        let host = &self.conferences[conference.0];
        let mut payload = Map::new();
        payload.insert("conference_id".into(), json!(host.id));
        payload.insert("connection_id".into(), json!(self.terms.connection_id));
        payload.insert(
            "creator_call_session_id".into(),
            json!(self.legs[host.creator.0].session),
        );
        merge(&mut payload, extra);
        self.send_conference_event(step, conference, None, event_type, payload);
    }

    fn send_conference_event(
        &mut self,
        step: &mut Step,
        conference: ConferenceNo,
        about: Option<LegNo>,
        event_type: &'static str,
        mut payload: Map<String, Value>,
    ) {
        let host = &mut self.conferences[conference.0];
        let owner = about.unwrap_or(host.creator);
        let leg_key = &self.legs[owner.0].key;
        let key = if about.is_some() {
            format!("{}/{leg_key}", host.key)
        } else {
            host.key.clone()
        };
        let count = host.events.entry((event_type, about)).or_default();
        let index = *count;
        *count += 1;
        let id = self.dice.uuid(&["event", &key, event_type, &index.to_string()]);
        let mut data = json!({ "record_type": "event", "event_type": event_type, "id": id });
        // The carrier's schema puts the time of most conference events into the payload.
        if matches!(
            event_type,
            "conference.participant.joined" | "conference.participant.left"
        ) {
            data["occurred_at"] = json!(stamp(step.now));
        } else {
            payload.insert("occurred_at".into(), json!(stamp(step.now)));
        }
        data["payload"] = Value::Object(payload);
        let url = self.legs[owner.0].webhooks.target(event_type);
        let conference = Some(conference);
        step.out.push(Emitted::Webhook(Webhook {
            id,
            event_type,
            data,
            leg: about,
            conference,
            key,
            index,
            url,
        }));
    }
}

fn merge(payload: &mut Map<String, Value>, extra: Value) {
    if let Value::Object(extra) = extra {
        payload.extend(extra);
    }
}
