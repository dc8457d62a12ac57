//! Requests to the user's own program, and what became of them. `http` steps and message flows make them, the outbox
//! carries them out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::CommandId;
use crate::phone::Text;
use crate::time::Timestamp;

/// One request, whatever the number of attempts. What it says is as secret as what a caller says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Derived; the same on every attempt and after every restart.
    pub id: CommandId,
    /// Absolute.
    pub url: String,
    /// `GET`, `POST`, `PUT`.
    pub method: String,
    /// Of the flow's own, such as an API key.
    pub headers: BTreeMap<String, String>,
    /// JSON; empty for a request without a body.
    pub body: Text,
    /// How long one attempt may take, milliseconds.
    pub timeout_ms: u64,
    /// Whether a request that may have arrived is sent again.
    pub repeat: bool,
    /// Past this nothing is sent any more.
    pub give_up_at: Timestamp,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({} {})", self.method, self.id)
    }
}

/// What became of one request, after all attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpOutcome {
    /// The program answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// As it came.
        body: Text,
    },
    /// A rule of ours forbids the address; nothing was sent.
    Forbidden {
        /// Which, for people; bounded.
        why: String,
    },
    /// No answer. It may have arrived.
    Unknown {
        /// What was seen last, for people; bounded.
        why: String,
    },
}

impl HttpOutcome {
    /// `answered`, `forbidden` or `unknown`.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Forbidden { .. } => "forbidden",
            Self::Unknown { .. } => "unknown",
        }
    }
}
