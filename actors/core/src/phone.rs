//! A phone number that masks itself: no code path can print one in full by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number or SIP address as the carrier gave it. `Display` and `Debug` show the last two digits only.
///
/// Serialisation keeps the full text: the journal and the carrier need it, logs never serialise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Wraps the carrier's text, trimmed.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }

    /// The full number. For carrier requests, routing and comparison; never for logs, spans or metrics.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is `+` and 7 to 15 digits (E.164).
    pub fn is_e164(&self) -> bool {
        self.0.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0')
        })
    }
}

impl From<&str> for PhoneNumber {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: Vec<char> = self.0.chars().filter(char::is_ascii_digit).collect();
        match digits.as_slice() {
            [.., a, b] if digits.len() > 4 => write!(f, "***{a}{b}"),
            _ => f.write_str("***"),
        }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

/// Keys a caller pressed. Secret: a PIN, a callback number. Never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits(String);

impl Digits {
    /// Wraps what the carrier collected.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The keys themselves, for decisions and never for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether no key was pressed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({} keys)", self.0.chars().count())
    }
}

/// What is said to people. Never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Wraps what is to be said.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words, for the carrier and never for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} characters)", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_never_shows_more_than_two_digits() {
        let number = PhoneNumber::new("+14158675309");
        assert_eq!(number.to_string(), "***09");
        assert_eq!(format!("{number:?}"), "PhoneNumber(***09)");
        assert_eq!(PhoneNumber::new("911").to_string(), "***");
        assert_eq!(format!("{:?}", Digits::new("1234")), "Digits(4 keys)");
    }

    #[test]
    fn e164_needs_a_plus_and_seven_to_fifteen_digits() {
        assert!(PhoneNumber::new("+15550100").is_e164());
        for bad in [
            "15550100",
            "+1555010",
            "+1234567890123456",
            "+0123456789",
            "sip:a@b",
            "",
        ] {
            assert_eq!(PhoneNumber::new(bad).is_e164(), bad == "+1555010", "{bad}");
        }
    }
}
