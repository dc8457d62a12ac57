//! Which traces are exported: decided once per trace, from its id alone, so that every node decides alike.
//!
//! Called for every span. Nothing random and nothing from the caller's context may enter: half a trace is
//! worse than none.

use opentelemetry::trace::TraceId;
use sha2::{Digest, Sha256};

/// The share of traces that are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Sampling {
    /// All of them.
    #[default]
    All,
    /// None of them.
    None,
    /// Those whose hashed id falls under this bound, out of 2^64.
    Under(u64),
}

impl Sampling {
    /// A share between 0 and 1; values outside are taken for the nearest bound.
    #[must_use]
    pub fn ratio(share: f64) -> Self {
        if share >= 1.0 {
            Self::All
        } else if share > 0.0 {
            // The product is below 2^64, and a float cast saturates anyway.
            Self::Under((share * 2f64.powi(64)) as u64)
        } else {
            Self::None
        }
    }

    /// Whether this trace is exported. The id is hashed first: a UUIDv1 begins with a clock, not with chance.
    #[must_use]
    pub fn chooses(self, trace_id: TraceId) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Under(bound) => {
                let digest = Sha256::digest(trace_id.to_bytes());
                let head = digest
                    .iter()
                    .take(8)
                    .fold(0, |head: u64, byte| head << 8 | u64::from(*byte));
                head < bound
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids as a clock makes them: neighbours that differ in a few bits.
    fn neighbours() -> impl Iterator<Item = TraceId> {
        (0..20_000u128)
            .map(|tick| TraceId::from(0x1ee7_0000_0000_11ee_8000_0242_ac12_0002u128 + (tick << 96)))
    }

    #[test]
    fn the_share_is_kept_even_for_neighbouring_ids() {
        for share in [0.01, 0.25, 0.5, 0.9] {
            let chosen = neighbours()
                .filter(|id| Sampling::ratio(share).chooses(*id))
                .count();
            let found = chosen as f64 / 20_000.0;
            assert!((found - share).abs() < 0.015, "wanted {share}, found {found}");
        }
    }

    #[test]
    fn the_decision_never_changes_and_grows_with_the_share() {
        for id in neighbours().take(2_000) {
            let small = Sampling::ratio(0.2).chooses(id);
            assert_eq!(small, Sampling::ratio(0.2).chooses(id));
            assert!(
                !small || Sampling::ratio(0.6).chooses(id),
                "a larger share keeps what a smaller one chose"
            );
        }
    }

    #[test]
    fn the_bounds_choose_all_or_none() {
        assert_eq!(Sampling::ratio(1.0), Sampling::All);
        assert_eq!(Sampling::ratio(7.0), Sampling::All);
        assert_eq!(Sampling::ratio(0.0), Sampling::None);
        assert_eq!(Sampling::ratio(f64::NAN), Sampling::None);
        assert!(
            neighbours()
                .take(100)
                .all(|id| Sampling::All.chooses(id) && !Sampling::None.chooses(id))
        );
    }

    #[test]
    fn a_known_id_is_decided_the_same_on_every_build() {
        // SHA-256 of sixteen bytes 0x01 begins with cc8cd41cef907c4d.
        let id = TraceId::from_bytes([1; 16]);
        assert!(!Sampling::Under(0xcc8c_d41c_ef90_7c4d).chooses(id));
        assert!(Sampling::Under(0xcc8c_d41c_ef90_7c4d + 1).chooses(id));
    }
}
