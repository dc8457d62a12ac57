//! Where a number belongs: country, area code, and whether anybody can be called there.

use phonenumber::{Mode, country};

use crate::phone::PhoneNumber;

pub(super) fn check_country(code: &str) -> Result<(), String> {
    code.parse::<country::Id>()
        .map(drop)
        .map_err(|_| format!("\"{code}\" is no country: write two letters, such as \"US\" or \"DE\""))
}

/// ISO 3166 code of the country of a number with `+`.
pub(super) fn country(number: &PhoneNumber) -> Option<country::Id> {
    phonenumber::parse(None, number.expose()).ok()?.country().id()
}

/// Area code of a North American number.
pub(super) fn area_code(number: &PhoneNumber) -> Option<String> {
    let digits = number
        .expose()
        .strip_prefix("+1")
        .filter(|digits| digits.len() == 10)?;
    Some(digits[..3].to_owned())
}

/// The E.164 form of what somebody typed, read as a number of `home`'s country when it has none of its own; `None`
/// when nobody can have it. North American rules beyond the library's: no fictitious 555-01xx.
pub(super) fn callable(text: &str, home: Option<&PhoneNumber>) -> Option<PhoneNumber> {
    let home = home.and_then(country);
    let number = phonenumber::parse(home, text.trim()).ok()?;
    if !phonenumber::is_valid(&number) {
        return None;
    }
    Some(PhoneNumber::new(number.format().mode(Mode::E164).to_string()))
}
