//! Spans of time as a flow file writes them: `500ms`, `8s`, `2m`, `1h`.
//!
//! Read by every step kind that waits; written back in its shortest form, so that equal flows have equal hashes.

use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest span that a flow may ask for. No deadline of a phone call is longer than a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

const HINT: &str = "write a whole number and a unit, such as \"500ms\", \"8s\", \"2m\" or \"1h\"";

/// A whole number of milliseconds, at most a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

impl Span {
    /// So many seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// So many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The same for the standard library.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Milliseconds, as the carrier takes them.
    pub fn as_millis(self) -> u32 {
        u32::try_from(self.0.as_millis()).unwrap_or(u32::MAX)
    }

    /// Whole seconds, rounded up, as the carrier takes them.
    pub fn as_secs(self) -> u32 {
        u32::try_from(self.0.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    /// Reads `500ms`, `8s`, `2m` or `1h`.
    ///
    /// # Errors
    /// Says what is wrong and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let shown: String = text.chars().take(20).collect();
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "" if digits > 0 => return Err(format!("\"{shown}\" has no unit: {HINT}")),
            _ => return Err(format!("\"{shown}\" is not a span of time: {HINT}")),
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit_ms))
            .map(Duration::from_millis)
            .filter(|span| *span <= LONGEST)
            .map(Self)
            .ok_or_else(|| format!("\"{shown}\" is not between 0 and 24h: {HINT}"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            0 => f.write_str("0s"),
            ms if ms % 3_600_000 == 0 => write!(f, "{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 => write!(f, "{}m", ms / 60_000),
            ms if ms % 1_000 == 0 => write!(f, "{}s", ms / 1_000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;

        impl de::Visitor<'_> for SpanVisitor {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a span of time in quotes, such as \"8s\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(SpanVisitor)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(ms|s|m|h)$",
            "description": "A span of time: a whole number and its unit, such as 8s."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_back_what_it_prints_and_refuses_the_rest() {
        for text in ["0s", "500ms", "8s", "2m", "1h", "24h"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Span::parse("90s").unwrap(), Span::millis(90_000));
        for bad in ["8", "s", "8 s", "-1s", "25h", "1.5s", "99999999999999999999s"] {
            assert!(Span::parse(bad).is_err(), "{bad}");
        }
    }
}
