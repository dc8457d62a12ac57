//! A conference and its participants: the data and how the API shows it.
//!
//! What commands do to it is in `conferences`, `participants` and `conference_audio`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::emitted::LegNo;
use super::leg::{Leg, stamp};
use super::recording::Recording;
use super::window::Window;

/// A conference expires four hours after its creation at the latest.
pub(crate) const LIFETIME: Duration = Duration::from_secs(4 * 3_600);
/// Participants when the creator did not say.
pub(crate) const DEFAULT_SIZE: usize = 250;

/// Life of a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Created, nobody is heard yet.
    Init,
    /// Running.
    InProgress,
    /// Over.
    Completed,
}

impl Status {
    /// As the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// A leg as a conference sees it.
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    pub(crate) id: Uuid,
    pub(crate) muted: bool,
    pub(crate) on_hold: bool,
    pub(crate) end_on_exit: bool,
    pub(crate) soft_end_on_exit: bool,
    pub(crate) role: String,
    pub(crate) whisper: Vec<String>,
    pub(crate) joined_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Whether the caller already learned that the goal is reached.
    pub(crate) heard: bool,
}

/// Speech or audio that a conference plays.
#[derive(Debug, Clone)]
pub(crate) struct RoomAudio {
    pub(crate) serial: u64,
    pub(crate) speak: bool,
    pub(crate) media: Value,
    /// Empty: everybody.
    pub(crate) only: Vec<LegNo>,
}

/// One conference.
#[derive(Debug)]
pub struct Conference {
    /// Id in paths.
    pub id: String,
    /// Its name; unique among live ones.
    pub name: String,
    /// Stable name for fault draws.
    pub key: String,
    /// Life.
    pub status: Status,
    /// Where the callers in it want to be, with how many of each.
    pub(crate) rooms: BTreeMap<String, usize>,
    /// Every room that ever had a caller here: for the ledger.
    pub(crate) rooms_seen: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) end_reason: Option<&'static str>,
    pub(crate) ended_by: Option<LegNo>,
    pub(crate) creator: LegNo,
    pub(crate) client_state: Option<String>,
    pub(crate) region: String,
    pub(crate) size: usize,
    pub(crate) participants: BTreeMap<LegNo, Participant>,
    pub(crate) window: Window,
    pub(crate) audio: Vec<RoomAudio>,
    pub(crate) recordings: Vec<Recording>,
    pub(crate) events: BTreeMap<(&'static str, Option<LegNo>), u32>,
}

impl Conference {
    /// Not over.
    pub fn is_live(&self) -> bool {
        self.status != Status::Completed
    }

    /// The rooms whose callers were or are in here.
    pub fn rooms_seen(&self) -> &[String] {
        &self.rooms_seen
    }

    /// The `conference` object of the API.
    pub(crate) fn resource(&self, connection_id: &str, ended_by: Option<&Leg>) -> Value {
        let expires = if self.is_live() {
            self.created_at + LIFETIME
        } else {
            self.updated_at
        };
        let mut conference = json!({
            "record_type": "conference",
            "id": self.id,
            "name": self.name,
            "created_at": stamp(self.created_at),
            "expires_at": stamp(expires),
            "updated_at": stamp(self.updated_at),
            "status": self.status.name(),
            "region": self.region,
            "connection_id": connection_id,
        });
        if let Some(reason) = self.end_reason {
            conference["end_reason"] = json!(reason);
        }
        if let Some(leg) = ended_by {
            conference["ended_by"] =
                json!({ "call_control_id": leg.control_id, "call_session_id": leg.session });
        }
        conference
    }

    /// The `participant` object as the list shows it.
    pub(crate) fn listed(&self, leg: &Leg, participant: &Participant) -> Value {
        let mut value = self.participant(leg, participant);
        if let Some(object) = value.as_object_mut() {
            object.remove("conference_id");
            object.insert("record_type".into(), json!("participant"));
            object.insert("conference".into(), json!({ "id": self.id, "name": self.name }));
        }
        value
    }

    /// The participant as its own path shows it.
    pub(crate) fn participant(&self, leg: &Leg, participant: &Participant) -> Value {
        json!({
            "id": participant.id,
            "call_control_id": leg.control_id,
            "call_leg_id": leg.leg_id,
            "conference_id": self.id,
            "status": "joined",
            "muted": participant.muted,
            "on_hold": participant.on_hold,
            "end_conference_on_exit": participant.end_on_exit,
            "soft_end_conference_on_exit": participant.soft_end_on_exit,
            "whisper_call_control_ids": participant.whisper,
            "created_at": stamp(participant.joined_at),
            "updated_at": stamp(participant.updated_at),
        })
    }
}
