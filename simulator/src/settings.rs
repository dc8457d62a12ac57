//! What a simulator is told at start: addresses, keys, chaos, pace, behaviour of dialled numbers.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::profile::Profile;

/// Settings of one simulator. `Settings::default()` listens on a free loopback port and is calm.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the API is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where webhooks go; can be set later. Only `http://` addresses.
    pub webhook_url: Option<String>,
    /// Second address after two failed attempts in a row.
    pub failover_url: Option<String>,
    /// The one valid bearer token; `None` takes any that is not empty.
    pub api_key: Option<String>,
    /// Id of the one Call Control App.
    pub connection_id: String,
    /// Private seed of the Ed25519 key that signs webhooks.
    pub signing_seed: [u8; 32],
    /// Chaos.
    pub profile: Profile,
    /// Seed of every draw.
    pub seed: u64,
    /// Speed of speech, audio and the like.
    pub pace: Pace,
    /// What dialled numbers do.
    pub far_end: FarEnd,
    /// What single dialled numbers do.
    pub far_ends: BTreeMap<String, FarEnd>,
    /// How long one delivery attempt may take; the carrier's default is 2 s.
    pub webhook_timeout: Duration,
    /// All attempts of one webhook together; the carrier's documented cap is 60 s.
    pub webhook_budget: Duration,
    /// How long an answer is withheld in a simulated time-out. Longer than any sensible client waits.
    pub withheld: Duration,
    /// Replaces the profile's patience of callers.
    pub patience: Option<Duration>,
}

/// A key pair made for tests only; its public half is in every test set-up.
const TEST_SIGNING_SEED: [u8; 32] = *b"cordboard simulator signing seed";

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: None,
            failover_url: None,
            api_key: None,
            connection_id: "1684641123236054244".to_owned(),
            signing_seed: TEST_SIGNING_SEED,
            profile: Profile::Calm,
            seed: 1,
            pace: Pace::default(),
            far_end: FarEnd::default(),
            far_ends: BTreeMap::new(),
            webhook_timeout: Duration::from_secs(2),
            webhook_budget: Duration::from_secs(60),
            withheld: Duration::from_secs(12),
            patience: None,
        }
    }
}

/// How fast things go by. Much faster than life, so that a run measures the program and not the prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Speech, per character; a human voice needs about 60 ms.
    pub speak_millis_per_char: u64,
    /// Any audio file.
    pub playback_millis: u64,
    /// From the end of a recording to its event.
    pub recording_saved_millis: u64,
    /// Answering machine detection.
    pub detection_millis: u64,
    /// Between a prompt's start and a caller's first key, and between keys.
    pub key_millis: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            speak_millis_per_char: 5,
            playback_millis: 300,
            recording_saved_millis: 200,
            detection_millis: 300,
            key_millis: 120,
        }
    }
}

/// What the far end of an outgoing leg does when it rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FarEndAnswer {
    /// Picks up.
    Answers,
    /// Is engaged.
    Busy,
    /// Declines.
    Rejects,
    /// Lets it ring.
    NoAnswer,
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
    /// Whether it is an answering machine.
    pub machine: bool,
}

impl Default for FarEnd {
    fn default() -> Self {
        Self {
            answer: FarEndAnswer::Answers,
            after: Duration::from_millis(300),
            talk: None,
            machine: false,
        }
    }
}
