//! Whether a webhook really comes from Twilio: HMAC-SHA1 under the account's token, over the address and the fields.
//!
//! Called by the decoder before anything is believed. The address is the one that Twilio was given, which is a setting:
//! a request could claim any host, so neither `Host` nor `X-Forwarded-*` is looked at here.

mod address;
mod diagnosis;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard_actors::ports::Rejection;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Form;
pub use address::{PublicUrl, PublicUrlError};
pub use diagnosis::Variant;

const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// The query parameter that carries the hash of a JSON body.
const BODY_HASH: &str = "bodySHA256";

/// SHA-1.
const TAG_BYTES: usize = 20;

/// The tokens that we believe: one, or two while the account's is being rotated.
#[derive(Clone)]
pub struct AuthTokens(Vec<Vec<u8>>);

/// Why configured tokens are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// None, or an empty one: everybody could sign with that.
    #[error("no Twilio auth token is set: webhooks could be forged; copy it from console.twilio.com")]
    Missing,
    /// More than two.
    #[error("more than two Twilio auth tokens are set: the second one is for a rotation, a third has no use")]
    TooMany,
    /// Twice the same.
    #[error("both Twilio auth tokens are the same: set the second one only while the token is being rotated")]
    Same,
}

/// What was signed besides the address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signed<'a> {
    /// GET: everything is in the address.
    Address,
    /// POST with these fields.
    Form(&'a Form),
    /// POST with any other body: its hash is in the address.
    Hashed(&'a [u8]),
}

impl AuthTokens {
    /// Takes one or two tokens as the console shows them; white space around them is trimmed.
    ///
    /// # Errors
    /// Everything that would make verification weaker than it looks.
    pub fn new<S: AsRef<str>>(texts: &[S]) -> Result<Self, TokenError> {
        let tokens: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| text.as_ref().trim().as_bytes().to_vec())
            .collect();
        match tokens.as_slice() {
            [] => Err(TokenError::Missing),
            tokens if tokens.iter().any(Vec::is_empty) => Err(TokenError::Missing),
            [one, two] if one == two => Err(TokenError::Same),
            [_] | [_, _] => Ok(Self(tokens)),
            _ => Err(TokenError::TooMany),
        }
    }

    /// Checks one delivery. `url` is the address that Twilio was given, query as it came.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn verify(&self, url: &str, signed: Signed<'_>, headers: &HeaderMap) -> Result<(), Rejection> {
        let signature = signature(headers)?;
        if let Signed::Hashed(body) = signed
            && !has_hash_of(url, body)
        {
            return Err(Rejection::WrongSignature);
        }
        let fields = sorted(signed);
        let fits = address::equivalents(url)
            .iter()
            .any(|url| self.signed(url, &fields, &signature));
        if fits {
            Ok(())
        } else {
            Err(Rejection::WrongSignature)
        }
    }

    fn signed(&self, url: &str, fields: &[(&str, &str)], signature: &[u8]) -> bool {
        self.0.iter().any(|token| {
            let mut mac = Hmac::<Sha1>::new_from_slice(token).expect("HMAC takes keys of every length");
            mac.update(url.as_bytes());
            for (name, value) in fields {
                mac.update(name.as_bytes());
                mac.update(value.as_bytes());
            }
            mac.verify_slice(signature).is_ok()
        })
    }
}

impl fmt::Debug for AuthTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthTokens({} of them)", self.0.len())
    }
}

fn signature(headers: &HeaderMap) -> Result<[u8; TAG_BYTES], Rejection> {
    let mut values = headers.get_all(SIGNATURE_HEADER).iter();
    let value = values.next().ok_or(Rejection::MissingHeader)?;
    if values.next().is_some() {
        return Err(Rejection::RepeatedHeader);
    }
    if value.is_empty() {
        return Err(Rejection::MissingHeader);
    }
    let bytes = STANDARD
        .decode(value.as_bytes())
        .map_err(|_| Rejection::MalformedSignature)?;
    bytes.try_into().map_err(|_| Rejection::MalformedSignature)
}

/// By name, then by value, both by their bytes; of repeated pairs one.
fn sorted(signed: Signed<'_>) -> Vec<(&str, &str)> {
    let Signed::Form(form) = signed else {
        return Vec::new();
    };
    let mut fields: Vec<(&str, &str)> = form
        .fields()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// Whether the address carries the hash of exactly this body. Of several hashes nobody knows which one counts.
fn has_hash_of(url: &str, body: &[u8]) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = Form::read(query.as_bytes());
    let mut hashes = query.fields().iter().filter(|(name, _)| name == BODY_HASH);
    let (Some((_, given)), None) = (hashes.next(), hashes.next()) else {
        return false;
    };
    let hash: String = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    given
        .to_ascii_lowercase()
        .as_bytes()
        .ct_eq(hash.as_bytes())
        .into()
}
