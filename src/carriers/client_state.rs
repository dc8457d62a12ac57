//! Our own state as it travels through a carrier: opaque there, authenticated here.
//!
//! The text is Base64 of `version, tag, JSON`. The tag is an HMAC, so that a state from another installation, or one
//! that somebody wrote by hand, is no state at all. Telnyx carries it in a field, Twilio in the addresses it calls back.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cordboard_core::{Address, ClientState, TextKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest text that is looked at. Ours are about 200 bytes; the carrier documents no limit.
const MAX_TEXT_BYTES: usize = 4096;

/// First byte of every state; a later layout gets another one.
const VERSION: u8 = 1;

/// 128 bits: nobody can try out enough webhooks to hit one, and the text stays short.
const TAG_BYTES: usize = 16;

/// Keeps the key apart from every other key that the same secret may make.
const KEY_LABEL: &[u8] = b"cordboard client_state v1\n";

/// The key of the states. All nodes of one installation share it; changing it orphans the states of live calls.
#[derive(Clone)]
pub struct ClientStateKey([u8; 32]);

impl ClientStateKey {
    /// Derives the key from any secret text.
    pub fn derive(secret: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(KEY_LABEL);
        digest.update(secret.as_bytes());
        Self(digest.finalize().into())
    }

    /// The state as the carrier keeps it.
    pub fn seal(&self, state: &ClientState) -> String {
        let json = written(state);
        let mut bytes = Vec::with_capacity(1 + TAG_BYTES + json.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.mac(&json).finalize().into_bytes()[..TAG_BYTES]);
        bytes.extend_from_slice(&json);
        STANDARD.encode(bytes)
    }

    /// The state that the carrier brings back; `None` when it is not ours, not intact or oversized.
    pub fn open(&self, text: &str) -> Option<ClientState> {
        if text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let bytes = STANDARD.decode(text).ok()?;
        let (version, rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (tag, json) = rest.split_at_checked(TAG_BYTES)?;
        self.mac(json).verify_truncated_left(tag).ok()?;
        read(json)
    }

    /// The state as it stands in an address that a carrier calls when something of this kind has finished: fit for a path,
    /// and good for this kind only.
    pub(super) fn seal_for(&self, kind: &str, state: &ClientState) -> String {
        let json = written(state);
        let mut bytes = Vec::with_capacity(TAG_BYTES + json.len());
        bytes.extend_from_slice(&self.kind_mac(kind, &json).finalize().into_bytes()[..TAG_BYTES]);
        bytes.extend_from_slice(&json);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The state out of such an address; `None` when we never made one of this kind with it.
    pub(super) fn open_for(&self, kind: &str, token: &str) -> Option<ClientState> {
        if token.len() > MAX_TEXT_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, json) = bytes.split_at_checked(TAG_BYTES)?;
        self.kind_mac(kind, json).verify_truncated_left(tag).ok()?;
        read(json)
    }

    /// The key of a text as it stands in the address of its reports: fit for a path, and no number in it.
    pub fn seal_text(&self, key: &TextKey) -> String {
        let text = key.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(TAG_BYTES + text.len());
        bytes.extend_from_slice(&self.text_mac(text).finalize().into_bytes()[..TAG_BYTES]);
        bytes.extend_from_slice(text);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key of a text out of the address at which its report came; `None` when we never made that address.
    pub fn open_text(&self, token: &str) -> Option<TextKey> {
        if token.len() > MAX_TEXT_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, text) = bytes.split_at_checked(TAG_BYTES)?;
        self.text_mac(text).verify_truncated_left(tag).ok()?;
        std::str::from_utf8(text).ok().map(TextKey::new)
    }

    fn kind_mac(&self, kind: &str, json: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(b"kind");
        // With the length before it, no kind can be the beginning of another.
        mac.update(&kind.len().to_be_bytes());
        mac.update(kind.as_bytes());
        mac.update(json);
        mac
    }

    fn text_mac(&self, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        // No version byte is a letter, so that neither kind of token can pass for the other.
        mac.update(b"text");
        mac.update(text);
        mac
    }

    fn mac(&self, json: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(&[VERSION]);
        mac.update(json);
        mac
    }
}

impl fmt::Debug for ClientStateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientStateKey(***)")
    }
}

