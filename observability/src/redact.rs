//! Makes text safe to show: masks phone numbers, tags them for correlation, escapes what came from outside.
//!
//! Called wherever a log line, a span attribute, an error or a page shows something that a carrier or a
//! caller wrote. Nothing here may keep or print the value that it was given.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::{self, Write};

/// Digits left readable at the end of a masked number: enough to tell two callers apart on a screen.
const VISIBLE_DIGITS: usize = 2;

/// Numbers with fewer digits are hidden whole: two of four digits would be half of a short code.
const MIN_DIGITS_TO_SHOW: usize = 7;

/// A run with at least this many digits in foreign text is taken for a phone number. Seven is the length of the
/// shortest subscriber numbers that national plans dial without a prefix.
const MIN_DIGITS_OF_A_NUMBER: usize = 7;

/// Longest foreign text in a log line, in characters; a carrier's error body is rarely longer and a hostile one is cut.
pub const FOREIGN_TEXT_LIMIT: usize = 300;

/// Hex characters of a correlation tag: 48 bits tell apart far more callers than one log holds.
const TAG_HEX_CHARS: usize = 12;

/// Masks a phone number or SIP address: `+15551234534` becomes `***34`, `sip:ann@example.com` becomes `sip:***@example.com`.
///
/// Short numbers and anything else without enough digits become `***`.
#[must_use]
pub fn mask_number(number: &str) -> String {
    if let Some((user, host)) = number.rsplit_once('@') {
        let scheme = ["sips:", "sip:", "tel:"]
            .into_iter()
            .find(|scheme| user.starts_with(scheme))
            .unwrap_or("");
        return format!("{scheme}***@{}", foreign(host));
    }
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if digits < MIN_DIGITS_TO_SHOW {
        return "***".to_owned();
    }
    let visible: String = number
        .chars()
        .filter(char::is_ascii_digit)
        .skip(digits.saturating_sub(VISIBLE_DIGITS))
        .collect();
    format!("***{visible}")
}

/// Foreign text for a log line or an error: numbers masked, control and direction characters escaped, length
/// capped at [`FOREIGN_TEXT_LIMIT`].
#[must_use]
pub fn foreign(text: &str) -> String {
    // Numbers are looked for in the whole text before it is cut, otherwise a cut through a number would leave
    // a head too short to be recognised.
    let mut window: String = text.chars().take(FOREIGN_TEXT_LIMIT * 2).collect();
    let hidden = text.chars().count().saturating_sub(FOREIGN_TEXT_LIMIT * 2);
    if hidden > 0 {
        window.truncate(window.trim_end_matches(joins_a_number).len());
    }
    let masked = mask_numbers_in(&window);
    let mut shown = escape(&masked, FOREIGN_TEXT_LIMIT);
    if hidden > 0 && masked.chars().count() <= FOREIGN_TEXT_LIMIT {
        let _ = write!(shown, "...[+{hidden} chars]");
    }
    shown
}

/// Escapes control characters, line breaks, and characters that reorder or hide text; cuts after `limit` characters.
///
/// The result is one line. A backslash is doubled, so an escape in the result never came from the text itself.
#[must_use]
pub fn escape(text: &str, limit: usize) -> String {
    let mut escaped = String::with_capacity(text.len().min(limit) + 8);
    let mut characters = text.chars();
    for character in characters.by_ref().take(limit) {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            unsafe_character if deceives(unsafe_character) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(unsafe_character));
            }
            plain => escaped.push(plain),
        }
    }
    let cut = characters.count();
    if cut > 0 {
        let _ = write!(escaped, "...[+{cut} chars]");
    }
    escaped
}

/// Replaces every run of seven or more digits by its mask; spaces, dots, hyphens, slashes and brackets do not end a run.
#[must_use]
pub fn mask_numbers_in(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars() {
        let starts = character.is_ascii_digit() || character == '+';
        if starts || (!run.is_empty() && joins_a_number(character)) {
            run.push(character);
        } else {
            settle_run(&mut run, &mut masked);
            masked.push(character);
        }
    }
    settle_run(&mut run, &mut masked);
    masked
}

/// Whether a character can stand inside a written phone number.
fn joins_a_number(character: char) -> bool {
    character.is_ascii_digit() || "+ .-/()".contains(character)
}

/// Moves a finished run of digits and separators to the output, masked if it is long enough for a number.
fn settle_run(run: &mut String, masked: &mut String) {
    if run.chars().filter(char::is_ascii_digit).count() >= MIN_DIGITS_OF_A_NUMBER {
        let separators = run
            .chars()
            .rev()
            .take_while(|last| !last.is_ascii_digit())
            .count();
        masked.push_str(&mask_number(run));
        // The separators after the last digit belong to the sentence, not to the number; all are ASCII.
        masked.push_str(&run[run.len() - separators..]);
    } else {
        masked.push_str(run);
    }
    run.clear();
}

