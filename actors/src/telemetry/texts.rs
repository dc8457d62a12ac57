//! The spans of texts. A number lives for ever; what has a beginning and an end is a text, so each has a trace of its
//! own, under its key.

use cordboard_core::fact::Fact;
use cordboard_core::{Address, Effect};
use cordboard_observability::attributes as name;
use cordboard_observability::metrics::{MessageMetrics, known_or_other};
use cordboard_observability::traces::FinishedSpan;

use super::place::{at, root_of, trace_of};
use super::spans::{Place, applied, handled, waited};
use crate::journal::Record;

/// The places of the texts that a record is about, in the order in which it speaks of them. A record about none, such
/// as one of settings, is told nowhere.
pub(super) fn places(record: &Record) -> Vec<Place> {
    let mut keys: Vec<&str> = Vec::new();
    for key in facts(record).filter_map(key_in) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.into_iter().map(|key| Place::of_text(record, key)).collect()
}

pub(super) fn told_by(record: &Record, spans: &mut Vec<FinishedSpan>) {
    for place in places(record) {
        applied(record, &place, None, spans);
        for fact in facts(record).filter(|fact| key_in(fact) == place.text.as_deref()) {
            spans.extend(life(record, &place, fact));
        }
    }
}

/// Statuses that a text can come to, as the machine states them.
const STATUSES: [&str; 13] = [
    "attempting",
    "possible_duplicate",
    "accepted",
    "queued",
    "sending",
    "sent",
    "unconfirmed",
    "sending_failed",
    "delivery_failed",
    "delivered",
    "refused",
    "unknown",
    "escalated",
];

/// Counts what became of texts.
pub(super) fn count(record: &Record, messages: &MessageMetrics) {
    for fact in facts(record) {
        match fact {
            Fact::MessageReceived { .. } => messages.statuses.inc(["incoming", "received"]),
            Fact::MessageStatus { status, .. } => {
                messages
                    .statuses
                    .inc(["outgoing", known_or_other(status, &STATUSES)]);
            }
            _ => {}
        }
    }
}

/// The text that a statement is about.
pub(super) fn key_in(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::MessagePlanned { key, .. }
        | Fact::MessageReceived { key, .. }
        | Fact::MessageStatus { key, .. }
        | Fact::MessageOver { key, .. } => Some(key),
        _ => None,
    }
}

fn facts(record: &Record) -> impl Iterator<Item = &Fact> {
    record.effects.iter().filter_map(|effect| match effect {
        Effect::Fact(fact) => Some(fact.as_ref()),
        _ => None,
    })
}

/// That a text was asked for goes out at once; the whole when nothing more is awaited.
fn life(record: &Record, place: &Place, fact: &Fact) -> Option<FinishedSpan> {
    let turn = at(record.at);
    match fact {
        Fact::MessagePlanned { key, call, .. } => {
            let id = place.id(record, "started");
            let span = FinishedSpan::new(place.trace, id, "sms started", turn, turn)
                .child_of(place.root)
                .with(name::MESSAGE_KEY, key.clone());
            Some(linked(span, call.as_ref()))
        }
        Fact::MessageReceived { key, .. } => {
            let arrived = turn.checked_sub(waited(record)).unwrap_or(turn);
            let end = turn + handled(record);
            let span = FinishedSpan::new(place.trace, place.root, "sms received", arrived, end);
            Some(span.with(name::MESSAGE_KEY, key.clone()))
        }
        Fact::MessageOver {
            key,
            asked_at,
            standing,
            error,
            call,
        } => {
            let span = FinishedSpan::new(place.trace, place.root, "sms", at(*asked_at), turn)
                .with(name::MESSAGE_KEY, key.clone())
                .with(name::MESSAGE_STATE, standing.clone());
            let span = linked(span, call.as_ref());
            Some(match error {
                Some(error) => span.with(name::ERROR_TYPE, error.clone()).failed(error.clone()),
                None => span,
            })
        }
        _ => None,
    }
}

/// Points to the call that asked.
fn linked(span: FinishedSpan, call: Option<&Address>) -> FinishedSpan {
    match call {
        Some(call) => span.linked_to(trace_of(call, 1), root_of(call, 1)),
        None => span,
    }
}
