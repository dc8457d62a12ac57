//! The Ed25519 signature that webhooks carry, made without a line of the program's verifying code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

/// Signs webhooks with the carrier's key.
pub struct Signer {
    key: SigningKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("public_key", &self.public_key_base64())
            .finish()
    }
}

impl Signer {
    /// A signer from the 32-byte private seed.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self {
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The public key as the portal shows it.
    pub fn public_key_base64(&self) -> String {
        STANDARD.encode(self.key.verifying_key().as_bytes())
    }

    /// Signature over `timestamp|body`, in Base64.
    pub fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let mut message = format!("{timestamp}|").into_bytes();
        message.extend_from_slice(body);
        STANDARD.encode(self.key.sign(&message).to_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};

    /// The key pair of a published SDK test suite.
    const SEED: &str = "i1xxSkIuQOY9H8laaRslIoYGTJ1NwBAFdjsQwiwJH04=";
    const PUBLIC: &str = "jrMBoswHlhhVx2W2Www72WU/xn4UMpjreslD0m2u0qs=";

    #[test]
    fn the_public_key_matches_the_published_pair_and_verifies() {
        let seed: [u8; 32] = STANDARD.decode(SEED).unwrap().try_into().unwrap();
        let signer = Signer::new(&seed);
        assert_eq!(signer.public_key_base64(), PUBLIC);
        let key: [u8; 32] = STANDARD.decode(PUBLIC).unwrap().try_into().unwrap();
        let signature = STANDARD.decode(signer.sign(1_700_000_000, b"{}")).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        let key = VerifyingKey::from_bytes(&key).unwrap();
        assert!(key.verify(b"1700000000|{}", &signature).is_ok());
        assert!(key.verify(b"1700000001|{}", &signature).is_err());
    }
}
