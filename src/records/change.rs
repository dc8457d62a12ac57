//! One statement of the books with its values, the same for both databases.
//!
//! Statements number their parameters `$1`, `$2`, …: Postgres' own way, and SQLite reads `?1` instead.

use cordboard_core::Timestamp;
use jiff::Timestamp as Instant;

/// One statement and what it is given. `$1` is always the journal's number; the store puts it in front.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// One of `statements`.
    pub sql: &'static str,
    /// From `$2` on.
    pub values: Vec<Value>,
}

/// One value.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A whole number, or none.
    Number(Option<i64>),
    /// A text, or none. Numbers of people are among these: never shown by `Debug`.
    Text(Option<String>),
    /// A truth value.
    Truth(bool),
    /// A time.
    Time(Timestamp),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "Text({:?} bytes)", text.as_ref().map(String::len)),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Time(time) => write!(f, "{time:?}"),
        }
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Some(text.into()))
    }

    /// A number that SQL has as 64 bits with a sign; beyond that it is the largest.
    pub fn number(number: u64) -> Self {
        Self::Number(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

/// ISO 8601 in UTC with six decimals: sorts as text, and both databases' functions read it.
pub(super) fn iso(time: Timestamp) -> String {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let instant = Instant::from_microsecond(micros).unwrap_or(Instant::MAX);
    format!("{instant:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601_in_utc_with_six_decimals() {
        let shown = |micros| iso(Timestamp::from_micros(micros));
        assert_eq!(shown(1_700_000_000_000_042), "2023-11-14T22:13:20.000042Z");
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(u64::MAX).len(), shown(0).len());
    }
}
