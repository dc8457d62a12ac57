//! `conference`: the caller is brought into a room and stays until one of them leaves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invite::{Asked, Invite};
use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Rule, StepTimer};
use super::template::Template;
use crate::call::Stage;
use crate::command::conference::Beep;
use crate::hangup::EndReason;
use crate::ids::{ConferenceId, ConferenceName};
use crate::message::{JoinFailure, Message};
use crate::phone::PhoneNumber;
use crate::plan::{RoomSettings, room_of_number, room_of_pin};

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
    /// Somebody who is called into the conference, once per call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<Invite>,
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
    type Progress = Progress;

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
        if let Some(invite) = &self.invite {
            invite.check(complaints);
        }
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
        let mut all: Vec<_> = self.room.iter().map(|room| ("room", room)).collect();
        all.extend(self.invite.iter().flat_map(Invite::templates));
        all
    }
}

const AFTER_LEAVE: StepTimer = StepTimer::One;

/// Where a conference step stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The room was asked to take the leg in.
    #[default]
    Joining,
    /// The caller is in.
    Inside {
        /// The conference.
        conference: ConferenceId,
        /// Whether somebody was called into it.
        #[serde(flatten)]
        asked: Asked,
    },
}

impl Conference {
    /// The room, and whether the caller is its moderator; `None` when no room goes by what was typed.
    fn choice(&self, stage: &Stage<'_>) -> Option<(ConferenceName, bool)> {
        let by_number = stage
            .their_number()
            .is_some_and(|caller| self.moderators.contains(caller));
        let moderator = self.moderator || by_number;
        let salt = stage.room_salt();
        if !self.pins.is_empty() {
            let pin = self.pins.get(&stage.digits())?;
            return Some((pin.room.clone(), pin.moderator || moderator));
        }
        let name = match (&self.room, self.per) {
            (Some(room), _) => ConferenceName::new(name_of(&stage.text(room)?)),
            (None, Some(RoomPer::Digits)) => {
                let digits = Some(stage.digits()).filter(|digits| !digits.is_empty())?;
                room_of_pin(&salt, stage.flow_name(), &digits)
            }
            (None, Some(RoomPer::CalledNumber) | None) => room_of_number(&salt, stage.called()?),
        };
        Some((name, moderator))
    }
}

/// What a template brought, fit for the carrier and for traces.
fn name_of(text: &str) -> String {
    let plain = |sign: char| {
        if sign.is_ascii_alphanumeric() || "-_.".contains(sign) {
            sign
        } else {
            '_'
        }
    };
    text.chars().take(60).map(plain).collect()
}

impl Rule for Conference {
    fn enter(&self, _: &mut Progress, stage: &mut Stage<'_>) -> Next {
        match self.choice(stage) {
            Some((room, moderator)) => {
                stage.join(room, moderator, self.settings());
                Next::Wait
            }
            None => Next::done("unknown_pin"),
        }
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Message(message) => self.on_message(progress, message, stage),
            Happening::Overdue => {
                stage.leave_room();
                Next::done("unavailable")
            }
            Happening::Timer(AFTER_LEAVE) => {
                stage.leave_room();
                Next::done("left")
            }
            Happening::Event { body, .. } => {
                if let (Some(invite), Progress::Inside { asked, .. }) = (&self.invite, progress) {
                    invite.heard(asked, body, stage);
                }
                Next::Wait
            }
            Happening::Http { outcome } => {
                if let (Some(invite), Progress::Inside { asked, .. }) = (&self.invite, progress) {
                    invite.judged(asked, outcome, stage);
                }
                Next::Wait
            }
            Happening::Far { event, mark } => {
                if let Some(invite) = &self.invite {
                    invite.on_far(event, *mark, self.settings(), stage);
                }
                Next::Wait
            }
            // The room speaks for the caller now.
            Happening::Outcome { .. } | Happening::Timer(_) => Next::Wait,
        }
    }

    fn phase(progress: &Progress) -> &'static str {
        match progress {
            Progress::Joining => "joining",
            Progress::Inside { .. } => "conference",
        }
    }
}

impl Conference {
    fn on_message(&self, progress: &mut Progress, message: &Message, stage: &mut Stage<'_>) -> Next {
        match message {
            Message::Joined { leg, conference, .. } if stage.leg() == Some(leg) => {
                let first = *progress == Progress::Joining;
                *progress = Progress::Inside {
                    conference: conference.clone(),
                    asked: Asked::default(),
                };
                stage.inside();
                if let Some(invite) = self.invite.as_ref().filter(|_| first) {
                    invite.introduce(stage);
                }
                stage.clear_timer(AFTER_LEAVE);
                stage.never_overdue();
                Next::Wait
            }
            Message::JoinFailed { leg, reason } if stage.leg() == Some(leg) => {
                if *progress != Progress::Joining {
                    return Next::Wait;
                }
                match reason {
                    JoinFailure::LegEnded => {
                        stage.expect_hangup();
                        Next::Wait
                    }
                    JoinFailure::Full => over(stage, Next::done("full")),
                    JoinFailure::Unavailable => over(stage, Next::done("unavailable")),
                    JoinFailure::NotAnswered => over(stage, Next::NotAnswered),
                }
            }
            // Usually the leg's hangup follows at once; if not, the flow goes on.
            Message::Left { leg } if stage.leg() == Some(leg) => {
                let patience = Duration::from_millis(stage.limits().after_leave_ms);
                stage.set_timer(AFTER_LEAVE, patience);
                Next::Wait
            }
            _ => Next::Wait,
        }
    }
}

/// The room has forgotten the caller by itself.
fn over(stage: &mut Stage<'_>, next: Next) -> Next {
    stage.out_of_room();
    next
}
