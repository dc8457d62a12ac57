//! Commands to conferences and their participants, with the parameters of API-FACTS 1.11.

mod media;
mod participant;
mod recording;

use serde::{Deserialize, Serialize};

use crate::ids::{CallControlId, ConferenceName};

pub use media::{ConferenceGather, ConferencePlay, ConferenceSendDtmf, ConferenceSpeak};
pub use participant::{Hold, Join, Leave, Participants, Supervise, SupervisorRole, UpdateParticipant};
pub use recording::{ConferenceRecordStart, ConferenceRecording};

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

words! {
    /// Where the carrier mixes a conference.
    Region {
        /// Australia.
        Australia = "Australia",
        /// Europe.
        Europe = "Europe",
        /// Middle East.
        MiddleEast = "Middle East",
        /// United States.
        Us = "US",
    }
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
    /// The same, a file stored at the carrier; not together with `hold_audio_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_media_name: Option<String>,
    /// Soft noise instead of digital silence (carrier default true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comfort_noise: Option<bool>,
    /// Whether participants hear each other at once (carrier default true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_conference_on_create: Option<bool>,
    /// Where it is mixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

impl CreateConference {
    /// A room with the carrier's defaults.
    pub fn new(leg: CallControlId, name: ConferenceName) -> Self {
        Self {
            leg,
            name,
            beep: Beep::default(),
            max_participants: None,
            duration_minutes: None,
            hold_audio_url: None,
            hold_media_name: None,
            comfort_noise: None,
            start_conference_on_create: None,
            region: None,
        }
    }
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
    /// Play audio to participants; none named means all.
    Play(ConferencePlay),
    /// Text to speech to participants; none named means all.
    Speak(Box<ConferenceSpeak>),
    /// Stop audio; none named means all.
    Stop(Participants),
    /// Press keys towards participants; none named means all.
    SendDtmf(ConferenceSendDtmf),
    /// Prompt one participant by audio and collect keys.
    GatherUsingAudio(Box<ConferenceGather>),
    /// Start a recording.
    RecordStart(ConferenceRecordStart),
    /// Stop a recording.
    RecordStop(ConferenceRecording),
    /// Pause a recording.
    RecordPause(ConferenceRecording),
    /// Resume a recording.
    RecordResume(ConferenceRecording),
    /// Change how one participant takes part.
    Update(Supervise),
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
            Self::Play(_) => "conference_play",
            Self::Speak(_) => "conference_speak",
            Self::Stop(_) => "conference_stop",
            Self::SendDtmf(_) => "conference_send_dtmf",
            Self::GatherUsingAudio(_) => "conference_gather_using_audio",
            Self::RecordStart(_) => "conference_record_start",
            Self::RecordStop(_) => "conference_record_stop",
            Self::RecordPause(_) => "conference_record_pause",
            Self::RecordResume(_) => "conference_record_resume",
            Self::Update(_) => "conference_update",
            Self::End(_) => "conference_end",
        }
    }
}

parameters! {
    /// Parameters of conference end.
    #[derive(Default)]
    End {}
    optional {}
}
