//! How long the carrier asks us to wait, within reason.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Less would hammer a carrier that has just said no.
const LEAST_SECS: i64 = 1;

/// More would outlive the command ids; the outbox's own deadline decides then.
const MOST_SECS: i64 = 60;

/// `Retry-After` in seconds or as a date, else `x-ratelimit-reset` in seconds; clamped to 1..60 s.
pub(super) fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let seconds = text(headers, "retry-after")
        .and_then(|text| whole_seconds(text).or_else(|| until(text, now)))
        .or_else(|| text(headers, "x-ratelimit-reset").and_then(whole_seconds))?;
    u64::try_from(seconds.clamp(LEAST_SECS, MOST_SECS))
        .ok()
        .map(Duration::from_secs)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn whole_seconds(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are far beyond the clamp, in the direction of the sign.
    Some(text.parse().unwrap_or(if text.starts_with('-') {
        LEAST_SECS
    } else {
        MOST_SECS
    }))
}

fn until(text: &str, now: Timestamp) -> Option<i64> {
    let then = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(then.as_second().saturating_sub(now.as_second()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_wait_is_clamped_to_one_to_sixty_seconds() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (name, value, expected) in [
            ("retry-after", "7", Some(7)),
            ("retry-after", "0", Some(1)),
            ("retry-after", "-1", Some(1)),
            ("retry-after", "99999999", Some(60)),
            ("retry-after", "999999999999999999999999", Some(60)),
            ("retry-after", "Thu, 01 Jan 2026 00:00:20 GMT", Some(20)),
            ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", Some(1)),
            ("retry-after", "soon", None),
            ("retry-after", "1.5", None),
            ("retry-after", "", None),
            ("x-ratelimit-reset", "3", Some(3)),
            ("x-ratelimit-reset", "1767225600", Some(60)),
            ("x-other", "3", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            let expected = expected.map(Duration::from_secs);
            assert_eq!(wait(&headers, now), expected, "109/110: {name}: {value}");
        }
    }
}
