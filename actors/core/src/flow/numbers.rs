//! Whom a step may call or text: reading what a template, a file or a caller brought.

use phonenumber::{Mode, country};

use crate::phone::PhoneNumber;

/// Country of a number with `+`.
pub(super) fn country(number: &PhoneNumber) -> Option<country::Id> {
    phonenumber::parse(None, number.expose()).ok()?.country().id()
}

/// A SIP address as it is, a number in E.164; `None` when nobody can be called so.
pub(crate) fn target(text: &str, home: Option<&PhoneNumber>) -> Option<PhoneNumber> {
    let text = text.trim();
    let sip = text.starts_with("sip:") || text.starts_with("sips:");
    match sip && text.contains('@') && !text.contains(char::is_whitespace) {
        true => Some(PhoneNumber::new(text)),
        false => callable(text, home),
    }
}

/// The E.164 form of a number, read as one of `home`'s country when it names none; `None` when nobody can have it.
///
/// North America by the rules of its plan, which outlive lists of assigned area codes: area and exchange begin with 2
/// to 9, and neither is a service code such as 911. Elsewhere by the length that the country's numbers have.
pub(crate) fn callable(text: &str, home: Option<&PhoneNumber>) -> Option<PhoneNumber> {
    let text = text.trim();
    if let Some(digits) = north_american(text, home) {
        return is_nanp(&digits).then(|| PhoneNumber::new(format!("+1{digits}")));
    }
    let number = phonenumber::parse(home.and_then(country), text).ok()?;
    let number = PhoneNumber::new(number.format().mode(Mode::E164).to_string());
    number.is_e164().then_some(number)
}

/// The ten digits of a number that is North American by its own word or by `home`'s.
fn north_american(text: &str, home: Option<&PhoneNumber>) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let at_home = home.is_none_or(|home| home.expose().starts_with("+1"));
    match (text.starts_with('+'), digits.len()) {
        (true, 11) | (false, 11) if digits.starts_with('1') && (text.starts_with('+') || at_home) => {
            Some(digits[1..].to_owned())
        }
        (false, _) if at_home => Some(digits),
        _ => None,
    }
}

fn is_nanp(digits: &str) -> bool {
    let digits = digits.as_bytes();
    let part = |at: usize| {
        (b'2'..=b'9').contains(&digits[at]) && !(digits[at + 1] == b'1' && digits[at + 2] == b'1')
    };
    digits.len() == 10 && part(0) && (part(3) || is_fictitious(digits))
}

/// 555-01xx in any area, and the area 555, are set aside for examples and simulators.
fn is_fictitious(digits: &[u8]) -> bool {
    digits.starts_with(b"5550") || &digits[3..8] == b"55501"
}

/// Area code of a North American number.
pub(super) fn area_code(number: &PhoneNumber) -> Option<String> {
    let digits = number
        .expose()
        .strip_prefix("+1")
        .filter(|digits| digits.len() == 10)?;
    digits.get(..3).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_digits_are_not_yet_a_number() {
        let home = PhoneNumber::new("+15550400002");
        for (typed, expected) in [
            ("4155550123", Some("+14155550123")),
            ("2025550123", Some("+12025550123")),
            ("5550100001", Some("+15550100001")),
            ("0000000000", None),
            ("9110000000", None),
            ("4159110000", None),
            ("4151234567", None),
            ("415555012", None),
            ("14155550123", Some("+14155550123")),
            ("+14155550123", Some("+14155550123")),
            ("+4930123456", Some("+4930123456")),
            ("", None),
        ] {
            let read = callable(typed, Some(&home));
            assert_eq!(read.as_ref().map(PhoneNumber::expose), expected, "{typed}");
        }
        let german = PhoneNumber::new("+4930111111");
        let read = callable("030 123456", Some(&german));
        assert_eq!(read.as_ref().map(PhoneNumber::expose), Some("+4930123456"));
        assert_eq!(target("sip:a@b", None), Some(PhoneNumber::new("sip:a@b")));
        assert_eq!(target("sip:a b", None), None);
    }

    /// Every area with every exchange of a few, and the other way round, against the plan's rule in plain words.
    #[test]
    fn every_area_and_exchange_is_judged_by_the_north_american_plan() {
        let home = PhoneNumber::new("+12125550100");
        let part = |part: u32| part >= 200 && part % 100 != 11;
        let some = [0, 111, 199, 200, 211, 212, 411, 555, 911, 999];
        let all = || 0..1_000_u32;
        let pairs = all().flat_map(|area| some.map(|exchange| (area, exchange)));
        let pairs = pairs.chain(all().flat_map(|exchange| some.map(|area| (area, exchange))));
        for (area, exchange) in pairs {
            let typed = format!("{area:03}{exchange:03}0123");
            // 555-0123 is an example's number, and so is every one of the area 555 whose exchange begins with 0.
            let example = area == 555 && exchange < 100;
            let good = part(area) && (part(exchange) || example);
            let read = callable(&typed, Some(&home));
            let expected = good.then(|| PhoneNumber::new(format!("+1{typed}")));
            assert_eq!(read, expected, "{typed}");
        }
    }
}
