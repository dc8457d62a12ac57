//! What a number remembers of texts that are over: the latest for lists, and the keys of more, so that none is sent twice.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::Standing;
use crate::ids::{MessageId, TextKey};
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// Texts that are over and still listed: an hour of a quiet number. All others are in the books.
pub(super) const LISTED: usize = 32;

/// Keys that are known after that. A repetition comes within minutes: outboxes and clients offer again until told.
const KEYS: usize = 256;

/// Bytes of each: among so many keys two are alike once in 10^14.
const KEY_BYTES: usize = 8;

/// A text that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Our key.
    pub key: TextKey,
    /// What tells whether the same was asked for.
    pub(super) print: u64,
    /// Who was to get it.
    pub to: PhoneNumber,
    /// The carrier's id.
    pub message: Option<MessageId>,
    /// How it ended.
    pub standing: Standing,
    /// When.
    pub at: Timestamp,
}

/// Hashes of keys, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys(VecDeque<[u8; KEY_BYTES]>);

impl Keys {
    pub(super) fn contains(&self, key: &TextKey) -> bool {
        self.0.contains(&hash(key.as_str()))
    }

    pub(super) fn add(&mut self, key: &TextKey) {
        self.0.push_back(hash(key.as_str()));
        while self.0.len() > KEYS {
            self.0.pop_front();
        }
    }
}

/// Tells one text from another under the same key.
pub(super) fn print(to: &PhoneNumber, text: &str) -> u64 {
    u64::from_be_bytes(hash(&format!("{}\n{text}", to.expose())))
}

fn hash(text: &str) -> [u8; KEY_BYTES] {
    let digest = Sha256::digest(text);
    let mut bytes = [0; KEY_BYTES];
    bytes.copy_from_slice(&digest[..KEY_BYTES]);
    bytes
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flatten().copied().collect();
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(de::Error::custom)?;
        let (keys, rest) = bytes.as_chunks::<KEY_BYTES>();
        if !rest.is_empty() {
            return Err(de::Error::custom("keys of eight bytes each"));
        }
        Ok(Self(keys.iter().copied().collect()))
    }
}
