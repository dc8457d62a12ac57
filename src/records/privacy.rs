//! Whether the books name people: numbers in full, or a keyed hash in their place.
//!
//! A hash is the same for the same number, so counting and joining still work; without the key nobody can try out
//! all numbers. Words of messages have no use as a hash and are left out.

use cordboard_core::{Address, Digits, PhoneNumber, Text};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How numbers, digits and words are stored.
#[derive(Clone)]
pub enum Privacy {
    /// As they are.
    Full,
    /// Hashed under this key; words are left out.
    Hashed(Vec<u8>),
}

impl std::fmt::Debug for Privacy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "Full",
            Self::Hashed(_) => "Hashed(***)",
        })
    }
}

/// Bytes of a hash that are kept: enough that no two numbers of the world meet.
const KEPT: usize = 12;

impl Privacy {
    fn stored(&self, plain: &str) -> String {
        let Self::Hashed(key) = self else {
            return plain.to_owned();
        };
        if plain.is_empty() {
            return String::new();
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(b"cordboard records\n");
        mac.update(plain.as_bytes());
        let digest = mac.finalize().into_bytes();
        let hex: String = digest
            .iter()
            .take(KEPT)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("h:{hex}")
    }

    pub(super) fn number(&self, number: &PhoneNumber) -> String {
        self.stored(number.expose())
    }

    pub(super) fn digits(&self, digits: &Digits) -> String {
        self.stored(digits.expose())
    }

    pub(super) fn words(&self, text: &Text) -> Option<String> {
        match self {
            Self::Full => Some(text.expose().to_owned()),
            Self::Hashed(_) => None,
        }
    }

    /// The number of ours that an address names, or its name.
    pub(super) fn owner(&self, address: &Address) -> String {
        match address {
            Address::Call(session) => session.as_str().to_owned(),
            Address::Conference(name) => name.as_str().to_owned(),
            Address::Queue(name) => name.as_str().to_owned(),
            Address::Sms(number) => self.stored(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tells_the_same_number_again_and_nothing_else() {
        let hashed = Privacy::Hashed(b"key".to_vec());
        let number = PhoneNumber::new("+15550100");
        let stored = hashed.number(&number);
        assert_eq!(stored, hashed.number(&number));
        assert_ne!(stored, hashed.number(&PhoneNumber::new("+15550101")));
        assert_ne!(stored, Privacy::Hashed(b"other".to_vec()).number(&number));
        assert!(stored.starts_with("h:") && !stored.contains("5550100"));
        assert_eq!(hashed.words(&Text::new("hello")), None);
        assert_eq!(Privacy::Full.number(&number), "+15550100");
        assert_eq!(format!("{hashed:?}"), "Hashed(***)");
    }
}
