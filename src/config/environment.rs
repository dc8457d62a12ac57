//! The environment: `.env` below the process's own variables, and which of them are settings.
//!
//! Rule: `CORDBOARD_<SECTION>_<KEY>` is `key` of `[section]`, `CORDBOARD_<KEY>` a key outside of sections. Values
//! are texts; numbers, `true` and `false` are read as such, lists are separated by commas. An empty value counts as
//! unset. Besides: `PORT`, and the variables of the carriers' own tools. The process's variables are never changed.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::Config;
use super::error::{ConfigError, nearest, unknown_key};

/// The tables of the configuration file.
const SECTIONS: [&str; 13] = [
    "server",
    "operator",
    "telnyx",
    "twilio",
    "backend",
    "calls",
    "retry",
    "reconciler",
    "admission",
    "quarantine",
    "journal",
    "records",
    "observability",
];

/// Variables of ours that are no settings: the path of the file, and what other commands read themselves.
const OTHERS: [&str; 6] = [
    "CORDBOARD_BLESS",
    "CORDBOARD_CONFIG",
    "CORDBOARD_JAEGER_URL",
    "CORDBOARD_SIMULATOR_KEY",
    "CORDBOARD_TOKEN",
    "CORDBOARD_URL",
];

const PREFIX: &str = "CORDBOARD_";

/// Variables as the carriers' own tools know them, and their places.
const CARRIERS: [(&str, &str, &str); 4] = [
    ("TELNYX_API_KEY", "telnyx", "api_key"),
    ("TELNYX_PUBLIC_KEY", "telnyx", "public_key"),
    ("TWILIO_ACCOUNT_SID", "twilio", "account_sid"),
    ("TWILIO_AUTH_TOKEN", "twilio", "auth_token"),
];

/// Variables by name, of the process and of `.env`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secrets.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Environment {
    /// The process's variables over those of a `.env` file, which need not exist.
    ///
    /// # Errors
    /// A line of the file that is not `NAME=value`, or a setting that is not UTF-8.
    pub fn read(dotenv: &Path) -> Result<Self, ConfigError> {
        let mut variables = read_dotenv(dotenv)?;
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(variables.insert(name, value)),
                Err(_) if is_setting(&name) => {
                    return Err(ConfigError::Variable {
                        name,
                        why: "is not UTF-8 text".into(),
                    });
                }
                Err(_) => {}
            }
        }
        Ok(Self(variables))
    }

    /// A variable, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Lays the settings over those of the file.
    pub(super) fn overlay(&self, settings: &mut Table) -> Result<(), ConfigError> {
        for (name, section, key) in CARRIERS {
            if let Some(value) = self.get(name) {
                set(settings, Some(section), key, Value::String(value.into()));
            }
        }
        for (name, value) in &self.0 {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if value.is_empty() || OTHERS.contains(&name.as_str()) {
                continue;
            }
            let (section, key) = place(&key.to_ascii_lowercase());
            let value = self.typed(name, section, &key, value)?;
            set(settings, section, &key, value);
        }
        Ok(())
    }

    /// `PORT`, as hosting platforms set it.
    pub(super) fn port(&self) -> Result<Option<u16>, ConfigError> {
        let read = |text: &str| {
            text.parse::<u16>()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| ConfigError::Variable {
                    name: "PORT".into(),
                    why: "is not a port: a number from 1 to 65535 is wanted".into(),
                })
        };
        self.get("PORT").map(read).transpose()
    }

    /// The value in the type that its key has: text where the key takes it.
    fn typed(&self, name: &str, section: Option<&str>, key: &str, text: &str) -> Result<Value, ConfigError> {
        let mut refused = None;
        for value in candidates(text) {
            let mut alone = Table::new();
            set(&mut alone, section, key, value.clone());
            match Value::Table(alone).try_into::<Config>() {
                Ok(_) => return Ok(value),
                Err(error) => drop(refused.get_or_insert(error)),
            }
        }
        let message = refused
            .map(|error| error.message().to_owned())
            .unwrap_or_default();
        let variable = |key: &str| match section {
            Some(section) => format!(
                "{PREFIX}{}_{}",
                section.to_ascii_uppercase(),
                key.to_ascii_uppercase()
            ),
            None => format!("{PREFIX}{}", key.to_ascii_uppercase()),
        };
        let why = match unknown_key(&message, variable) {
            // Outside of sections most mistakes are a misspelt section.
            Some(_) if section.is_none() => match misspelt_section(key) {
                Some(right) => format!("names no setting; did you mean `{right}`?"),
                None => "names no setting: the rule is CORDBOARD_<SECTION>_<KEY>".into(),
            },
            Some(advice) => advice,
            None if key == "route" => "routes are written in the file".into(),
            None => message,
        };
        Err(ConfigError::Variable {
            name: name.into(),
            why,
        })
    }
}

/// Splits `server_listen` into section and key.
fn place(name: &str) -> (Option<&'static str>, String) {
    SECTIONS
        .into_iter()
        .find_map(|section| {
            let key = name.strip_prefix(section)?.strip_prefix('_')?;
            Some((Some(section), key.to_owned()))
        })
        .unwrap_or_else(|| (None, name.to_owned()))
}

fn misspelt_section(name: &str) -> Option<String> {
    let (section, key) = name.split_once('_')?;
    let right = nearest(section, SECTIONS)?;
    Some(format!(
        "{PREFIX}{}_{}",
        right.to_ascii_uppercase(),
        key.to_ascii_uppercase()
    ))
}

/// What a text can mean: itself, a number or truth value, a list.
fn candidates(text: &str) -> Vec<Value> {
    let mut readings = vec![Value::String(text.into())];
    readings.extend(text.parse::<i64>().ok().map(Value::Integer));
    readings.extend(text.parse::<bool>().ok().map(Value::Boolean));
    readings.push(Value::Array(
        text.split(',')
            .map(|item| Value::String(item.trim().into()))
            .collect(),
    ));
    readings
}

/// Sets a key; a secret replaces the file that a lower layer names, and the other way round.
fn set(settings: &mut Table, section: Option<&str>, key: &str, value: Value) {
    let table = match section {
        None => settings,
        Some(section) => {
            let entry = settings
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            // The file was read into `Config` before: a section is a table.
            let Value::Table(table) = entry else { return };
            table
        }
    };
    match key.strip_suffix("_file") {
        Some(plain) => drop(table.remove(plain)),
        None => drop(table.remove(&format!("{key}_file"))),
    }
    table.insert(key.into(), value);
}

fn is_setting(name: &str) -> bool {
    name.starts_with(PREFIX) || name == "PORT" || CARRIERS.iter().any(|(known, ..)| *known == name)
}

fn read_dotenv(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let file = |why: String| ConfigError::File {
        path: path.into(),
        why,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(file(format!("cannot be read: {error}"))),
    };
    dotenvy::from_read_iter(text.as_bytes())
        .map(|pair| {
            pair.map_err(|error| match error {
                // The line may hold a secret: its number has to do.
                dotenvy::Error::LineParse(wrong, _) => ConfigError::Line {
                    path: path.into(),
                    line: text
                        .lines()
                        .position(|line| line.trim() == wrong.trim())
                        .map_or(1, |at| at + 1),
                    why: "is not NAME=value; quote values that hold blanks".into(),
                },
                _ => file("cannot be read".into()),
            })
        })
        .collect()
}
