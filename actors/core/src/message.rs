//! What machines tell each other. Messages leave after the sender's record is committed, arrive in order per
//! pair, and are applied once (the receiver's high-water mark).

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::ids::{CallControlId, ConferenceId, ConnectionId, TextKey};
use crate::phone::{PhoneNumber, Text};
use crate::plan::{Limits, RoomSettings};
use crate::queue::word::{CallWord, QueueWord};
use crate::text::TextResult;

/// One message between two machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Call to room: bring this answered leg in.
    JoinRequest {
        /// The leg.
        leg: CallControlId,
        /// Whether its caller is a moderator.
        moderator: bool,
        /// The carrier application that the leg came through.
        connection: Option<ConnectionId>,
        /// Rules, should this be the first caller.
        settings: Box<RoomSettings>,
        /// Deadlines, should this be the first caller.
        limits: Limits,
    },
    /// Call to room: this leg is over, or no longer wants in. The last word of that call.
    LegGone {
        /// The leg.
        leg: CallControlId,
    },
    /// Call to room: a conference event that reached the call, because its conference id was not known yet.
    Forwarded(Box<Event>),
    /// Room to call: the leg is in.
    Joined {
        /// The leg.
        leg: CallControlId,
        /// The conference.
        conference: ConferenceId,
        /// The room's incarnation: names the trace of this conference.
        incarnation: u64,
    },
    /// Room to call: the leg will not get in.
    JoinFailed {
        /// The leg.
        leg: CallControlId,
        /// Why.
        reason: JoinFailure,
    },
    /// Room to call: the leg was in and is out.
    Left {
        /// The leg.
        leg: CallControlId,
    },
    /// Anybody to a sending number of ours: send this text. Under one key one text is sent, however often it is asked.
    TextRequest {
        /// Unique per asking step: names the asker, the step and which time it is in it.
        key: TextKey,
        /// Who gets it.
        to: PhoneNumber,
        /// The words.
        text: Text,
        /// Whether to tell of the delivery too, after `Accepted`.
        notify: bool,
    },
    /// Sending number to whoever asked: what became of the text. `Accepted` may be followed by `Delivered` or
    /// `Refused`; the others are the last word, save that `Unknown` may turn out to be one of them.
    TextResult {
        /// As asked.
        key: TextKey,
        /// What.
        result: TextResult,
    },
    /// Call to queue.
    ToQueue {
        /// Which stay of the call in the queue it is about: a call may leave and come again.
        stay: u32,
        /// What.
        word: CallWord,
    },
    /// Queue to call.
    FromQueue {
        /// As the call counts its stays.
        stay: u32,
        /// What.
        word: QueueWord,
    },
}

impl Message {
    /// The sender has nothing more to say about this until it begins anew: a repeat changes nothing, and no mark need be
    /// kept for the sender.
    pub fn is_last_word(&self) -> bool {
        match self {
            Self::LegGone { .. } => true,
            Self::ToQueue { word, .. } => *word == CallWord::Left,
            Self::JoinRequest { .. }
            | Self::Forwarded(_)
            | Self::Joined { .. }
            | Self::JoinFailed { .. }
            | Self::Left { .. }
            | Self::TextRequest { .. }
            | Self::TextResult { .. }
            | Self::FromQueue { .. } => false,
        }
    }
}

/// Why a leg does not get into a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinFailure {
    /// The room has its most participants.
    Full,
    /// The carrier would not make or open a conference.
    Unavailable,
    /// The carrier says that the leg is not up yet.
    NotAnswered,
    /// The carrier says that the leg is over.
    LegEnded,
}
