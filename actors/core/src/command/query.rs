//! Questions to a carrier. They change nothing, so they may be repeated freely.

use serde::{Deserialize, Serialize};

use crate::ids::{CallControlId, ConferenceId, ConferenceName, ConnectionId};
use crate::phone::{PhoneNumber, Text};
use crate::time::Timestamp;

/// A question to a carrier; the answer comes back as an [`crate::Answer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Is this leg alive? `GET /calls/{id}`; known until 10 minutes after the end.
    Call {
        /// The leg.
        leg: CallControlId,
    },
    /// Every live leg of a connection, all pages.
    ActiveCalls {
        /// The carrier application.
        connection: ConnectionId,
    },
    /// Live conferences, all pages; of one name if given.
    Conferences {
        /// The room.
        name: Option<ConferenceName>,
    },
    /// One conference.
    Conference {
        /// The conference.
        conference: ConferenceId,
    },
    /// Who is in a conference, all pages.
    Participants {
        /// The conference.
        conference: ConferenceId,
    },
    /// Texts of ours between two numbers with these words, the oldest first. Not every carrier keeps such a list.
    Texts {
        /// The number of ours that sent.
        from: PhoneNumber,
        /// Who was to get it.
        to: PhoneNumber,
        /// The words.
        text: Text,
        /// None that the carrier took before this, apart from how far two clocks differ.
        since: Timestamp,
    },
}

impl Query {
    /// snake_case name for spans and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Call { .. } => "query_call",
            Self::ActiveCalls { .. } => "query_active_calls",
            Self::Conferences { .. } => "query_conferences",
            Self::Conference { .. } => "query_conference",
            Self::Participants { .. } => "query_participants",
            Self::Texts { .. } => "query_texts",
        }
    }
}
