//! Where a span belongs: traces and ids that follow from addresses and record numbers, and times that follow from
//! records. Every other file of this folder asks here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cordboard_core::{Address, Timestamp};
use cordboard_observability::traces::ids::{self, SpanPlace};
use cordboard_observability::traces::{SpanId, TraceId};

pub(super) fn at(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(time.as_micros())
}

/// The trace of one life: a call's is its id, a conference incarnation has one of its own. A number has none: each of
/// its texts has.
pub(super) fn trace_of(address: &Address, incarnation: u64) -> TraceId {
    match address {
        Address::Call(session) => ids::trace_of_call(session.as_str()),
        Address::Conference(_) | Address::Sms(_) | Address::Queue(_) => {
            ids::trace_of_incarnation(&address.to_string(), incarnation)
        }
    }
}

/// Children use it as parent from the first moment; it is exported when the life ends.
pub(super) fn root_of(address: &Address, incarnation: u64) -> SpanId {
    match address {
        Address::Call(session) => ids::root_span(session.as_str()),
        Address::Conference(_) | Address::Sms(_) | Address::Queue(_) => {
            place(address, incarnation, 0, 0, "root")
        }
    }
}

/// The trace of one text of a number of ours, and its root.
pub(super) fn text(address: &Address, key: &str) -> (TraceId, SpanId) {
    let name = format!("{address}\n{key}");
    (
        ids::trace_of_incarnation(&name, 0),
        ids::span_of(&["text", &name]),
    )
}

pub(super) fn place(address: &Address, incarnation: u64, seq: u64, index: u32, kind: &str) -> SpanId {
    ids::span_at(SpanPlace {
        address: &address.to_string(),
        incarnation,
        seq,
        index,
        kind,
    })
}

pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
