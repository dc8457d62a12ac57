//! Trace and span ids derived from what they describe: the same on every node, before and after every restart.
//!
//! Called by whoever builds a span. Nothing random and no clock may enter here: exporting a span twice must give
//! the same bytes, and pasting a call's id into a trace viewer must find the call.

use opentelemetry::trace::{SpanId, TraceId};
use sha2::{Digest, Sha256};

/// Length of a UUID written with dashes.
const UUID_CHARS: usize = 36;

/// Where the dashes of a UUID stand.
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];

/// Twilio's prefix of a call id; 32 hex digits follow.
const TWILIO_CALL_PREFIX: &str = "CA";

/// Where a span belongs: the record that caused it, the place among the spans of that record, and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanPlace<'a> {
    /// Address of the entity, such as `call:<session id>`.
    pub address: &'a str,
    /// Incarnation of the entity.
    pub incarnation: u64,
    /// Sequence number of the record.
    pub seq: u64,
    /// Place among the spans of one kind that the record caused, from 0.
    pub index: u32,
    /// Kind of span, such as `apply`, `phase` or `command`: an id never stands for two of them.
    pub kind: &'a str,
}

/// The trace of a call: Telnyx' UUID without its dashes, the hex digits of Twilio's `CA…`, else the start of the id's SHA-256.
#[must_use]
pub fn trace_of_call(call_id: &str) -> TraceId {
    let readable = hex_of_uuid(call_id).or_else(|| hex_of_call_sid(call_id));
    readable
        .and_then(|hex| u128::from_str_radix(&hex, 16).ok())
        // All zeros is the one value that OpenTelemetry does not take for an id.
        .filter(|id| *id != 0)
        .map_or_else(
            || trace_of_digest(&Sha256::digest(call_id.as_bytes())),
            TraceId::from,
        )
}

/// The trace of one incarnation of an entity that is no call, such as a conference.
#[must_use]
pub fn trace_of_incarnation(address: &str, incarnation: u64) -> TraceId {
    trace_of_digest(&digest_of_parts(&[
        address.as_bytes(),
        &incarnation.to_be_bytes(),
    ]))
}

/// The root span of a call: the start of the SHA-256 of the session id.
#[must_use]
pub fn root_span(session_id: &str) -> SpanId {
    span_of_digest(&Sha256::digest(session_id.as_bytes()))
}

/// The span at this place.
#[must_use]
pub fn span_at(place: SpanPlace<'_>) -> SpanId {
    span_of_digest(&digest_of_parts(&[
        place.address.as_bytes(),
        &place.incarnation.to_be_bytes(),
        &place.seq.to_be_bytes(),
        &place.index.to_be_bytes(),
        place.kind.as_bytes(),
    ]))
}

/// A span that no record caused, from whatever tells it apart: the event id and arrival time of a webhook, say.
#[must_use]
pub fn span_of(parts: &[&str]) -> SpanId {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    span_of_digest(&digest_of_parts(&parts))
}

fn hex_of_uuid(id: &str) -> Option<String> {
    let shaped = id.len() == UUID_CHARS
        && id.bytes().enumerate().all(|(place, byte)| {
            if UUID_DASHES.contains(&place) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        });
    shaped.then(|| id.replace('-', ""))
}

fn hex_of_call_sid(id: &str) -> Option<String> {
    let hex = id.strip_prefix(TWILIO_CALL_PREFIX)?;
    (hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hex.to_owned())
}

fn trace_of_digest(digest: &[u8]) -> TraceId {
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    TraceId::from_bytes(id)
}

/// Each part goes in with its length, so that ("ab", "c") and ("a", "bc") differ.
fn digest_of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn span_of_digest(digest: &[u8]) -> SpanId {
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    SpanId::from_bytes(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telnyx_session_is_found_by_its_uuid() {
        let trace = trace_of_call("428c31b6-7af4-4bcb-b7f5-5013ef9657c1");
        assert_eq!(trace.to_string(), "428c31b67af44bcbb7f55013ef9657c1");
        assert_eq!(trace, trace_of_call("428C31B6-7AF4-4BCB-B7F5-5013EF9657C1"));
    }

    #[test]
    fn a_twilio_call_is_found_by_its_hex_digits() {
        let trace = trace_of_call("CA1234567890abcdef1234567890abcdef");
        assert_eq!(trace.to_string(), "1234567890abcdef1234567890abcdef");
    }

    #[test]
    fn anything_else_is_the_start_of_its_sha256() {
        // printf abc | sha256sum: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
        assert_eq!(
            trace_of_call("abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223"
        );
        assert_eq!(root_span("abc").to_string(), "ba7816bf8f01cfea");
        let zeros = "00000000-0000-0000-0000-000000000000";
        assert_ne!(
            trace_of_call(zeros),
            TraceId::INVALID,
            "the nil UUID is no trace id"
        );
        for odd in [
            "",
            "CAxyz",
            "CA1234567890abcdef1234567890abcdeg",
            "428c31b67af44bcbb7f55013ef9657c1",
        ] {
            assert_eq!(trace_of_call(odd).to_string().len(), 32, "{odd}");
        }
    }

    #[test]
    fn places_are_told_apart_by_every_part() {
        let place = SpanPlace {
            address: "call:1",
            incarnation: 1,
            seq: 2,
            index: 0,
            kind: "command",
        };
        let others = [
            SpanPlace {
                address: "call:2",
                ..place
            },
            SpanPlace {
                incarnation: 2,
                ..place
            },
            SpanPlace { seq: 3, ..place },
            SpanPlace { index: 1, ..place },
            SpanPlace {
                kind: "apply",
                ..place
            },
        ];
        for other in others {
            assert_ne!(span_at(place), span_at(other), "{other:?}");
        }
        assert_eq!(span_at(place).to_string(), "f3df43a8e7fb599d");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(span_of(&["ab", "c"]), span_of(&["a", "bc"]));
        assert_ne!(
            trace_of_incarnation("conference:a", 1),
            trace_of_incarnation("conference:a", 2)
        );
    }
}
