//! The configuration: what `cordboard.toml`, the environment and the flags say, read once at the start and checked.
//!
//! The command line loads it, `app.rs` hands its parts to the rooms. Nothing here opens a socket or a journal, and
//! no other place of the program reads settings from files or the environment (the OTLP exporter's own `OTEL_…`
//! variables excepted).

pub mod backend;
pub mod calls;
pub mod duration;
pub mod environment;
pub mod error;
pub mod flows;
pub mod journal;
pub mod load;
pub mod messages;
pub mod observability;
pub mod quarantine;
pub mod records;
mod route;
pub mod routes;
pub mod secret;
pub mod server;
pub mod telnyx;
pub mod twilio;

use std::path::PathBuf;

use cordboard_core::PhoneNumber;
use cordboard_core::sms::plan::NumberPlan;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use environment::Environment;
pub use error::ConfigError;
pub use load::{Overrides, Sources};
pub use route::{Gets, Matcher, Route};
pub use routes::{Routes, Terms};
pub use secret::Secret;

use crate::carriers::CarrierName;
use crate::flows::Library;
use error::Problems;

/// Every setting. [`Config::default`] is what an empty file means.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Key under which our own state travels through the carrier; made from the API key when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_state_secret: Option<Secret>,
    /// A file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_state_secret_file: Option<PathBuf>,
    /// The Postgres database that the records are kept in, `postgres://…`; a file beside the journal when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<Secret>,
    /// A file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url_file: Option<PathBuf>,
    /// The carrier door, and limits of both.
    pub server: server::Server,
    /// The operator door.
    pub operator: server::Operator,
    /// Telnyx.
    pub telnyx: telnyx::Telnyx,
    /// Twilio.
    pub twilio: twilio::Twilio,
    /// The user's own programs.
    pub backend: backend::Backend,
    /// Deadlines of calls.
    pub calls: calls::Calls,
    /// Repetition of commands.
    pub retry: calls::Retry,
    /// Comparison with the carrier.
    pub reconciler: calls::Reconciler,
    /// How much is let in.
    pub admission: calls::Admission,
    /// What is set aside, and what is closed.
    pub quarantine: quarantine::Quarantine,
    /// Where records are kept.
    pub journal: journal::Journal,
    /// The books that users query.
    pub records: records::Records,
    /// Logs and links.
    pub observability: observability::Observability,
    /// Flow files and the values that they name.
    pub flows: flows::Flows,
    /// What holds for texts.
    pub messages: messages::Messages,
    /// Numbers that send texts and answer them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub number: Vec<messages::Number>,
    /// Texts at times of the day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<messages::Schedule>,
    /// What callers get.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<Route>,
}

impl Config {
    /// Salt of room names: stable for this installation, and secret as far as its source is.
    fn room_salt(&self) -> String {
        let source = self.client_state_source().map_or("", Secret::expose);
        let digest = Sha256::new()
            .chain_update("cordboard rooms\n")
            .chain_update(source)
            .finalize();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Every flow that a route, or whoever places a call, can name.
    pub fn library(&self) -> Library {
        self.flows.library().unwrap_or_else(|error| {
            tracing::error!(%error, "the flow files cannot be read any more; the shipped flows are there");
            Library::shipped()
        })
    }

    /// What all plans have in common: the deadlines of `[calls]`, the salt of room names.
    pub fn terms(&self) -> Terms {
        Terms {
            limits: self.calls.limits(),
            room_salt: self.room_salt(),
        }
    }

    /// The routes with the deadlines of `[calls]`.
    pub fn routes(&self) -> Routes {
        self.routes_from(&self.library())
    }

    /// The routes over these flows.
    pub fn routes_from(&self, library: &Library) -> Routes {
        Routes::new(&self.route, &self.flows, library, &self.terms())
    }

    /// What the key of our own state in the carrier's events is made from: stable across restarts, `None` when there
    /// is neither a secret nor an API key.
    pub fn client_state_source(&self) -> Option<&Secret> {
        let made = self.telnyx.api_key.as_ref().or(self.twilio.auth_token.as_ref());
        self.client_state_secret.as_ref().or(made)
    }

    /// What it was made from before Twilio's token changed, while the account's tokens are being rotated: addresses that
    /// were given out under the other token are still called.
    pub fn former_client_state_source(&self) -> Option<&Secret> {
        let from_token = self.client_state_source() == self.twilio.auth_token.as_ref();
        self.twilio.auth_token_next.as_ref().filter(|_| from_token)
    }

    /// Where Twilio reaches the carrier door: its own setting, else that of texts.
    pub fn twilio_public_url(&self) -> Option<&str> {
        let own = self.twilio.public_url.as_deref();
        own.or(self.messages.public_url.as_deref())
    }

    /// The carrier of whatever names none.
    pub fn usual_carrier(&self) -> CarrierName {
        match self.telnyx.is_configured() || !self.twilio.is_configured() {
            true => CarrierName::Telnyx,
            false => CarrierName::Twilio,
        }
    }

    /// The plan of every number that sends texts.
    ///
    /// # Errors
    /// Names the message flow that cannot be read, and why.
    pub fn number_plans(&self) -> Result<Vec<(PhoneNumber, NumberPlan)>, ConfigError> {
        self.messages
            .plans(&self.number, &self.schedule, self.usual_carrier())
    }

    /// Checks that at least one carrier can be served, and each that has any of its keys.
    ///
    /// # Errors
    /// Names what is missing and where to find it.
    pub fn require_carrier(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        if self.telnyx.is_configured() || !self.twilio.is_configured() {
            self.telnyx.require(&mut problems);
        }
        self.twilio.require(self.twilio_public_url(), &mut problems);
        problems.into_result()
    }

    /// The settings in force as TOML, secrets and numbers masked: safe to log.
    pub fn effective(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| format!("# the settings cannot be shown: {error}\n"))
    }
}
