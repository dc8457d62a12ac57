//! Spans of transitions, phases, whole lives and commands, under ids derived from records (DESIGN: traces).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cordboard_core::{Address, Effect, EndReason, Input, Message, Outcome, Story, Timestamp};
use cordboard_observability::attributes as name;
use cordboard_observability::traces::ids::{self, SpanPlace};
use cordboard_observability::traces::{FinishedSpan, KeyValue, SpanId, TraceId, Tracer};

use super::{CommandSeen, TransitionSeen};

fn at(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(time.as_micros())
}

/// The trace of one life: a call's is its id, a conference incarnation has one of its own.
pub(super) fn trace_of(address: &Address, incarnation: u64) -> TraceId {
    match address {
        Address::Call(session) => ids::trace_of_call(session.as_str()),
        Address::Conference(_) | Address::Sms(_) | Address::Queue(_) => {
            ids::trace_of_incarnation(&address.to_string(), incarnation)
        }
    }
}

/// Children use it as parent from the first moment; it is exported when the life ends.
fn root_of(address: &Address, incarnation: u64) -> SpanId {
    match address {
        Address::Call(session) => ids::root_span(session.as_str()),
        Address::Conference(_) | Address::Sms(_) | Address::Queue(_) => {
            place(address, incarnation, 0, 0, "root")
        }
    }
}

fn place(address: &Address, incarnation: u64, seq: u64, index: u32, kind: &str) -> SpanId {
    ids::span_at(SpanPlace {
        address: &address.to_string(),
        incarnation,
        seq,
        index,
        kind,
    })
}

pub(super) fn transition(tracer: &Tracer, seen: &TransitionSeen<'_>) {
    let record = seen.record;
    let (address, incarnation) = (&record.address, record.incarnation);
    let trace = trace_of(address, incarnation);
    if !tracer.records(trace) {
        return;
    }
    let root = root_of(address, incarnation);
    let applied = place(address, incarnation, record.seq, 0, "apply");
    let begin = at(record.at) - seen.waited;
    let durable = at(record.at) + seen.journalled;
    let parent = match &record.cause {
        Input::Event { event, .. } => {
            let webhook = place(address, incarnation, record.seq, 0, "webhook");
            let kind = event_name(&record.cause);
            tracer.emit(
                FinishedSpan::new(trace, webhook, format!("webhook {kind}"), begin, durable)
                    .child_of(root)
                    .server()
                    .with(name::WEBHOOK_EVENT_TYPE, kind)
                    .with(name::WEBHOOK_EVENT_ID, event.id.to_string()),
            );
            webhook
        }
        _ => root,
    };
    let apply = FinishedSpan::new(
        trace,
        applied,
        format!("{}.apply", address.kind()),
        begin,
        durable,
    )
    .child_of(parent)
    .with(name::ENTITY_ADDRESS, address.to_string())
    .with(name::JOURNAL_SEQ, i64::try_from(record.seq).unwrap_or(i64::MAX))
    .with(
        name::CALL_TRANSITION,
        format!("{} -> {}", seen.phase_before, seen.phase_after),
    )
    .with("input.kind", record.cause.label())
    .with(
        name::MAILBOX_WAIT_US,
        i64::try_from(seen.waited.as_micros()).unwrap_or(i64::MAX),
    );
    tracer.emit(match partner(&record.cause) {
        Some((other, incarnation)) => {
            apply.linked_to(trace_of(other, incarnation), root_of(other, incarnation))
        }
        None => apply,
    });
    let append = place(address, incarnation, record.seq, 0, "append");
    tracer.emit(
        FinishedSpan::new(trace, append, "journal.append", at(record.at), durable)
            .child_of(applied)
            .with(
                name::JOURNAL_RECORD_SIZE,
                i64::try_from(record.state.len()).unwrap_or(i64::MAX),
            ),
    );
    phases(tracer, seen, trace, root);
    endings(tracer, seen);
}

/// The life in another trace that this message came from: a conference and its calls point at each other.
fn partner(cause: &Input) -> Option<(&Address, u64)> {
    match cause {
        Input::Message {
            from,
            body: Message::Joined { incarnation, .. },
            ..
        } => Some((from, *incarnation)),
        // A call lives once.
        Input::Message {
            from,
            body: Message::JoinRequest { .. },
            ..
        } => Some((from, 1)),
        _ => None,
    }
}

/// A phase is exported as it ends; a short span says that a life began.
fn phases(tracer: &Tracer, seen: &TransitionSeen<'_>, trace: TraceId, root: SpanId) {
    let record = seen.record;
    let (address, incarnation) = (&record.address, record.incarnation);
    let began = seen.before.1.began_at.is_none() && seen.after.1.began_at.is_some();
    if began || seen.before.0 != seen.after.0 {
        let id = place(address, incarnation, record.seq, 0, "started");
        let span = FinishedSpan::new(
            trace,
            id,
            format!("{} started", address.kind()),
            at(record.at),
            at(record.at),
        );
        tracer.emit(
            span.child_of(root)
                .with(name::ENTITY_ADDRESS, address.to_string())
                .with_some(name::CALL_FLOW, seen.after.1.flow.clone()),
        );
    }
    let quiet = matches!(seen.phase_before, "unborn" | "idle");
    if seen.phase_before != seen.phase_after && !quiet && seen.before.0 == seen.after.0 {
        let id = place(address, incarnation, record.seq, 0, "phase");
        let span = FinishedSpan::new(trace, id, seen.phase_before, at(seen.phase_since), at(record.at));
        tracer.emit(span.child_of(root).with(name::CALL_STATE, seen.phase_before));
    }
}

