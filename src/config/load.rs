//! Reads the layers one over the other and checks the whole: defaults, file, `.env`, environment, flags.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::environment::Environment;
use super::error::{ConfigError, Problems, unknown_key};
use super::secret::{Readers, Secret, read_key_file};
use super::{Config, calls, routes};

/// Largest configuration file; the largest sensible one, thousands of routes, is a tenth of it.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "cordboard.toml";

/// Where a configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file that must exist; `cordboard.toml` is read if it exists when this is `None`.
    pub file: Option<PathBuf>,
    /// The variables.
    pub environment: Environment,
    /// The flags.
    pub overrides: Overrides,
}

/// What the command line sets. Everything else has its place in the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The carrier door.
    pub listen: Option<SocketAddr>,
    /// The operator door.
    pub operator_listen: Option<SocketAddr>,
    /// Telnyx' API root.
    pub telnyx_base_url: Option<String>,
    /// Twilio's API root.
    pub twilio_base_url: Option<String>,
    /// The journal's directory.
    pub journal_directory: Option<PathBuf>,
    /// Log directives.
    pub log_filter: Option<String>,
    /// Lets port 0 stand for a free port. For the demo and for tests, which ask for the address afterwards.
    pub free_ports: bool,
}

impl Config {
    /// The configuration of all layers, checked.
    ///
    /// # Errors
    /// Names the place, what is wrong with it, and what to do.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut settings = match &sources.file {
            Some(path) => read_file(path)?,
            None => match read_file(Path::new(DEFAULT_FILE)) {
                Err(ConfigError::File { why, .. }) if why == MISSING => Table::new(),
                read => read?,
            },
        };
        sources.environment.overlay(&mut settings)?;
        let mut config: Self = Value::Table(settings)
            .try_into()
            .map_err(|error: toml::de::Error| {
                ConfigError::Invalid(Problems::of("settings", error.message()))
            })?;
        if let Some(port) = sources.environment.port()? {
            config.server.listen.set_port(port);
        }
        config.apply(&sources.overrides);
        config.finish(sources.overrides.free_ports)?;
        Ok(config)
    }

    /// A configuration out of one text, without environment or flags; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(name: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut config: Self = parse(name, text)?;
        config.finish(false)?;
        Ok(config)
    }

    fn apply(&mut self, overrides: &Overrides) {
        let overrides = overrides.clone();
        fn put<T>(setting: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *setting = value;
            }
        }
        put(&mut self.server.listen, overrides.listen);
        put(&mut self.operator.listen, overrides.operator_listen);
        put(&mut self.telnyx.base_url, overrides.telnyx_base_url);
        put(&mut self.twilio.base_url, overrides.twilio_base_url);
        put(&mut self.journal.directory, overrides.journal_directory);
        put(&mut self.observability.log_filter, overrides.log_filter);
    }

    /// Fetches keys out of their files and checks everything.
    fn finish(&mut self, free_ports: bool) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        let telnyx = &mut self.telnyx;
        let mut public_key = telnyx.public_key.as_deref().map(Secret::new);
        for (key, value, file, readers) in [
            (
                "telnyx.api_key",
                &mut telnyx.api_key,
                &telnyx.api_key_file,
                Readers::OwnerOnly,
            ),
            (
                "telnyx.public_key",
                &mut public_key,
                &telnyx.public_key_file,
                Readers::Anybody,
            ),
            (
                "twilio.auth_token",
                &mut self.twilio.auth_token,
                &self.twilio.auth_token_file,
                Readers::OwnerOnly,
            ),
            (
                "twilio.auth_token_next",
                &mut self.twilio.auth_token_next,
                &self.twilio.auth_token_next_file,
                Readers::OwnerOnly,
            ),
            (
                "operator.token",
                &mut self.operator.token,
                &self.operator.token_file,
                Readers::OwnerOnly,
            ),
            (
                "backend.secret",
                &mut self.backend.secret,
                &self.backend.secret_file,
                Readers::OwnerOnly,
            ),
            (
                "database_url",
                &mut self.database_url,
                &self.database_url_file,
                Readers::OwnerOnly,
            ),
            (
                "client_state_secret",
                &mut self.client_state_secret,
                &self.client_state_secret_file,
                Readers::OwnerOnly,
            ),
        ] {
            match (value.is_some(), file) {
                (true, Some(_)) => {
                    problems.add(key, format!("is set, and {key}_file as well: keep one of them"));
                }
                (false, Some(path)) => match read_key_file(path, readers) {
                    Ok(secret) => *value = Some(secret),
                    Err(why) => problems.add(&format!("{key}_file"), why),
                },
                (_, None) => {}
            }
        }
        telnyx.public_key = public_key.map(|key| key.expose().to_owned());
        self.check(free_ports, &mut problems);
        problems.into_result()
    }

    fn check(&self, free_ports: bool, problems: &mut Problems) {
        self.server.check(free_ports, problems);
        self.operator.check(free_ports, problems);
        let same_port = self.server.listen == self.operator.listen && self.server.listen.port() != 0;
        problems.require(
            !same_port,
            "operator.listen",
            "is the address of server.listen: choose another port",
        );
        self.telnyx.check(problems);
        self.twilio.check(problems);
        calls::check(
            &self.calls,
            &self.retry,
            &self.reconciler,
            &self.admission,
            problems,
        );
        self.quarantine.check(problems);
        self.backend.check(problems);
        self.journal.check(problems);
        self.check_records(problems);
        self.observability.check(problems);
        self.messages.check(&self.number, &self.schedule, problems);
        routes::check(&self.route, problems);
        self.flows.check(&self.route, problems);
        if let Some(secret) = &self.client_state_secret {
            let why = "needs at least 16 characters: `openssl rand -hex 24` makes a good one";
            problems.require(secret.expose().len() >= 16, "client_state_secret", why);
        }
    }
}

const MISSING: &str = "there is no such file";

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let wrong = |why: String| ConfigError::File {
        path: path.into(),
        why,
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => wrong(MISSING.into()),
        _ => wrong(format!("cannot be opened: {error}")),
    })?;
    let metadata = file
        .metadata()
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if !metadata.is_file() {
        return Err(wrong("is not a file".into()));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed shows that there is more, whatever the file system says about its size.
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(wrong(format!(
            "is larger than {MAX_FILE_BYTES} bytes: this is no configuration"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
        ConfigError::Line {
            path: path.into(),
            line,
            why: "is not UTF-8 text".into(),
        }
    })?;
    let _known_keys_only: Config = parse(path, &text)?;
    parse(path, &text)
}

/// Reads TOML; an error names the line.
fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let line = line_of(text.as_bytes(), error.span().map_or(0, |span| span.start));
        let why = unknown_key(error.message(), str::to_owned).unwrap_or_else(|| error.message().to_owned());
        ConfigError::Line {
            path: path.into(),
            line,
            why,
        }
    })
}

fn line_of(text: &[u8], offset: usize) -> usize {
    1 + text.iter().take(offset).filter(|&&byte| byte == b'\n').count()
}
