//! Commands to one leg, with the parameters of API-FACTS 1.10.

use serde::{Deserialize, Serialize};

use crate::ids::{CallControlId, ConnectionId};
use crate::phone::PhoneNumber;

/// Something done to one leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegAction {
    /// Take an incoming leg.
    Answer(Answer),
    /// End the leg, whatever its state.
    Hangup(Hangup),
    /// Refuse a leg that has not been answered.
    Reject(Reject),
    /// Text to speech.
    Speak(Speak),
    /// Prompt by text to speech and collect keys.
    GatherUsingSpeak(GatherUsingSpeak),
    /// Stop a gather.
    GatherStop(GatherStop),
}

impl LegAction {
    /// snake_case name for spans and metrics; Telnyx uses the same words in its paths.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Hangup(_) => "hangup",
            Self::Reject(_) => "reject",
            Self::Speak(_) => "speak",
            Self::GatherUsingSpeak(_) => "gather_using_speak",
            Self::GatherStop(_) => "gather_stop",
        }
    }
}

/// Parameters of `answer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// Where this leg's webhooks go instead of the application's URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
}

/// Parameters of `hangup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hangup {}

/// Parameters of `reject`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// What the caller's network is told.
    pub cause: RejectCause,
}

/// Why a leg is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCause {
    /// SIP 603.
    CallRejected,
    /// SIP 486.
    UserBusy,
}

/// Parameters of `speak`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Speak {
    /// What is said; at most 3,000 characters.
    pub payload: String,
    /// The carrier's voice name, such as `female` or `AWS.Polly.Joanna`.
    pub voice: String,
    /// BCP 47 tag, such as `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Parameters of `gather_using_speak`. Times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatherUsingSpeak {
    /// The prompt; at most 3,000 characters.
    pub payload: String,
    /// The carrier's voice name.
    pub voice: String,
    /// BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Fewest keys (carrier default 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_digits: Option<u32>,
    /// Most keys (carrier default 128).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_digits: Option<u32>,
    /// How often the carrier itself repeats the prompt (carrier default 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_tries: Option<u32>,
    /// Silence after the prompt before a try is over (carrier default 60000).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_millis: Option<u32>,
    /// Silence between two keys before the gather is over (carrier default 5000).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inter_digit_timeout_millis: Option<u32>,
    /// The key that ends input (carrier default `#`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminating_digit: Option<String>,
    /// The keys that count (carrier default `0123456789#*`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_digits: Option<String>,
}

/// Parameters of `gather_stop`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatherStop {}

/// Parameters of a dial (`POST /calls`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// The carrier application that owns the new leg.
    pub connection: ConnectionId,
    /// Whom to call: E.164 or SIP URI.
    pub to: PhoneNumber,
    /// The number shown.
    pub from: PhoneNumber,
    /// The leg whose session the new leg shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_to: Option<CallControlId>,
    /// How long it rings, 5..600 s (carrier default 30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<u32>,
    /// How long the leg may live, 30..14400 s: the carrier's dead man's switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_secs: Option<u32>,
}
