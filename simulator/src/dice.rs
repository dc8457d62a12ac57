//! Seeded chance: every draw belongs to a named entity, so timing never changes what is drawn.
//!
//! The carrier takes its ids from here, the chaos its faults, the callers their scripts. There is no
//! shared stream on purpose: two runs with one seed ask in a different order and still draw the same.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The source of all randomness of one simulator.
#[derive(Debug, Clone, Copy)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice of one run.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The private stream of one decision, named by its parts.
    pub fn stream(&self, parts: &[&str]) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.digest(parts))
    }

    /// A version 4 UUID that belongs to the named entity.
    pub fn uuid(&self, parts: &[&str]) -> Uuid {
        let mut bytes = [0_u8; 16];
        self.stream(parts).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn digest(&self, parts: &[&str]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        for part in parts {
            // The length keeps ["ab","c"] and ["a","bc"] apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_always_draws_the_same() {
        let dice = Dice::new(7);
        assert_eq!(dice.uuid(&["leg", "1"]), dice.uuid(&["leg", "1"]));
        assert_ne!(dice.uuid(&["leg", "1"]), dice.uuid(&["leg", "2"]));
        assert_ne!(dice.uuid(&["leg", "1"]), Dice::new(8).uuid(&["leg", "1"]));
    }

    #[test]
    fn the_border_between_parts_matters() {
        let dice = Dice::new(7);
        assert_ne!(dice.uuid(&["ab", "c"]), dice.uuid(&["a", "bc"]));
    }
}