/// Whether a character can break a line, move the cursor, reverse the reading order or hide itself.
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xAD | 0x61C | 0x180E            // soft hyphen, Arabic letter mark, Mongolian vowel separator
            | 0x200B..=0x200F                // zero width and direction marks
            | 0x2028..=0x202E                // line and paragraph separators, embeddings, overrides
            | 0x2060..=0x206F                // joiners, isolates, deprecated format characters
            | 0xFEFF | 0xFFF9..=0xFFFB       // byte order mark, interlinear annotations
            | 0xE0000..=0xE007F) // tags
}

/// Turns a phone number into a tag that is equal for equal numbers and says nothing about them without the key.
///
/// A plain hash would not do: all numbers of a country can be hashed in seconds. The key belongs to one
/// installation; with a new key old and new logs no longer correlate.
#[derive(Clone)]
pub struct NumberTagger {
    keyed: Hmac<Sha256>,
}

impl NumberTagger {
    /// A tagger with this key; 16 random bytes or more.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let keyed = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        Self { keyed }
    }

    /// The tag of a number: 12 hex characters. The number is hashed as it stands, so hand in E.164.
    #[must_use]
    pub fn tag(&self, number: &str) -> String {
        let mut keyed = self.keyed.clone();
        keyed.update(number.as_bytes());
        let digest = keyed.finalize().into_bytes();
        digest
            .iter()
            .fold(String::with_capacity(TAG_HEX_CHARS), |mut tag, byte| {
                if tag.len() < TAG_HEX_CHARS {
                    let _ = write!(tag, "{byte:02x}");
                }
                tag
            })
    }
}

impl fmt::Debug for NumberTagger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NumberTagger(key hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_last_two_digits() {
        assert_eq!(mask_number("+15551234534"), "***34");
        assert_eq!(mask_number("(555) 123-4534"), "***34");
    }

    #[test]
    fn short_codes_and_odd_values_are_hidden_whole() {
        for short in ["", "911", "12345", "123456", "anonymous", "+", "restricted"] {
            assert_eq!(mask_number(short), "***", "{short:?}");
        }
    }

    #[test]
    fn a_sip_address_keeps_its_host_only() {
        assert_eq!(mask_number("sip:ann@example.com"), "sip:***@example.com");
        assert_eq!(mask_number("sip:+15551234534@example.com"), "sip:***@example.com");
        assert_eq!(mask_number("ann@exa\nmple.com"), "***@exa\\nmple.com");
    }

    #[test]
    fn numbers_inside_a_sentence_are_masked() {
        assert_eq!(
            mask_numbers_in("The number +1 (555) 123-4534 is invalid."),
            "The number ***34 is invalid."
        );
        assert_eq!(
            mask_numbers_in("from=15551234534&to=15559876543"),
            "from=***34&to=***43"
        );
        assert_eq!(
            mask_numbers_in("code 90033 after 3 tries"),
            "code 90033 after 3 tries"
        );
        assert_eq!(mask_numbers_in("x5551234534y"), "x***34y");
    }

    #[test]
    fn line_breaks_and_terminal_sequences_cannot_leave_a_log_line() {
        assert_eq!(
            escape("a\nb\r\t\u{1b}[31m\\n", 100),
            "a\\nb\\r\\t\\u{1b}[31m\\\\n"
        );
    }

    #[test]
    fn direction_overrides_and_invisible_characters_are_spelled_out() {
        assert_eq!(
            escape("\u{202e}abc\u{2066}\u{200b}\u{feff}", 100),
            "\\u{202e}abc\\u{2066}\\u{200b}\\u{feff}"
        );
        assert_eq!(escape("Grüße 你好", 100), "Grüße 你好");
    }

    #[test]
    fn long_text_is_cut_and_says_how_much_is_missing() {
        assert_eq!(escape("abcdef", 4), "abcd...[+2 chars]");
        let long = "z".repeat(10_000);
        let shown = foreign(&long);
        assert!(
            shown.len() < FOREIGN_TEXT_LIMIT + 40,
            "{} characters",
            shown.len()
        );
        assert!(shown.ends_with("chars]"), "{shown}");
    }

    #[test]
    fn a_number_at_the_cut_does_not_leak() {
        for padding in 0..FOREIGN_TEXT_LIMIT * 2 + 20 {
            let text = format!("{}15551234534 tail", "z".repeat(padding));
            let shown = foreign(&text);
            assert!(!shown.contains("1555123"), "padding {padding}: {shown}");
        }
    }

    #[test]
    fn a_tag_is_stable_and_depends_on_the_key() {
        let tagger = NumberTagger::new(b"0123456789abcdef");
        let tag = tagger.tag("+15551234534");
        assert_eq!(tag, tagger.tag("+15551234534"));
        assert_ne!(tag, tagger.tag("+15551234535"));
        assert_ne!(tag, NumberTagger::new(b"another key").tag("+15551234534"));
        assert_eq!(tag.len(), TAG_HEX_CHARS);
        assert!(!format!("{tagger:?}").contains("0123"), "the key is not printed");
    }
}
