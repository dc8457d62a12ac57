//! What a simulator is told at start: addresses, keys, chaos, pace, who is behind which number.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::book::Book;
use crate::callers::contract;
use crate::pace::Pace;
use crate::profile::Profile;
use crate::target::{FarEnd, Receipt};
use crate::twilio::{Face, TwilioAccount};

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
    /// What single dialled numbers and SIP addresses do, before `far_end`.
    pub targets: Book<FarEnd>,
    /// What becomes of texts to single phones; others get theirs.
    pub phones: Book<Receipt>,
    /// Which carrier callers ring through.
    pub face: Face,
    /// The account of the Twilio face.
    pub twilio: TwilioAccount,
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
            targets: contract::targets(),
            phones: Book::default(),
            face: Face::Telnyx,
            twilio: TwilioAccount::default(),
            webhook_timeout: Duration::from_secs(2),
            webhook_budget: Duration::from_secs(60),
            withheld: Duration::from_secs(12),
            patience: None,
        }
    }
}
