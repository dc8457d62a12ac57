//! A leg: one party's connection, everything the carrier knows about it, and how the API shows it.
//!
//! Data only. What commands do to a leg is in the files of their groups.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::emitted::{CallerNo, ConferenceNo, LegNo};
use super::gathering::Gather;
use super::recording::Recording;
use super::request::Body;
use super::streams::Stream;
use super::window::Window;
use crate::target::FarEnd;

/// Who made the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Somebody calls the program.
    Incoming,
    /// The program calls somebody.
    Outgoing,
}

/// Life of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegState {
    /// Not answered.
    Ringing,
    /// Answered and up.
    Answered,
    /// Over.
    Ended,
}

/// Where an answered leg is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Alone with the carrier.
    Parked,
    /// In a conference.
    Conference(ConferenceNo),
    /// Talking to another leg.
    Bridged(LegNo),
    /// In the queue of this name.
    Queued(String),
}

/// Where webhooks of a leg go when a command said so.
#[derive(Debug, Default, Clone)]
pub(crate) struct WebhookRoute {
    pub(crate) url: Option<String>,
    pub(crate) by_type: HashMap<String, String>,
}

impl WebhookRoute {
    /// Takes over what a body sets and keeps the rest.
    pub(crate) fn update(&mut self, body: &Body) {
        if let Some(url) = body.get("webhook_url").and_then(Value::as_str) {
            self.url = Some(url.to_owned());
        }
        for (event, url) in body
            .get("webhook_urls")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(url) = url.as_str() {
                self.by_type.insert(event.clone(), url.to_owned());
            }
        }
    }

    pub(crate) fn target(&self, event_type: &str) -> Option<String> {
        self.by_type.get(event_type).or(self.url.as_ref()).cloned()
    }
}

/// One thing being played or waiting to be played.
#[derive(Debug, Clone)]
pub(crate) struct Audio {
    pub(crate) serial: u64,
    pub(crate) kind: AudioKind,
    /// `None` plays until it is stopped.
    pub(crate) lasts: Option<Duration>,
    pub(crate) target: Target,
}

/// Who hears what is played on a leg that is bridged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Own,
    Opposite,
    Both,
}

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AudioKind {
    Speak {
        words: String,
    },
    Playback {
        url: Option<String>,
        name: Option<String>,
        overlay: bool,
    },
}

/// What an outgoing leg does when somebody answers.
#[derive(Debug, Clone)]
pub(crate) enum OnAnswer {
    Nothing,
    Bridge(LegNo),
    Join(Body),
}

/// The plan of an outgoing leg.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) far_end: FarEnd,
    pub(crate) on_answer: OnAnswer,
    /// Kind of answering machine detection, if asked for.
    pub(crate) detection: Option<String>,
    /// Legs of the same simultaneous dial.
    pub(crate) siblings: Vec<LegNo>,
    /// Gathers on this leg so far: which keys the far end presses.
    pub(crate) gathers: usize,
    /// `record` settings of the command that made the leg.
    pub(crate) record: Option<Body>,
}

/// One leg.
#[derive(Debug)]
pub struct Leg {
    /// Stable name for fault draws.
    pub key: String,
    /// The simulated caller whose call this leg serves.
    pub caller: Option<CallerNo>,
    /// Where that caller wants to be heard; only on the caller's own leg.
    pub room: Option<String>,
    /// Id used in command paths.
    pub control_id: String,
    /// Id used in webhooks.
    pub leg_id: Uuid,
    /// Group of legs.
    pub session: Uuid,
    /// Who made it.
    pub direction: Direction,
    /// Calling number.
    pub from: String,
    /// Called number.
    pub to: String,
    /// Life.
    pub state: LegState,
    /// Whereabouts.
    pub place: Place,
    pub(crate) client_state: Option<String>,
    pub(crate) started: Timestamp,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) audio: VecDeque<Audio>,
    pub(crate) gather: Option<Gather>,
    pub(crate) recordings: Vec<Recording>,
    /// Until when the party of the leg speaks: what a recording's silence is counted from.
    pub(crate) voice_until: Option<Timestamp>,
    pub(crate) stream: Option<Stream>,
    pub(crate) forked: bool,
    pub(crate) siprec: bool,
    pub(crate) window: Window,
    pub(crate) webhooks: WebhookRoute,
    pub(crate) events: BTreeMap<&'static str, u32>,
    pub(crate) outgoing: Option<Box<Outgoing>>,
    /// Outgoing legs that ring in order to be bridged to this one.
    pub(crate) callees: Vec<LegNo>,
    pub(crate) transfers: u32,
    pub(crate) park_after_unbridge: bool,
}

impl Leg {
    /// Not over.
    pub fn is_live(&self) -> bool {
        self.state != LegState::Ended
    }

    /// Answered and not over.
    pub fn is_answered(&self) -> bool {
        self.state == LegState::Answered
    }

    /// The fields that every event of a leg has.
    pub(crate) fn base(&self, connection_id: &str) -> Map<String, Value> {
        let mut base = Map::new();
        base.insert("call_control_id".into(), json!(self.control_id));
        base.insert("call_leg_id".into(), json!(self.leg_id));
        base.insert("call_session_id".into(), json!(self.session));
        base.insert("connection_id".into(), json!(connection_id));
        base.insert("client_state".into(), json!(self.client_state));
        base
    }

    /// Whole seconds since the start, or of the whole call when it is over.
    pub(crate) fn duration_secs(&self, now: Timestamp) -> i64 {
        self.ended_at
            .unwrap_or(now)
            .duration_since(self.started)
            .as_secs()
    }

    /// The `call` object of the API.
    pub(crate) fn resource(&self, now: Timestamp) -> Value {
        let mut call = json!({
            "record_type": "call",
            "call_control_id": self.control_id,
            "call_leg_id": self.leg_id,
            "call_session_id": self.session,
            "is_alive": self.is_live(),
            "call_duration": self.duration_secs(now),
            "start_time": stamp(self.started),
        });
        if let Some(state) = &self.client_state {
            call["client_state"] = json!(state);
        }
        if let Some(end) = self.ended_at {
            call["end_time"] = json!(stamp(end));
        }
        call
    }
}

/// ISO 8601 with microseconds and Z, as the carrier writes it.
pub(crate) fn stamp(at: Timestamp) -> String {
    format!("{at:.6}")
}