/// The root: its true start, its true end, and why.
fn endings(tracer: &Tracer, seen: &TransitionSeen<'_>) {
    let record = seen.record;
    for effect in &record.effects {
        let Effect::Ended { reason } = effect else {
            continue;
        };
        // A room may end one conference and begin the next in one transition: the story before is the ended one's.
        let (incarnation, story) = match seen.before.1.began_at {
            Some(_) => (seen.before.0, &seen.before.1),
            None => (seen.after.0, &seen.after.1),
        };
        let ended = if incarnation == seen.after.0 {
            &seen.after.1
        } else {
            story
        };
        root_span(
            tracer,
            record.at,
            &record.address,
            incarnation,
            *reason,
            story,
            ended,
        );
    }
}

fn root_span(
    tracer: &Tracer,
    ended_at: Timestamp,
    address: &Address,
    incarnation: u64,
    reason: EndReason,
    story: &Story,
    ended: &Story,
) {
    let trace = trace_of(address, incarnation);
    let started = story.began_at.unwrap_or(ended_at);
    let span = FinishedSpan::new(
        trace,
        root_of(address, incarnation),
        address.kind(),
        at(started),
        at(ended_at),
    )
    .with(name::ENTITY_ADDRESS, address.to_string())
    .with(name::CALL_END_REASON, reason.label())
    .with_some(name::CALL_FLOW, ended.flow.clone())
    .with_some(name::CALL_HANGUP_CAUSE, ended.hangup_cause)
    .with_some(name::CALL_HANGUP_SOURCE, ended.hangup_source);
    let span = match address {
        Address::Call(session) => span.with(name::CALL_ID, session.to_string()),
        Address::Conference(room) => span.with(name::CONFERENCE_NAME, room.to_string()),
        Address::Sms(_) | Address::Queue(_) => span,
    };
    tracer.emit(if reason.is_failure() {
        span.failed(reason.label())
    } else {
        span
    });
}

pub(super) fn command(tracer: &Tracer, carrier: &'static str, seen: &CommandSeen<'_>) {
    let (address, seq) = (&seen.key.address, seen.key.seq);
    let trace = trace_of(address, seen.incarnation);
    if !tracer.records(trace) {
        return;
    }
    let id = place(address, seen.incarnation, seq, seen.key.index, "command");
    let parent = place(address, seen.incarnation, seq, 0, "apply");
    let command = seen.issued.command.name();
    let outcome = seen.outcome.map_or("proven_by_event", Outcome::label);
    let queued_ms = i64::try_from(seen.began.since(seen.queued_at).as_millis()).unwrap_or(i64::MAX);
    let span = FinishedSpan::new(
        trace,
        id,
        format!("command {command}"),
        at(seen.began),
        at(seen.ended),
    )
    .child_of(parent)
    .client()
    .with(name::CARRIER_NAME, carrier)
    .with(name::COMMAND_NAME, command)
    .with(name::COMMAND_ID, seen.issued.id.to_string())
    .with(name::COMMAND_OUTCOME, outcome)
    .with(name::COMMAND_QUEUED_MS, queued_ms)
    .with(
        name::COMMAND_ATTEMPT,
        i64::try_from(seen.attempts.len()).unwrap_or(i64::MAX),
    );
    let span = seen.attempts.iter().fold(span, |span, attempt| {
        let took = i64::try_from(attempt.ended.since(attempt.started).as_millis()).unwrap_or(i64::MAX);
        let particulars = vec![
            KeyValue::new("attempt.result", attempt.result),
            KeyValue::new("attempt.took_ms", took),
        ];
        span.event("attempt", at(attempt.started), particulars)
    });
    let span = match seen.outcome {
        Some(Outcome::Refused(refusal)) => span
            .with_some(name::CARRIER_ERROR_CODE, refusal.code.clone())
            .with(name::ERROR_TYPE, refusal.kind.label())
            .failed(refusal.kind.label()),
        Some(Outcome::Unknown { .. }) => span.with(name::ERROR_TYPE, "unknown").failed("outcome unknown"),
        Some(Outcome::Accepted(_) | Outcome::Cancelled) | None => span,
    };
    tracer.emit(span);
}

/// The carrier-neutral name of the event in a cause; bounded.
fn event_name(cause: &Input) -> &'static str {
    match cause {
        Input::Event { event, .. } => event.body.label(),
        _ => "none",
    }
}
