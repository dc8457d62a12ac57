//! What a number says by its first digits: whether the world has such a country code, and whether calling it costs
//! what nobody expects.
//!
//! Asked by the rules of `dialling.rs`. Codes are those that the ITU has assigned (list of E.164 country codes).

/// Assigned country codes of one and two digits.
const SHORT: &[&str] = &[
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
    "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Assigned country codes of three digits, first to last of each run.
const LONG: &[(u16, u16)] = &[
    (211, 213),
    (216, 216),
    (218, 218),
    (220, 258),
    (260, 269),
    (290, 291),
    (297, 299),
    (350, 359),
    (370, 378),
    (380, 383),
    (385, 387),
    (389, 389),
    (420, 421),
    (423, 423),
    (500, 509),
    (590, 599),
    (670, 670),
    (672, 683),
    (685, 692),
    (800, 800),
    (808, 808),
    (850, 850),
    (852, 853),
    (855, 856),
    (870, 870),
    (878, 878),
    (880, 883),
    (886, 886),
    (888, 888),
    (960, 968),
    (970, 977),
    (979, 979),
    (992, 996),
    (998, 998),
];

/// Satellites and networks of no country: minutes cost several dollars.
const SATELLITE: &[&str] = &["+870", "+878", "+881", "+882", "+883"];

/// Numbers whose owner earns by being called: international, North America, Britain, Germany, France, Spain, Italy,
/// Austria, Switzerland, the Netherlands, Belgium.
const PREMIUM: &[&str] = &[
    "+979", "+1900", "+1976", "+449", "+4487", "+49900", "+49137", "+3389", "+34803", "+34806", "+34807",
    "+39899", "+39892", "+43900", "+43901", "+43930", "+43931", "+41900", "+41901", "+41906", "+31900",
    "+31906", "+31909", "+3290",
];

/// Whether the number's country code is assigned to anybody.
pub(super) fn is_assigned(number: &str) -> bool {
    let digits = number.trim_start_matches('+');
    if SHORT.iter().any(|code| digits.starts_with(code)) {
        return true;
    }
    let code: Option<u16> = digits.get(..3).and_then(|code| code.parse().ok());
    code.is_some_and(|code| LONG.iter().any(|&(first, last)| (first..=last).contains(&code)))
}

/// The costly range that the number is in, with the name of its rule.
pub(super) fn costly(number: &str) -> Option<(&'static str, &'static str)> {
    let within = |ranges: &[&'static str]| ranges.iter().copied().find(|range| number.starts_with(range));
    within(SATELLITE)
        .map(|range| ("satellite", range))
        .or_else(|| within(PREMIUM).map(|range| ("premium", range)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_are_known() {
        for number in [
            "+14155550100",
            "+4930123456",
            "+35312345678",
            "+8801712345678",
            "+79161234567",
        ] {
            assert!(is_assigned(number), "{number}");
        }
        for number in [
            "+2101234567",
            "+3841234567",
            "+9991234567",
            "+8091234567",
            "+6991234567",
        ] {
            assert!(!is_assigned(number), "{number}");
        }
    }

    #[test]
    fn costly_ranges_are_known() {
        assert_eq!(costly("+19005550100").map(|(rule, _)| rule), Some("premium"));
        assert_eq!(costly("+881612345678").map(|(rule, _)| rule), Some("satellite"));
        assert_eq!(costly("+14155550100"), None);
    }
}
