//! What we ask of a carrier: one closed enum, imperative, carrier-neutral in its words.
//!
//! Machines build these; encoders in `src/carriers` translate them. A field that is `None` is left to the
//! carrier's default. Ids, client state and deadlines travel beside the command (`Effect::Command`).

#[macro_use]
mod parameters;

mod bridging;
pub mod catalogue;
pub mod conference;
pub mod detection;
mod dial;
mod gather;
pub mod leg;
pub mod media;
mod prompt;
pub mod query;
pub mod recording;
pub mod sip;
pub mod stream;
pub mod text;
pub mod transcription;
mod webhooks;

use serde::{Deserialize, Serialize};

use crate::ids::{CallControlId, ConferenceId};

pub use conference::{ConferenceAction, CreateConference, UpdateParticipant};
pub use leg::{Dial, LegAction};
pub use query::Query;
pub use text::SendMessage;

/// How long a leg lives that was dialled or transferred to without another limit, seconds: Telnyx' longest. Said
/// although it is Telnyx' default too, so that it is in the journal and the same at every carrier.
pub const LONGEST_LEG_SECS: u32 = 14_400;

/// One command or question to a carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Something done to one leg (API-FACTS 1.10).
    Leg {
        /// The leg.
        leg: CallControlId,
        /// What.
        action: LegAction,
    },
    /// A new outgoing leg.
    Dial(Box<Dial>),
    /// A new conference, from a leg that is already up.
    CreateConference(CreateConference),
    /// Something done to a conference or to participants of it (API-FACTS 1.11).
    Conference {
        /// The conference.
        conference: ConferenceId,
        /// What.
        action: ConferenceAction,
    },
    /// Settings of one participant.
    UpdateParticipant(UpdateParticipant),
    /// A text message.
    SendMessage(Box<SendMessage>),
    /// A question that changes nothing.
    Query(Query),
}

impl Command {
    /// snake_case name for spans, metrics and lanes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Leg { action, .. } => action.name(),
            Self::Dial(_) => "dial",
            Self::CreateConference(_) => "conference_create",
            Self::Conference { action, .. } => action.name(),
            Self::UpdateParticipant(_) => "participant_update",
            Self::SendMessage(_) => "send_message",
            Self::Query(query) => query.name(),
        }
    }

    /// The leg that the command acts upon, if it acts upon one.
    pub fn leg(&self) -> Option<&CallControlId> {
        match self {
            Self::Leg { leg, .. } => Some(leg),
            Self::CreateConference(create) => Some(&create.leg),
            Self::Conference {
                action: ConferenceAction::Join(join),
                ..
            } => Some(&join.leg),
            Self::Conference {
                action: ConferenceAction::Leave(leave),
                ..
            } => Some(&leave.leg),
            Self::Query(Query::Call { leg }) => Some(leg),
            Self::Dial(_)
            | Self::Conference { .. }
            | Self::UpdateParticipant(_)
            | Self::SendMessage(_)
            | Self::Query(_) => None,
        }
    }

    /// The same with the carrier's own time limit on the leg or conference that it makes, where it has none.
    ///
    /// The carrier's clean-up is the only one that works when every process of ours is dead.
    #[must_use]
    pub fn with_time_limit(mut self) -> Self {
        match &mut self {
            Self::Dial(dial) => _ = dial.time_limit_secs.get_or_insert(LONGEST_LEG_SECS),
            Self::Leg {
                action: LegAction::Transfer(transfer),
                ..
            } => _ = transfer.time_limit_secs.get_or_insert(LONGEST_LEG_SECS),
            Self::CreateConference(create) => {
                _ = create.duration_minutes.get_or_insert(LONGEST_LEG_SECS / 60);
            }
            Self::Leg { .. }
            | Self::Conference { .. }
            | Self::UpdateParticipant(_)
            | Self::SendMessage(_)
            | Self::Query(_) => {}
        }
        self
    }

    /// Whether this ends a leg: such a command overtakes everything queued for that leg.
    pub fn is_hangup(&self) -> bool {
        matches!(
            self,
            Self::Leg {
                action: LegAction::Hangup(_) | LegAction::Reject(_),
                ..
            }
        )
    }

    /// Whether a caller hears it: speech, audio and prompts, which are stale after moments.
    pub fn is_heard(&self) -> bool {
        match self {
            Self::Leg { action, .. } => matches!(
                action,
                LegAction::Speak(_)
                    | LegAction::PlaybackStart(_)
                    | LegAction::GatherUsingSpeak(_)
                    | LegAction::GatherUsingAudio(_)
            ),
            Self::Conference { action, .. } => matches!(
                action,
                ConferenceAction::Speak(_)
                    | ConferenceAction::Play(_)
                    | ConferenceAction::GatherUsingAudio(_)
            ),
            Self::Dial(_)
            | Self::CreateConference(_)
            | Self::UpdateParticipant(_)
            | Self::SendMessage(_)
            | Self::Query(_) => false,
        }
    }

    /// Whether repeating it does no harm: a question, or a command that a second time changes nothing.
    pub fn is_query(&self) -> bool {
        matches!(self, Self::Query(_))
    }
}
