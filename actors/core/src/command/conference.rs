//! Commands to conferences and their participants, with the parameters of API-FACTS 1.11.

use serde::{Deserialize, Serialize};

use crate::ids::{CallControlId, ConferenceId, ConferenceName};

/// When the others hear a beep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beep {
    /// On entering and leaving.
    Always,
    /// Never.
    #[default]
    Never,
    /// On entering.
    OnEnter,
    /// On leaving.
    OnExit,
}

/// Parameters of conference create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateConference {
    /// The first participant; already answered.
    pub leg: CallControlId,
    /// The room; must not be active.
    pub name: ConferenceName,
    /// The default for every participant.
    #[serde(default)]
    pub beep: Beep,
    /// 2..800 (carrier default 250).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_participants: Option<u32>,
    /// After that many minutes the carrier ends it: its dead man's switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_minutes: Option<u32>,
    /// Audio for those on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_audio_url: Option<String>,
    /// Soft noise instead of digital silence (carrier default true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comfort_noise: Option<bool>,
    /// Whether participants hear each other at once (carrier default true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_conference_on_create: Option<bool>,
}

/// Something done to a conference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConferenceAction {
    /// Put an answered leg in.
    Join(Join),
    /// Take a leg out; it is parked again.
    Leave(Leave),
    /// Silence participants for the others; none named means all.
    Mute(Participants),
    /// Undo mute; none named means all.
    Unmute(Participants),
    /// Let participants hear hold audio only; none named means all.
    Hold(Hold),
    /// Undo hold for the participants named.
    Unhold(Participants),
    /// End the conference and hang everybody up.
    End(End),
}

impl ConferenceAction {
    /// snake_case name for spans and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Join(_) => "conference_join",
            Self::Leave(_) => "conference_leave",
            Self::Mute(_) => "conference_mute",
            Self::Unmute(_) => "conference_unmute",
            Self::Hold(_) => "conference_hold",
            Self::Unhold(_) => "conference_unhold",
            Self::End(_) => "conference_end",
        }
    }
}

/// Parameters of conference join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The leg; already answered.
    pub leg: CallControlId,
    /// Starts on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<bool>,
    /// Starts muted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<bool>,
    /// Overrides the conference's beep for this participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beep: Option<Beep>,
}

/// Parameters of conference leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The leg.
    pub leg: CallControlId,
}

/// The participants that an action is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Participants {
    /// Their legs.
    pub legs: Vec<CallControlId>,
}

/// Parameters of conference hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hold {
    /// Their legs.
    pub legs: Vec<CallControlId>,
    /// What they hear meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_url: Option<String>,
}

/// Parameters of conference end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct End {}

/// Settings of one participant (`PATCH /conferences/{id}/participants/{participant}`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateParticipant {
    /// The conference.
    pub conference: ConferenceId,
    /// The leg, or the carrier's participant id.
    pub participant: String,
    /// Overrides the conference's beep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beep: Option<Beep>,
    /// The conference ends, and all are hung up, when this one leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_conference_on_exit: Option<bool>,
}
