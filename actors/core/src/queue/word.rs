//! What calls and queues tell each other, and the table that every joiner brings along.
//!
//! Each word is harmless when it is said again: a queue answers a repeated question, a call passes over an offer that it
//! knows. So either side may ask whenever it has heard nothing for a while.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// Call to queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallWord {
    /// Let this caller wait. Answered with a place, an offer or a refusal.
    Join {
        /// When the caller began to wait: the row is in this order, also after the queue had to be told again.
        since: Timestamp,
        /// Who serves the queue, and how. That of the newest joiner holds.
        table: Box<QueueTable>,
    },
    /// Which place has this caller? Answered with a place, or with `Unknown`.
    Asks,
    /// The caller waits and no agent's phone rings for it. Said when the queue checks.
    Waits,
    /// The offered agent's phone rings.
    Rings {
        /// The offer.
        offer: u64,
    },
    /// The offered agent has answered. Said again while the two talk.
    Talks {
        /// The offer.
        offer: u64,
        /// The agent: a queue that has lost its memory learns from here who is busy.
        agent: PhoneNumber,
    },
    /// The offered agent did not take the call, or could not be connected with the caller.
    Declined {
        /// The offer.
        offer: u64,
    },
    /// The caller is out of the row, or has talked: the last word of this stay.
    Left,
}

/// Queue to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueWord {
    /// The caller is in the row.
    Place {
        /// Counts from 1.
        position: u32,
        /// Callers in the row, this one included.
        waiting: u32,
        /// How long it may take, by what agents took for the latest callers; `None` until one was served.
        estimate_ms: Option<u64>,
    },
    /// The caller cannot wait here.
    Refused(QueueRefusal),
    /// Ring this agent, who is kept free for it.
    Offer {
        /// Grows from offer to offer.
        offer: u64,
        /// Whom.
        agent: PhoneNumber,
    },
    /// Nothing was heard of this caller for long: where does it stand?
    Check,
    /// The queue knows nothing of this stay: whoever still waits joins again.
    Unknown,
}

/// Why a caller cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueRefusal {
    /// As many callers wait as may.
    Full,
    /// The table lists nobody.
    NoAgents,
}

/// Who serves a queue, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueTable {
    /// In the order of preference; each once.
    pub agents: Vec<AgentPlan>,
    /// Which of several free ones is rung.
    #[serde(default)]
    pub order: AgentOrder,
    /// How long a phone rings, milliseconds.
    pub ring_ms: u64,
    /// How long whoever did not take a call is left alone, milliseconds.
    pub rest_ms: u64,
    /// Most callers in the row.
    pub max_waiting: u32,
}

/// One agent as a table lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPlan {
    /// Whom to ring; who the agent is.
    pub to: PhoneNumber,
    /// For lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Rung only when nobody of a lower number is free.
    pub priority: u8,
    /// Time after a call, milliseconds.
    pub wrap_up_ms: u64,
}

/// Which of several free agents of one priority is rung.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentOrder {
    /// Who has been idle for longest.
    #[default]
    LongestIdle,
    /// The first of the list.
    InOrder,
}
