//! Who is in a conference, and how.

use serde::{Deserialize, Serialize};

use super::{Beep, Region};
use crate::ids::{CallControlId, ConferenceId};

words! {
    /// How a supervisor takes part.
    SupervisorRole {
        /// Heard by all.
        Barge = "barge",
        /// Hears all, heard by nobody.
        Monitor = "monitor",
        /// An ordinary participant.
        None = "none",
        /// Heard by the legs named.
        Whisper = "whisper",
    }
}

parameters! {
    /// Parameters of conference join.
    Join {
        /// The leg; already answered.
        leg: CallControlId,
    }
    optional {
        /// Starts on hold.
        hold: bool,
        /// Starts muted.
        mute: bool,
        /// Overrides the conference's beep for this participant.
        beep: Beep,
        /// Audio while on hold.
        hold_audio_url: String,
        /// The same, a file stored at the carrier; not together with `hold_audio_url`.
        hold_media_name: String,
        /// Whether the conference starts when this one enters.
        start_conference_on_enter: bool,
        /// The conference ends, and all are hung up, when this one leaves.
        end_conference_on_exit: bool,
        /// The conference ends when this one leaves; nobody is hung up.
        soft_end_conference_on_exit: bool,
        /// The participant's part.
        supervisor_role: SupervisorRole,
        /// Whom a whisperer speaks to.
        whisper_legs: Vec<CallControlId>,
        /// Where the conference is mixed.
        region: Region,
    }
}

parameters! {
    /// Parameters of conference leave.
    Leave {
        /// The leg.
        leg: CallControlId,
    }
    optional {
        /// Overrides the conference's beep for this participant.
        beep: Beep,
        /// Where the conference is mixed.
        region: Region,
    }
}

/// The participants that an action is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Participants {
    /// Their legs.
    pub legs: Vec<CallControlId>,
    /// Where the conference is mixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

impl From<Vec<CallControlId>> for Participants {
    fn from(legs: Vec<CallControlId>) -> Self {
        Self { legs, region: None }
    }
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
    /// The same, a file stored at the carrier; not together with `audio_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_name: Option<String>,
    /// Where the conference is mixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

parameters! {
    /// Parameters of conference update: changes how one participant takes part.
    Supervise {
        /// The leg.
        leg: CallControlId,
        /// Its part from now on.
        supervisor_role: SupervisorRole,
    }
    optional {
        /// Whom a whisperer speaks to.
        whisper_legs: Vec<CallControlId>,
        /// Where the conference is mixed.
        region: Region,
    }
}

parameters! {
    /// Settings of one participant (`PATCH /conferences/{id}/participants/{participant}`).
    UpdateParticipant {
        /// The conference.
        conference: ConferenceId,
        /// The leg, or the carrier's participant id.
        participant: String,
    }
    optional {
        /// Overrides the conference's beep.
        beep: Beep,
        /// The conference ends, and all are hung up, when this one leaves.
        end_conference_on_exit: bool,
        /// The conference ends when this one leaves; nobody is hung up.
        soft_end_conference_on_exit: bool,
    }
}
