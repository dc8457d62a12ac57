//! Countries and area codes as a flow file writes them.

use phonenumber::country;

pub(super) fn country(code: &str) -> Option<country::Id> {
    code.parse().ok()
}

pub(super) fn check_country(code: &str) -> Result<(), String> {
    let why = || format!("\"{code}\" is no country: write two letters, such as \"US\" or \"DE\"");
    country(code).map(drop).ok_or_else(why)
}
