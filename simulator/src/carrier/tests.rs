//! The state rules of the carrier, on the pure machine: what is refused with which code, what happens once
//! only, and which events follow.
#![allow(clippy::unwrap_used)]

mod flows;
mod refusals;
mod targets;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

/// Wall time at the start of every test.
const START: &str = "2026-01-01T00:00:00Z";
pub(super) const ROOM: &str = "+15550100000";

/// A carrier with a clock that only tests move, and everything it emitted.
pub(super) struct Bench {
    pub(super) carrier: Carrier,
    pub(super) now: Timestamp,
    pub(super) events: Vec<(String, Value)>,
    pub(super) notices: Vec<Notice>,
    timers: BTreeMap<(Timestamp, usize), Timer>,
    callers: usize,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(FarEnd::default())
    }

    /// A carrier with one entry in its book of targets.
    pub(super) fn knowing(pattern: &str, far_end: FarEnd) -> Self {
        let mut bench = Self::new();
        bench.carrier.set_target(pattern, far_end);
        bench
    }

    pub(super) fn with(far_end: FarEnd) -> Self {
        let terms = Terms {
            connection_id: "1".to_owned(),
            pace: Pace::default(),
            far_end,
            targets: Book::default(),
            phones: Book::default(),
        };
        Self {
            carrier: Carrier::new(terms, Dice::new(1)),
            now: START.parse().unwrap(),
            events: Vec::new(),
            notices: Vec::new(),
            timers: BTreeMap::new(),
            callers: 0,
        }
    }

    fn take(&mut self, emitted: Vec<Emitted>) {
        for item in emitted {
            match item {
                Emitted::Webhook(webhook) => {
                    self.events
                        .push((webhook.event_type.to_owned(), webhook.data["payload"].clone()));
                }
                Emitted::Timer { after, timer } => {
                    let key = (
                        self.now + after,
                        self.timers.len() + self.events.len() + self.notices.len(),
                    );
                    self.timers.insert(key, timer);
                }
                Emitted::Notice(notice) => self.notices.push(notice),
            }
        }
    }

    /// A caller rings; the control id of the leg.
    pub(super) fn ring(&mut self) -> String {
        self.callers += 1;
        let ring = Ring {
            caller: CallerNo(self.callers - 1),
            from: "+15550200000".to_owned(),
            to: ROOM.to_owned(),
            room: ROOM.to_owned(),
        };
        let (leg, emitted) = self.carrier.ring(ring, self.now);
        self.take(emitted);
        self.carrier.leg(leg).control_id.clone()
    }

    /// A caller who was answered.
    pub(super) fn answered(&mut self) -> String {
        let leg = self.ring();
        self.ok(&leg, "answer", json!({}));
        leg
    }

    pub(super) fn request(&mut self, route: Route, body: Value) -> Outcome {
        let request = Request {
            route,
            body: body.as_object().unwrap().clone(),
            query: Vec::new(),
        };
        let (outcome, emitted) = self.carrier.handle(&request, self.now);
        self.take(emitted);
        outcome
    }

    pub(super) fn leg(&mut self, leg: &str, verb: &str, body: Value) -> Outcome {
        self.request(Route::LegAction(leg.to_owned(), verb.to_owned()), body)
    }

    pub(super) fn ok(&mut self, leg: &str, verb: &str, body: Value) -> Answer {
        self.leg(leg, verb, body).unwrap()
    }

    /// Creates a conference and gives its id.
    pub(super) fn create(&mut self, leg: &str, name: &str) -> String {
        let answer = self
            .request(
                Route::ConferenceCreate,
                json!({ "call_control_id": leg, "name": name }),
            )
            .unwrap();
        answer.body["data"]["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn conference(&mut self, id: &str, verb: &str, body: Value) -> Outcome {
        self.request(Route::ConferenceAction(id.to_owned(), verb.to_owned()), body)
    }

    pub(super) fn join(&mut self, id: &str, leg: &str) {
        self.conference(id, "join", json!({ "call_control_id": leg }))
            .unwrap();
    }

    pub(super) fn hang_up(&mut self, leg: &str) {
        let no = self.carrier.leg_by_control(leg).unwrap();
        let emitted = self.carrier.hang_up(no, self.now);
        self.take(emitted);
    }

    pub(super) fn press(&mut self, leg: &str, keys: &str) {
        let no = self.carrier.leg_by_control(leg).unwrap();
        for key in keys.chars() {
            let emitted = self.carrier.press(no, key, self.now);
            self.take(emitted);
        }
    }

    /// Dials and gives the control id of the leg.
    pub(super) fn dial(&mut self, to: &str, more: Value) -> String {
        let mut body = json!({ "connection_id": "1", "to": to, "from": "+15550100000" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = self.request(Route::Dial, body).unwrap();
        answer.body["data"]["call_control_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Lets time pass and fires what becomes due on the way.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), timer) = entry.remove_entry();
            self.now = at;
            let emitted = self.carrier.fire(&timer, at);
            self.take(emitted);
        }
        self.now = until;
    }

    /// Names of the events since the last look, in order.
    pub(super) fn names(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    /// Payload of the last event of this type.
    pub(super) fn last(&self, event: &str) -> &Value {
        let found = self.events.iter().rev().find(|(name, _)| name == event);
        &found
            .unwrap_or_else(|| panic!("no {event} in {:?}", self.events))
            .1
    }

    pub(super) fn heard(&self) -> usize {
        self.notices
            .iter()
            .filter(|notice| matches!(notice, Notice::Heard(_)))
            .count()
    }

    pub(super) fn effects(&self) -> usize {
        self.notices
            .iter()
            .filter(|notice| matches!(notice, Notice::Effect(_)))
            .count()
    }
}

/// Status and code of a refusal.
#[track_caller]
pub(super) fn refused(outcome: Outcome) -> (u16, &'static str) {
    let error = outcome.expect_err("the carrier must refuse this");
    (error.status, error.code)
}
