//! A carrier's sentence as it may be shown: it may repeat what we sent.

/// Longest sentence of a carrier that is kept.
const MAX_DETAIL_CHARS: usize = 200;

/// So many digits in a row may be a phone number or a PIN, so they are masked.
const SECRET_DIGITS: usize = 6;

/// Cuts, escapes and masks a sentence of the carrier, which may repeat what we sent.
pub(super) fn showable(text: &str) -> String {
    let mut shown = String::new();
    let mut digits = String::new();
    for c in text.chars().take(MAX_DETAIL_CHARS) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        flush(&mut shown, &mut digits);
        if c.is_control() || is_bidi(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    flush(&mut shown, &mut digits);
    shown.chars().take(MAX_DETAIL_CHARS).collect()
}

fn flush(shown: &mut String, digits: &mut String) {
    if digits.len() >= SECRET_DIGITS {
        shown.push_str("***");
    } else {
        shown.push_str(digits);
    }
    digits.clear();
}

/// Characters that turn the direction of the text around them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