fn written(state: &ClientState) -> Vec<u8> {
    let wire = Wire {
        o: state.owner.to_string(),
        s: state.step.clone(),
        g: state.generation,
    };
    serde_json::to_vec(&wire).expect("two strings and a number always serialise")
}

fn read(json: &[u8]) -> Option<ClientState> {
    let wire: Wire = serde_json::from_slice(json).ok()?;
    Some(ClientState {
        owner: Address::parse(&wire.o)?,
        step: wire.s,
        generation: wire.g,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    o: String,
    s: String,
    g: u32,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn state() -> ClientState {
        ClientState {
            owner: Address::Call("0ccc7b54-4df3-11ee-8f1b-02420a0d7768".into()),
            step: "menu".into(),
            generation: 7,
        }
    }

    #[test]
    fn a_state_comes_back_as_it_left() {
        let key = ClientStateKey::derive("any secret text");
        let text = key.seal(&state());
        assert!(STANDARD.decode(&text).is_ok(), "the carrier accepts Base64 only");
        assert!(text.len() < 256);
        assert_eq!(key.open(&text), Some(state()));
    }

    #[test]
    fn a_state_that_is_not_ours_is_no_state() {
        let key = ClientStateKey::derive("one");
        let foreign = ClientStateKey::derive("other").seal(&state());
        let ours = key.seal(&state());
        let mut cases = vec![
            ("58 another installation's", foreign),
            ("58 not base64", "%%%".to_owned()),
            ("58 64 KiB", "A".repeat(65536)),
            ("58 empty", String::new()),
            (
                "58 a customer's plain text",
                STANDARD.encode("have a nice day =]"),
            ),
            ("58 cut to its version", STANDARD.encode([VERSION])),
            ("58 cut within its tag", STANDARD.encode([VERSION, 2, 3])),
            (
                "58 url-safe alphabet",
                ours.replace(['+', '/'], "-")[1..].to_owned(),
            ),
        ];
        let bytes = STANDARD.decode(&ours).unwrap();
        for index in 0..bytes.len() {
            let mut tampered = bytes.clone();
            tampered[index] ^= 1;
            cases.push(("58 one bit flipped", STANDARD.encode(tampered)));
        }
        for (name, text) in cases {
            assert_eq!(key.open(&text), None, "{name}");
        }
    }

    #[test]
    fn the_key_of_a_text_comes_back_from_its_address_and_from_no_other() {
        let key = ClientStateKey::derive("any secret text");
        let text = TextKey::new("api-7c2f");
        let token = key.seal_text(&text);
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        assert_eq!(key.open_text(&token), Some(text));
        assert_eq!(ClientStateKey::derive("another").open_text(&token), None);
        assert_eq!(key.open_text(&token[1..]), None);
        assert_eq!(key.open_text(""), None);
        assert_eq!(key.open_text(&key.seal(&state())), None, "another kind of token");
    }

    #[test]
    fn a_state_in_an_address_is_good_for_its_kind_only() {
        let key = ClientStateKey::derive("any secret text");
        let token = key.seal_for("gather", &state());
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        assert_eq!(key.open_for("gather", &token), Some(state()));
        for kind in ["gathe", "gather2", "dial", ""] {
            assert_eq!(key.open_for(kind, &token), None, "{kind}");
        }
        assert_eq!(ClientStateKey::derive("another").open_for("gather", &token), None);
        assert_eq!(
            key.open_for("gather", &key.seal_text(&TextKey::new("api-7c2f"))),
            None
        );
        assert_eq!(key.open_for("gather", &token[..token.len() - 4]), None);
        assert_eq!(key.open_for("gather", &"A".repeat(8192)), None);
        assert_eq!(key.open_text(&token), None, "another kind of token");
    }

    #[test]
    fn the_key_never_shows() {
        assert_eq!(
            format!("{:?}", ClientStateKey::derive("secret")),
            "ClientStateKey(***)"
        );
    }
}
