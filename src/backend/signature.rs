//! Signs requests as Standard Webhooks 1.0.0 says: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// The scheme's bounds for a secret, bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secret shared with the user's program. Never shown.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

/// Why a secret is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// Not `whsec_` and Base64.
    #[error(
        "the backend secret must be `whsec_` and Base64, such as the output of `openssl rand -base64 32` after it"
    )]
    Form,
    /// Too short or too long.
    #[error("the backend secret must have 24 to 64 bytes before Base64, and has {0}")]
    Length(usize),
}

impl SigningSecret {
    /// Reads `whsec_<Base64>`; white space around it is trimmed.
    ///
    /// # Errors
    /// When it is not of that form, or of a length that the scheme forbids.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError::Form)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::Form)?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(SecretError::Length(bytes.len()));
        }
        Ok(Self(bytes))
    }

    /// The `webhook-signature` of a request with this id, sent at this Unix second.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(id.as_bytes());
        mac.update(format!(".{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The example of the Standard Webhooks libraries' own tests.
    #[test]
    fn signs_the_published_example() {
        let secret = SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            secret.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn unusable_secrets_are_refused_with_the_reason() {
        assert_eq!(SigningSecret::new("secret").unwrap_err(), SecretError::Form);
        assert_eq!(SigningSecret::new("whsec_!!!").unwrap_err(), SecretError::Form);
        assert_eq!(
            SigningSecret::new("whsec_c2hvcnQ=").unwrap_err(),
            SecretError::Length(5)
        );
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "SigningSecret(***)");
    }
}
