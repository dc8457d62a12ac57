//! `conference`: the caller is brought into a room and stays until one of them leaves.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::template::Template;
use crate::command::conference::Beep;
use crate::hangup::EndReason;
use crate::ids::ConferenceName;
use crate::phone::PhoneNumber;
use crate::plan::RoomSettings;

/// Settings of a `conference` step: one of `room`, `per` and `pins` says which room.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Conference {
    /// The room's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<Template>,
    /// A room of its own for every called number, or for whatever was typed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<RoomPer>,
    /// Which room the keys that were typed last open.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, PinRoom>,
    /// Callers who are moderators by their number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub moderators: Vec<PhoneNumber>,
    /// Whether everybody who comes by this step is a moderator.
    pub moderator: bool,
    /// When the others hear a beep.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub beep: Option<Beep>,
    /// Most participants, 2 to 800.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_participants: Option<u32>,
    /// Participants hear hold audio until a moderator is in.
    pub hold_until_moderator: bool,
    /// The conference ends when its last moderator leaves.
    pub end_on_moderator_exit: bool,
    /// Audio for those on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_audio_url: Option<String>,
    /// The carrier ends the conference after this many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_minutes: Option<u32>,
}

/// What a room is made for each of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomPer {
    /// Every called number.
    CalledNumber,
    /// Whatever was typed last.
    Digits,
}

/// What a PIN opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinRoom {
    /// The room.
    #[schemars(with = "String")]
    #[serde(with = "name")]
    pub room: ConferenceName,
    /// Whether this PIN makes its caller a moderator.
    #[serde(default)]
    pub moderator: bool,
}

mod name {
    use super::ConferenceName;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(name: &ConferenceName, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ConferenceName, D::Error> {
        String::deserialize(deserializer).map(ConferenceName::new)
    }
}

impl fmt::Debug for Conference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conference({} pins)", self.pins.len())
    }
}

impl Conference {
    /// Rules of the room, should this be the first caller.
    pub fn settings(&self) -> RoomSettings {
        let defaults = RoomSettings::default();
        RoomSettings {
            beep: self.beep.unwrap_or(defaults.beep),
            max_participants: self.max_participants.unwrap_or(defaults.max_participants),
            hold_until_moderator: self.hold_until_moderator,
            end_on_moderator_exit: self.end_on_moderator_exit,
            hold_audio_url: self.hold_audio_url.clone(),
            duration_minutes: self.duration_minutes.unwrap_or(defaults.duration_minutes),
        }
    }
}

impl Settings for Conference {
    const NAME: &'static str = "conference";
    const SUMMARY: &'static str =
        "Brings the caller into a room. Its first caller's settings hold until the conference ends.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::over(
            "left",
            "The conference is over for this caller, who is still on the line.",
            EndReason::ConferenceEnded,
        ),
        WayOut::sorry(
            "full",
            "The room has its most participants.",
            EndReason::ConferenceFull,
        ),
        WayOut::sorry(
            "unavailable",
            "The carrier would not make or open a conference.",
            EndReason::ConferenceUnavailable,
        ),
        WayOut::sorry(
            "unknown_pin",
            "No room goes by the keys that were typed.",
            EndReason::WrongPin,
        ),
    ];
    const WAITS_FOR_CALLER: bool = true;

    fn check(&self, complaints: &mut Complaints) {
        let ways = usize::from(self.room.is_some())
            + usize::from(self.per.is_some())
            + usize::from(!self.pins.is_empty());
        complaints.require(
            ways == 1,
            "room",
            "a conference step has one of room, per and pins",
        );
        let settings = self.settings();
        // Bounds of the carrier's conference API.
        complaints.range("max_participants", settings.max_participants, 2, 800);
        complaints.range("duration_minutes", settings.duration_minutes, 1, 1_440);
        complaints.require(
            self.moderators.iter().all(PhoneNumber::is_e164),
            "moderators",
            "has a number that is not E.164, such as \"+15550100\"",
        );
        let moderated = self.hold_until_moderator || self.end_on_moderator_exit;
        let by_pin = self.pins.values().any(|pin| pin.moderator);
        let somebody = self.moderator || by_pin || !self.moderators.is_empty();
        complaints.require(
            !moderated || somebody,
            "hold_until_moderator",
            "nobody can be the moderator that is waited for: list moderators, or a pin with moderator = true",
        );
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        self.room.iter().map(|room| ("room", room)).collect()
    }
}
