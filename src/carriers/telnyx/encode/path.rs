//! Ids in paths and values in queries.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::EncodeError;

/// Unreserved characters, and the colon of `v3:…`, which may stand in a path as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

/// One path segment. Dots alone would climb the path, so they are refused.
pub(in crate::carriers::telnyx) fn segment(id: &str) -> Result<String, EncodeError> {
    if id.bytes().all(|byte| byte == b'.') {
        return Err(EncodeError::BadId);
    }
    Ok(utf8_percent_encode(id, SEGMENT).to_string())
}

/// A query, every name and value percent-encoded.
#[derive(Debug, Default)]
pub(in crate::carriers::telnyx) struct QueryString(String);

impl QueryString {
    /// Adds `name=value`.
    pub(in crate::carriers::telnyx) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let value = utf8_percent_encode(value, SEGMENT);
        write!(self.0, "{name}={value}").expect("a String takes everything");
        self
    }

    /// `?a=b&c=d`, or nothing.
    pub(in crate::carriers::telnyx) fn as_str(&self) -> &str {
        &self.0
    }
}
