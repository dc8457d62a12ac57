//! `[backend]`: the user's own programs that `http` steps and message flows ask.

use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::error::Problems;
use super::secret::Secret;
use crate::backend::{BackendSettings, SigningSecret};

/// `[backend]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backend {
    /// Signs every request (Standard Webhooks); requests go unsigned without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// A file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// Networks that may be asked besides the public internet.
    pub allow: Vec<IpNet>,
    /// Longest answer that is read.
    pub max_answer_bytes: usize,
}

impl Default for Backend {
    fn default() -> Self {
        Self {
            secret: None,
            secret_file: None,
            allow: Vec::new(),
            max_answer_bytes: BackendSettings::default().answer_limit,
        }
    }
}

impl Backend {
    /// Settings of the client. A secret here passed the check.
    pub fn settings(&self) -> BackendSettings {
        BackendSettings {
            secret: self
                .secret
                .as_ref()
                .and_then(|secret| SigningSecret::new(secret.expose()).ok()),
            allow: self.allow.clone(),
            answer_limit: self.max_answer_bytes,
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(Err(why)) = self
            .secret
            .as_ref()
            .map(|secret| SigningSecret::new(secret.expose()))
        {
            problems.add("backend.secret", format!("cannot be used: {why}"));
        }
        problems.require(
            (1024..=1024 * 1024).contains(&self.max_answer_bytes),
            "backend.max_answer_bytes",
            "must lie between 1024 and 1048576",
        );
    }
}
