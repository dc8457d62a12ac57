//! Where texts may go: prefixes of E.164 numbers, denied ones first (RELIABILITY 4.1, toll fraud).
//!
//! By default the countries of our own numbers. `+1` alone is not one country: its islands and its premium numbers are
//! beyond it.

use crate::phone::PhoneNumber;
use crate::text::TextRefusal;

/// Never: satellites, international networks, premium rates. They belong to no country, and cost dozens of times more.
const NEVER: [&str; 10] = [
    "+870", "+878", "+881", "+882", "+883", "+888", "+979", "+1900", "+1976", "+808",
];

/// Within `+1` and neither the USA nor Canada, by area code: only when allowed by a prefix at least as long.
const ISLANDS: [&str; 24] = [
    "+1242", "+1246", "+1264", "+1268", "+1284", "+1345", "+1441", "+1473", "+1649", "+1658", "+1664",
    "+1721", "+1758", "+1767", "+1784", "+1809", "+1829", "+1849", "+1868", "+1869", "+1876", "+1340",
    "+1670", "+1684",
];

/// Calling codes of two digits (ITU E.164); `1` and `7` have one, all others three.
const TWO_DIGITS: [&str; 42] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94",
];

/// The prefix of a number's country, such as `+1`, `+49` or `+353`; `None` for what is not E.164.
pub fn country(number: &PhoneNumber) -> Option<&str> {
    if !number.is_e164() {
        return None;
    }
    let text = number.expose();
    let digits = &text[1..];
    let two = TWO_DIGITS
        .iter()
        .chain(&["95", "98"])
        .any(|code| digits.starts_with(code));
    let length = match digits.as_bytes().first() {
        Some(b'1' | b'7') => 1,
        _ if two => 2,
        _ => 3,
    };
    Some(&text[..=length])
}

/// Whether a text may go there. The longest prefix decides.
///
/// # Errors
/// The rule that forbids it.
pub fn check(to: &PhoneNumber, allow: &[String]) -> Result<(), TextRefusal> {
    if !to.is_e164() {
        return Err(TextRefusal::BadDestination);
    }
    let text = to.expose();
    let longest = |length: Option<usize>| length.unwrap_or(0);
    let allowed = longest(
        allow
            .iter()
            .filter(|prefix| text.starts_with(*prefix))
            .map(String::len)
            .max(),
    );
    let denied = longest(
        ISLANDS
            .iter()
            .filter(|prefix| text.starts_with(*prefix))
            .map(|prefix| prefix.len())
            .max(),
    );
    let never = NEVER.iter().any(|prefix| text.starts_with(prefix));
    match !never && allowed > 0 && allowed >= denied {
        true => Ok(()),
        false => Err(TextRefusal::DestinationNotAllowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_the_code_that_a_number_begins_with() {
        for (number, code) in [
            ("+15550100001", "+1"),
            ("+4915112345678", "+49"),
            ("+353861234567", "+353"),
            ("+74951234567", "+7"),
            ("+61412345678", "+61"),
        ] {
            assert_eq!(country(&number.into()), Some(code));
        }
        assert_eq!(country(&"12345".into()), None);
    }

    #[test]
    fn the_longest_prefix_decides_and_some_are_never_allowed() {
        let us = ["+1".to_owned()];
        let jamaica = ["+1".to_owned(), "+1876".to_owned()];
        for (to, allow, expected) in [
            ("+15550100001", &us[..], Ok(())),
            ("+18765550100", &us[..], Err(TextRefusal::DestinationNotAllowed)),
            ("+18765550100", &jamaica[..], Ok(())),
            (
                "+19005550100",
                &["+1900".to_owned()][..],
                Err(TextRefusal::DestinationNotAllowed),
            ),
            (
                "+870773111632",
                &["+870".to_owned()][..],
                Err(TextRefusal::DestinationNotAllowed),
            ),
            ("+4915112345678", &us[..], Err(TextRefusal::DestinationNotAllowed)),
            ("sip:a@b", &us[..], Err(TextRefusal::BadDestination)),
            ("tel:+15550100001", &us[..], Err(TextRefusal::BadDestination)),
            ("+1234567890123456", &us[..], Err(TextRefusal::BadDestination)),
            ("911", &us[..], Err(TextRefusal::BadDestination)),
        ] {
            assert_eq!(check(&to.into(), allow), expected, "{to}");
        }
    }
}
