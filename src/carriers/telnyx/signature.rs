//! Whether a webhook really comes from Telnyx: Ed25519 over `timestamp|raw body`.
//!
//! Called by the decoder before anything is parsed. Nothing here looks into the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard_actors::ports::Rejection;
use cordboard_core::Timestamp;
use ed25519_dalek::{Signature, VerifyingKey};
use http::HeaderMap;

/// How far the signed timestamp may lie from our clock, both ways; the official SDKs use the same number.
pub const TOLERANCE_SECS: u64 = 300;

/// Plain Unix seconds stay within twelve digits for thirty thousand years; milliseconds have thirteen today.
const MAX_TIMESTAMP_DIGITS: usize = 12;

const TIMESTAMP_HEADER: &str = "telnyx-timestamp";
const SIGNATURE_HEADER: &str = "telnyx-signature-ed25519";

/// The public keys that we believe: one, or two while the key is being rotated.
#[derive(Clone, Debug)]
pub struct WebhookKeys {
    keys: Vec<VerifyingKey>,
}

/// Why a configured public key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// None configured.
    #[error(
        "no Telnyx public key is set: webhooks could be forged; copy the key from the portal (Account > Keys)"
    )]
    Missing,
    /// More than two configured.
    #[error("{0} Telnyx public keys are set: at most two are allowed, the second one for a rotation")]
    TooMany(usize),
    /// Both are the same.
    #[error("both Telnyx public keys are the same: set the second one only while the key is being rotated")]
    Same,
    /// PEM armour.
    #[error("Telnyx public key {0} is PEM: set the bare Base64 text from the portal instead, 44 characters")]
    Pem(usize),
    /// Not Base64.
    #[error(
        "Telnyx public key {0} is not standard padded Base64: copy it from the portal again, 44 characters"
    )]
    NotBase64(usize),
    /// Not 32 bytes.
    #[error("Telnyx public key {number} has {bytes} bytes instead of 32: copy it from the portal again")]
    WrongLength {
        /// Which, from 1.
        number: usize,
        /// How many bytes it decodes to.
        bytes: usize,
    },
    /// Not a point of the curve, or not its one canonical form.
    #[error("Telnyx public key {0} is not a canonical Ed25519 key: copy it from the portal again")]
    NotCanonical(usize),
    /// A small-order point: everybody can sign for it.
    #[error(
        "Telnyx public key {0} is weak (small order): anybody could sign for it; copy it from the portal again"
    )]
    Weak(usize),
}

impl WebhookKeys {
    /// Reads one or two keys as the portal shows them, Base64 of 32 bytes; white space around them is trimmed.
    ///
    /// # Errors
    /// Everything that would make verification weaker than it looks.
    pub fn new<S: AsRef<str>>(texts: &[S]) -> Result<Self, KeyError> {
        if texts.is_empty() {
            return Err(KeyError::Missing);
        }
        if texts.len() > 2 {
            return Err(KeyError::TooMany(texts.len()));
        }
        let mut keys = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let key = parse_key(index + 1, text.as_ref())?;
            if keys.contains(&key) {
                return Err(KeyError::Same);
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }

    /// Checks one delivery against the keys and our clock.
    ///
    /// # Errors
    /// The first thing that is wrong; the order (headers, timestamp, age, form, signature) is fixed.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Rejection> {
        let timestamp = only_header(headers, TIMESTAMP_HEADER)?;
        let signature = only_header(headers, SIGNATURE_HEADER)?;
        let signed_at = parse_timestamp(timestamp)?;
        if now.as_secs().abs_diff(signed_at) > TOLERANCE_SECS {
            return Err(Rejection::StaleTimestamp);
        }
        let signature = parse_signature(signature)?;
        let mut message = Vec::with_capacity(timestamp.len() + 1 + body.len());
        message.extend_from_slice(timestamp);
        message.push(b'|');
        message.extend_from_slice(body);
        if self
            .keys
            .iter()
            .any(|key| key.verify_strict(&message, &signature).is_ok())
        {
            Ok(())
        } else {
            Err(Rejection::WrongSignature)
        }
    }
}

fn parse_key(number: usize, text: &str) -> Result<VerifyingKey, KeyError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(KeyError::Missing);
    }
    if text.contains("-----BEGIN") {
        return Err(KeyError::Pem(number));
    }
    let bytes = STANDARD.decode(text).map_err(|_| KeyError::NotBase64(number))?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|bytes: Vec<u8>| KeyError::WrongLength {
        number,
        bytes: bytes.len(),
    })?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotCanonical(number))?;
    if key.is_weak() {
        return Err(KeyError::Weak(number));
    }
    // `from_bytes` accepts several encodings of one point; only the canonical one is what the portal shows.
    if key.to_edwards().compress().to_bytes() != bytes {
        return Err(KeyError::NotCanonical(number));
    }
    Ok(key)
}

fn only_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], Rejection> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Rejection::MissingHeader)?;
    if values.next().is_some() {
        return Err(Rejection::RepeatedHeader);
    }
    if value.is_empty() {
        return Err(Rejection::MissingHeader);
    }
    Ok(value.as_bytes())
}

fn parse_timestamp(text: &[u8]) -> Result<u64, Rejection> {
    if text.len() > MAX_TIMESTAMP_DIGITS || !text.iter().all(u8::is_ascii_digit) {
        return Err(Rejection::BadTimestamp);
    }
    std::str::from_utf8(text)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(Rejection::BadTimestamp)
}

fn parse_signature(text: &[u8]) -> Result<Signature, Rejection> {
    let bytes = STANDARD.decode(text).map_err(|_| Rejection::MalformedSignature)?;
    let bytes: [u8; 64] = bytes.try_into().map_err(|_| Rejection::MalformedSignature)?;
    Ok(Signature::from_bytes(&bytes))
}
