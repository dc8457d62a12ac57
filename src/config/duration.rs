//! Spans of time as people write them: a whole number and its unit, nothing else.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

/// Longest span a setting may have. No deadline of a phone call is longer than a day.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest span that something may be kept: a year.
pub const LONGEST_KEPT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads `500ms`, `8s`, `2m` or `1h`.
///
/// # Errors
/// Says what is wrong and how to write it.
pub fn parse(text: &str) -> Result<Duration, String> {
    parse_up_to(text, LONGEST)
}

fn parse_up_to(text: &str, longest: Duration) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shown: String = text.chars().take(20).collect();
    let hint = "write a whole number and a unit, such as \"500ms\", \"8s\", \"2m\" or \"1h\"";
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        "" if digits > 0 => return Err(format!("\"{shown}\" has no unit: {hint}")),
        _ => return Err(format!("\"{shown}\" is not a span of time: {hint}")),
    };
    if digits == 0 {
        return Err(format!("\"{shown}\" has no number: {hint}"));
    }
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit_ms))
        .map(Duration::from_millis)
        .filter(|span| *span <= longest)
        .ok_or_else(|| format!("\"{shown}\" is too long: {} is the most", format(longest)))
}

/// The shortest text that [`parse`] reads back.
pub fn format(span: Duration) -> String {
    let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match ms {
        0 => "0s".into(),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// For `#[serde(with = "duration")]`.
pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*span))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    })
}

/// For `#[serde(with = "duration")]`. A number without quotes is read like one in quotes: it lacks its unit.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&text(deserializer)?).map_err(de::Error::custom)
}

/// For `#[serde(with = "duration::long")]`: how long something is kept, up to a year.
pub(super) mod long {
    use std::time::Duration;

    use serde::{Deserializer, de};

    pub(in crate::config) use super::serialize;

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        super::parse_up_to(&super::text(deserializer)?, super::LONGEST_KEPT).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_span_and_read_back() {
        for (text, ms) in [
            ("500ms", 500),
            ("8s", 8_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("0s", 0),
            ("24h", 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)));
            assert_eq!(format(Duration::from_millis(ms)), text);
        }
        assert_eq!(format(Duration::from_millis(90_000)), "90s");
        assert_eq!(parse("1d"), Ok(LONGEST));
        assert_eq!(parse_up_to("365d", LONGEST_KEPT), Ok(LONGEST_KEPT));
    }

    #[test]
    fn anything_else_is_refused_with_a_hint() {
        for (text, hint) in [
            ("5", "no unit"),
            ("-1s", "not a span"),
            ("1e9h", "not a span"),
            ("5 minutes", "not a span"),
            ("5 s", "not a span"),
            ("1.5s", "not a span"),
            ("s", "no number"),
            ("", "not a span"),
            ("25h", "too long: 24h"),
            ("2d", "too long: 24h"),
            ("99999999999999999999s", "too long"),
            ("18446744073709551615h", "too long"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
