//! A secret setting: no way of printing it, and the file it may come from.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Largest key file; a PEM bundle given by mistake is larger than any key we want.
const MAX_KEY_FILE_BYTES: u64 = 16 * 1024;

/// Text that nobody sees. `Debug` and serialisation show `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret; white space around it (the newline of a file) is not part of it.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }

    /// The secret itself, for whoever authenticates with it and for nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own error would quote the value.
        String::deserialize(deserializer)
            .map(Self::new)
            .map_err(|_| de::Error::custom("expected a text in quotes"))
    }
}

/// Who else may read a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Nobody: it holds a secret.
    OwnerOnly,
    /// Anybody: it holds a public key.
    Anybody,
}

/// Reads a key file.
///
/// # Errors
/// Says what is wrong with it and what to do; never quotes its content.
pub(super) fn read_key_file(path: &Path, readers: Readers) -> Result<Secret, String> {
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|error| format!("cannot open {shown}: {error}"))?;
    if !metadata.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    if readers == Readers::OwnerOnly && others_may_read(&metadata) {
        return Err(format!(
            "everybody on this machine may read {shown}: run `chmod 600 {shown}`, or mount it with mode 0400"
        ));
    }
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_KEY_FILE_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| format!("cannot read {shown}: {error}"))?;
    if text.len() as u64 > MAX_KEY_FILE_BYTES {
        return Err(format!(
            "{shown} is larger than {MAX_KEY_FILE_BYTES} bytes: it must hold the key alone"
        ));
    }
    let key = Secret::new(text);
    if key.is_empty() {
        return Err(format!("{shown} is empty: it must hold the key"));
    }
    Ok(key)
}

#[cfg(unix)]
pub(super) fn others_may_read(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
pub(super) fn others_may_read(_metadata: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody() {
        let secret = Secret::new(" KEY0123 \n");
        assert_eq!(secret.expose(), "KEY0123");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(serde_json::to_string(&secret).ok().as_deref(), Some("\"***\""));
    }
}
