//! `[twilio]`: how to reach Twilio and whom to believe.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;
use super::error::Problems;
use super::secret::Secret;
use crate::carriers::BaseUrl;
use crate::carriers::twilio::{AuthTokens, Credentials, PublicUrl};

/// Twilio's own API.
pub const DEFAULT_BASE_URL: &str = "https://api.twilio.com/2010-04-01";

/// `[twilio]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twilio {
    /// API root with its version, without a slash at its end. https, unless the host is this machine.
    pub base_url: String,
    /// The account, or `TWILIO_ACCOUNT_SID`. Without it Twilio is not served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// Its token, or `TWILIO_AUTH_TOKEN`: password of the API, and key of webhooks' signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<Secret>,
    /// A file that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token_file: Option<PathBuf>,
    /// A second token that webhooks are believed under too, while the account's is being rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token_next: Option<Secret>,
    /// A file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token_next_file: Option<PathBuf>,
    /// Where Twilio reaches the carrier door, spelt exactly as in Twilio's settings: signatures cover it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// A leg that asks what to do is told within this time, if only to ask again; Twilio itself waits for 15 s.
    #[serde(with = "duration")]
    pub answer_within: Duration,
    /// To open a connection to Twilio.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// For one request, all in all.
    #[serde(with = "duration")]
    pub request_timeout: Duration,
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.into(),
            account_sid: None,
            auth_token: None,
            auth_token_file: None,
            auth_token_next: None,
            auth_token_next_file: None,
            public_url: None,
            answer_within: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(10),
        }
    }
}

impl Twilio {
    /// Whether there is an account to serve.
    pub fn is_configured(&self) -> bool {
        self.account_sid.is_some() || self.auth_token.is_some()
    }

    /// The tokens that webhooks are believed under.
    pub fn tokens(&self) -> Vec<&str> {
        [&self.auth_token, &self.auth_token_next]
            .into_iter()
            .flatten()
            .map(Secret::expose)
            .collect()
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if let Err(why) = BaseUrl::new(&self.base_url) {
            problems.add("twilio.base_url", format!("{why}; Twilio is {DEFAULT_BASE_URL}"));
        }
        if let Some(Err(why)) = self.public_url.as_deref().map(PublicUrl::new) {
            problems.add("twilio.public_url", why);
        }
        if let Some(account) = &self.account_sid {
            let token = self.auth_token.as_ref().map_or("absent", Secret::expose);
            if let Err(why) = Credentials::new(account, token) {
                problems.add("twilio.account_sid", why);
            }
        }
        if self.auth_token.is_some()
            && let Err(why) = AuthTokens::new(&self.tokens())
        {
            problems.add("twilio.auth_token", why);
        }
        let in_time = (Duration::from_secs(1)..=Duration::from_secs(14)).contains(&self.answer_within);
        problems.require(
            in_time,
            "twilio.answer_within",
            "must lie between 1s and 14s: Twilio hangs up after 15 s",
        );
        for (key, span) in [
            ("twilio.connect_timeout", self.connect_timeout),
            ("twilio.request_timeout", self.request_timeout),
        ] {
            let sensible = (Duration::from_millis(1)..=Duration::from_secs(60)).contains(&span);
            problems.require(sensible, key, "must lie between 1ms and 1m");
        }
    }

    /// What is missing for serving it, if there is anything of it at all.
    pub(super) fn require(&self, public_url: Option<&str>, problems: &mut Problems) {
        if !self.is_configured() {
            return;
        }
        problems.require(
            self.account_sid.is_some(),
            "twilio.account_sid",
            "is missing. Copy it from console.twilio.com, \"Account Info\", and set TWILIO_ACCOUNT_SID or \
             twilio.account_sid",
        );
        problems.require(
            self.auth_token.is_some(),
            "twilio.auth_token",
            "is missing, so no webhook could be believed. Copy it from console.twilio.com, \"Account Info\", and set \
             TWILIO_AUTH_TOKEN or twilio.auth_token_file",
        );
        problems.require(
            public_url.is_some(),
            "twilio.public_url",
            "is missing, so no webhook could be believed: Twilio signs the address that it calls. Set it to where Twilio \
             reaches the carrier door, such as https://voice.example.com",
        );
    }
}
