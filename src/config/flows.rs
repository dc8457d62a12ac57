//! `[flows]`: where flow files are, and the values that they name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Flow, PhoneNumber};
use serde::{Deserialize, Serialize, Serializer};

use super::duration;
use super::error::{Problems, nearest};
use super::route::{Gets, Route};
use crate::flows::{Library, LibraryError};

/// From one look at the files to the next: soon enough for whoever tries a change by calling, nothing for the disk.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// `[flows]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flows {
    /// Its `*.toml` files are flows; they win over shipped ones of the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// From one look for changed files to the next; 0: they are read at the start and on SIGHUP only.
    #[serde(with = "duration")]
    pub reload_every: Duration,
    /// Values for `{{ vars.NAME }}`, such as the SIP addresses of departments; they win over a file's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "masked")]
    pub vars: BTreeMap<String, String>,
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            directory: None,
            reload_every: RELOAD_EVERY,
            vars: BTreeMap::new(),
        }
    }
}

impl Flows {
    /// Every flow that a route can name.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn library(&self) -> Result<Library, LibraryError> {
        match &self.directory {
            Some(directory) => Library::with_directory(directory),
            None => Ok(Library::shipped()),
        }
    }

    /// A flow with the values of this installation.
    pub fn furnished(&self, flow: &Arc<Flow>) -> Arc<Flow> {
        if self.vars.is_empty() {
            return Arc::clone(flow);
        }
        let mut flow = Flow::clone(flow);
        flow.vars.extend(self.vars.clone());
        Arc::new(flow)
    }

    /// Directory, files and the flows that routes name.
    pub(super) fn check(&self, routes: &[Route], problems: &mut Problems) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        for name in self.vars.keys() {
            let good = !name.is_empty() && name.bytes().all(plain);
            problems.require(good, "flows.vars", "a name is letters, digits and underscores");
        }
        let library = match self.library() {
            Ok(library) => library,
            Err(error) => return problems.add("flows.directory", error),
        };
        for (at, route) in routes.iter().enumerate() {
            let Gets::Flow(name) = route.gets() else { continue };
            if library.get(name).is_some() {
                continue;
            }
            let known: Vec<&str> = library
                .entries()
                .map(|(name, _)| name)
                .chain(["conference"])
                .collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("known are {}", known.join(", ")),
            };
            problems.add(
                "route",
                format!("route {}: there is no flow \"{name}\": {hint}", at + 1),
            );
        }
    }
}

/// Values are numbers and addresses: shown no further than a number is.
fn masked<S: Serializer>(vars: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        vars.iter()
            .map(|(name, value)| (name, PhoneNumber::new(value).to_string())),
    )
}
