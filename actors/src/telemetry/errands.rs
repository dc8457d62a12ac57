//! The spans of errands, told by the record that settles them: commands to the carrier, requests to the user's own
//! program. Each is a child of the transition that asked for it, each try an event in it.

use std::time::SystemTime;

use cordboard_core::{Address, HttpOutcome, Input, Outcome};
use cordboard_observability::attributes as name;
use cordboard_observability::traces::{FinishedSpan, KeyValue, SpanId, TraceId};

use super::place::{at, place, text, trace_of, whole};
use super::spans::id;
use crate::journal::{EffectKey, Record};
use crate::witness::{Errand, Tried, What};

/// What became of an errand.
enum End<'a> {
    Command(&'a Outcome),
    Http(&'a HttpOutcome),
    /// An event proved it.
    Proven,
}

pub(super) fn told_by(record: &Record, carrier: &'static str, spans: &mut Vec<FinishedSpan>) {
    let errands = record.witnessed.iter().flat_map(|witnessed| &witnessed.errands);
    for errand in errands {
        let end = match &record.cause {
            Input::Outcome { command, outcome } if command.as_str() == errand.id => End::Command(outcome),
            Input::HttpOutcome { request, outcome } if request.as_str() == errand.id => End::Http(outcome),
            _ => End::Proven,
        };
        spans.push(span(record, errand, &end, carrier));
    }
}

/// Where the span of a request will be: the user's own program gets it as its parent before there is an end.
pub(super) fn request(key: &EffectKey, incarnation: u64) -> (TraceId, SpanId) {
    let span = place(&key.address, incarnation, key.seq, key.index, "http");
    match &key.address {
        // A number's trace is its texts'; what it asks before there is a text stands alone.
        Address::Sms(_) => (
            text(&key.address, &format!("request\n{}\n{}", key.seq, key.index)).0,
            span,
        ),
        Address::Call(_) | Address::Conference(_) | Address::Queue(_) => {
            (trace_of(&key.address, incarnation), span)
        }
    }
}

fn span(record: &Record, errand: &Errand, end: &End<'_>, carrier: &'static str) -> FinishedSpan {
    let (address, life) = (&record.address, errand.incarnation);
    let begun = at(errand.began.unwrap_or(errand.committed));
    let over = at(errand.ended.unwrap_or(record.at));
    let span = match &errand.what {
        What::Command { name: command, text } => {
            // One that an event proved and whose own answer came all the same is told twice, as two spans.
            let kind = match end {
                End::Proven => "proof",
                End::Command(_) | End::Http(_) => "command",
            };
            let own = place(address, life, errand.seq, errand.index, kind);
            let trace = match (address, text) {
                (Address::Sms(_), Some(key)) => self::text(address, key).0,
                _ => trace_of(address, life),
            };
            FinishedSpan::new(trace, own, format!("command {command}"), begun, over)
                .child_of(id(address, life, errand.seq, "apply", text.as_deref()))
                .with(name::CARRIER_NAME, carrier)
                .with(name::COMMAND_NAME, command.to_string())
                .with(name::COMMAND_ID, errand.id.clone())
        }
        What::Http { method, host } => {
            let key = EffectKey {
                address: address.clone(),
                seq: errand.seq,
                index: errand.index,
            };
            let (trace, own) = request(&key, life);
            let span = FinishedSpan::new(trace, own, format!("http {method}"), begun, over)
                .with(name::HTTP_REQUEST_METHOD, method.clone())
                .with(name::SERVER_ADDRESS, host.clone())
                .with(name::COMMAND_ID, errand.id.clone());
            match address {
                Address::Sms(_) => span,
                Address::Call(_) | Address::Conference(_) | Address::Queue(_) => {
                    span.child_of(id(address, life, errand.seq, "apply", None))
                }
            }
        }
    };
    let span = span
        .client()
        .with(name::COMMAND_QUEUED_MS, queued_ms(errand))
        .with(name::COMMAND_ATTEMPT, i64::from(errand.tries));
    let span = match errand.resumed {
        true => span.with(name::COMMAND_RESUMED, true),
        false => span,
    };
    let span = errand
        .attempts
        .iter()
        .fold(span, |span, tried| attempt(span, tried, over));
    ended(span, end)
}

fn queued_ms(errand: &Errand) -> i64 {
    let began = errand.began.unwrap_or(errand.committed);
    i64::try_from(began.since(errand.committed).as_millis()).unwrap_or(i64::MAX)
}

fn attempt(span: FinishedSpan, tried: &Tried, over: SystemTime) -> FinishedSpan {
    let began = at(tried.started);
    let took = tried
        .ended
        .map_or(over, at)
        .duration_since(began)
        .unwrap_or_default();
    let particulars = vec![
        KeyValue::new(name::ATTEMPT_RESULT, tried.result.to_string()),
        KeyValue::new(
            name::ATTEMPT_TOOK_US,
            whole(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
        ),
    ];
    span.event("attempt", began, particulars)
}

/// The outcome, and a typed error where it is one.
fn ended(span: FinishedSpan, end: &End<'_>) -> FinishedSpan {
    match end {
        End::Proven => span.with(name::COMMAND_OUTCOME, "proven_by_event"),
        End::Command(outcome) => {
            let span = span.with(name::COMMAND_OUTCOME, outcome.label());
            match outcome {
                Outcome::Refused(refusal) => span
                    .with_some(name::CARRIER_ERROR_CODE, refusal.code.clone())
                    .with(name::HTTP_RESPONSE_STATUS_CODE, i64::from(refusal.status))
                    .with(name::ERROR_TYPE, refusal.kind.label())
                    .failed(refusal.kind.label()),
                Outcome::Unknown { .. } => span.with(name::ERROR_TYPE, "unknown").failed("outcome unknown"),
                Outcome::Accepted(_) | Outcome::Cancelled => span,
            }
        }
        End::Http(outcome) => {
            let span = span.with(name::COMMAND_OUTCOME, outcome.label());
            match outcome {
                HttpOutcome::Answered { status, .. } => {
                    let span = span.with(name::HTTP_RESPONSE_STATUS_CODE, i64::from(*status));
                    match *status {
                        ..400 => span,
                        status => span.with(name::ERROR_TYPE, status.to_string()).failed("refused"),
                    }
                }
                HttpOutcome::Forbidden { .. } => span.with(name::ERROR_TYPE, "forbidden").failed("forbidden"),
                HttpOutcome::Unknown { .. } => {
                    span.with(name::ERROR_TYPE, "unknown").failed("outcome unknown")
                }
            }
        }
    }
}
