//! What one caller does, written down before the call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a caller wants to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// To be heard in the right room: un-held participant of a running conference in which everybody
    /// wants the same room.
    #[default]
    Conference,
    /// To talk to another leg.
    Bridged,
    /// To be answered.
    Answered,
}

/// The script of one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerScript {
    /// Called number.
    pub to: String,
    /// Calling number.
    pub from: String,
    /// Name of the room the caller wants: the called number or the PIN.
    pub room: String,
    /// What the caller wants.
    pub goal: Goal,
    /// How long to wait for it.
    pub patience: Duration,
    /// Keys for the first gather, the second, …; the last are pressed again for further ones.
    pub presses: Vec<String>,
    /// Talk time after the goal.
    pub talk: Duration,
    /// Hang up this long after ringing, whatever happened.
    pub hang_up_after: Option<Duration>,
}

impl CallerScript {
    /// The keys for the n-th gather (from 0).
    pub fn keys(&self, gather: usize) -> &str {
        self.presses
            .get(gather)
            .or(self.presses.last())
            .map_or("", String::as_str)
    }
}
