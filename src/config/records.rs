//! `[records]` and `database_url`: whether and where the books are kept, for how long, and how much they tell.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Config;
use super::error::Problems;
use super::secret::Secret;
use crate::records::{PostgresBooks, PostgresSettings, Privacy};

/// Nobody plans further ahead; a larger number is a mistake.
const MOST_DAYS: u32 = 36_500;

/// `[records]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Records {
    /// Whether the books are kept at all.
    pub enabled: bool,
    /// How numbers and what callers type are stored.
    pub numbers: Numbers,
    /// Days for which rows are kept once they are over; 0: for ever.
    pub keep_days: u32,
    /// Certificates that the database server's is checked against, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// As they are, and messages with their words.
    Full,
    /// As a keyed hash, and messages without their words.
    Hashed,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            enabled: true,
            numbers: Numbers::Full,
            // Last year's figures can be compared with this year's.
            keep_days: 400,
            ca_file: None,
        }
    }
}

impl Records {
    /// How long rows of what is over are kept; `None` for ever.
    pub fn keep(&self) -> Option<Duration> {
        let days = Duration::from_secs(24 * 60 * 60).saturating_mul(self.keep_days);
        (self.keep_days > 0).then_some(days)
    }
}

impl Config {
    /// The Postgres server that the books are kept on, if they are not in a file.
    pub fn postgres(&self) -> Option<PostgresSettings> {
        self.database_url.as_ref().map(|url| PostgresSettings {
            url: url.expose().to_owned(),
            ca_file: self.records.ca_file.clone(),
        })
    }

    /// How much the books tell. The key of hashes is made like that of our state in the carrier's events.
    pub fn records_privacy(&self) -> Privacy {
        match self.records.numbers {
            Numbers::Full => Privacy::Full,
            Numbers::Hashed => {
                let source = self.client_state_source().map_or("", Secret::expose);
                Privacy::Hashed(source.as_bytes().to_vec())
            }
        }
    }

    pub(super) fn check_records(&self, problems: &mut Problems) {
        problems.require(
            self.records.keep_days <= MOST_DAYS,
            "records.keep_days",
            format!("is more than {MOST_DAYS}: 0 keeps rows for ever"),
        );
        problems.require(
            self.records.numbers == Numbers::Full || self.client_state_source().is_some(),
            "records.numbers",
            "\"hashed\" needs client_state_secret or the API key of Telnyx: hashes without a key can be tried out",
        );
        if let Some(Err(refused)) = self.postgres().map(|settings| PostgresBooks::new(&settings)) {
            problems.add("database_url", refused);
        }
        problems.require(
            self.records.ca_file.is_none() || self.database_url.is_some(),
            "records.ca_file",
            "is of use with database_url only",
        );
    }
}
