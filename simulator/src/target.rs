//! What the far end of a dialled leg is and does: answers or not, speaks, presses keys, hangs up, is a machine.
//!
//! Settings and the control door write it, the carrier acts by it. Data only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the far end of an outgoing leg does when it rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FarEndAnswer {
    /// Picks up.
    #[default]
    Answers,
    /// Is engaged: `user_busy`, 486.
    Busy,
    /// Declines: `call_rejected`, 603.
    Rejects,
    /// Lets it ring until the command's own time-out: `timeout`.
    NoAnswer,
    /// Its own network gives up after a while: `no_answer`, 480.
    Unavailable,
    /// There is no such number or user: `not_found`, 404.
    Unallocated,
    /// The way there is broken: `unspecified`, 503.
    Failed,
}

/// Who or what picks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Who {
    /// A person.
    #[default]
    Human,
    /// An answering machine.
    Machine {
        /// How long its greeting is.
        greeting: Duration,
        /// Whether it beeps after that.
        beep: bool,
    },
    /// A fax.
    Fax,
    /// Nobody says a word.
    Silence,
}

/// The far end of outgoing legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarEnd {
    /// What it does.
    pub answer: FarEndAnswer,
    /// How long it rings before.
    pub after: Duration,
    /// When it hangs up after answering; `None` waits for the other side.
    pub talk: Option<Duration>,
    /// When it hangs up after it was bridged; `None` waits for the other side.
    pub talk_bridged: Option<Duration>,
    /// Who picks up.
    pub who: Who,
    /// Keys for the first gather on its leg, the second, …; the last are pressed again for further ones.
    pub presses: Vec<String>,
    /// It is engaged while another leg to it is up or rings.
    pub one_line: bool,
    /// The callers' room (see `CallerScript::room`) that suffers when a request about such a leg fails and the leg
    /// was dialled for no caller in particular.
    pub room: Option<String>,
}

impl Default for FarEnd {
    fn default() -> Self {
        Self {
            answer: FarEndAnswer::Answers,
            after: Duration::from_millis(300),
            talk: None,
            talk_bridged: None,
            who: Who::Human,
            presses: Vec::new(),
            one_line: false,
            room: None,
        }
    }
}

impl FarEnd {
    /// A far end that does this after its ringing time.
    pub fn that(answer: FarEndAnswer) -> Self {
        Self {
            answer,
            ..Self::default()
        }
    }

    /// The keys for the n-th gather (from 0).
    pub fn keys(&self, gather: usize) -> &str {
        self.presses
            .get(gather)
            .or(self.presses.last())
            .map_or("", String::as_str)
    }
}

/// What becomes of a text that is sent to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// Delivered.
    #[default]
    Delivered,
    /// Sent, but the phone's network refuses it: `delivery_failed`, 40008.
    Undeliverable,
    /// A landline: never gets further than this carrier: `sending_failed`, 40001.
    Landline,
    /// Sent; nobody knows whether it came: `delivery_unconfirmed`.
    Unconfirmed,
}
