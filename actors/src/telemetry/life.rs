//! The spans of a call's or a conference's life: that it began, its phases, the steps of its flow, the whole.
//!
//! Phases and steps are told as they end, so a live call can be read; the root is told when the life is over, with its
//! true start and end.

use std::time::Duration;

use cordboard_core::fact::Fact;
use cordboard_core::{Address, Effect, EndReason, shown_way};
use cordboard_observability::attributes as name;
use cordboard_observability::traces::{FinishedSpan, SpanId, TraceId};

use super::place::{at, place, root_of, trace_of};
use super::turn::{Moment, Phases};
use crate::journal::Record;

/// Ways out of a step with which somebody did not get whom he wanted.
const FAILED_WAYS: [&str; 4] = ["busy", "no_answer", "rejected", "failed"];

/// States in which there is no life yet.
const BEFORE_LIFE: [&str; 2] = ["unborn", "idle"];

pub(super) fn told_by(
    record: &Record,
    phases: &Phases,
    trace: TraceId,
    root: SpanId,
    spans: &mut Vec<FinishedSpan>,
) {
    let Phases { before, after } = phases;
    let began = before.story.began_at.is_none() && after.story.began_at.is_some();
    if began || before.incarnation != after.incarnation {
        spans.push(started(record, after, trace, root));
    }
    let another = before.phase != after.phase && before.incarnation == after.incarnation;
    if another && !BEFORE_LIFE.contains(&before.phase) {
        let id = place(&record.address, record.incarnation, record.seq, 0, "phase");
        let span = FinishedSpan::new(trace, id, before.phase, at(before.since), at(record.at));
        spans.push(span.child_of(root).with(name::CALL_STATE, before.phase));
    }
    for (index, effect) in (0_u32..).zip(&record.effects) {
        match effect {
            Effect::Fact(fact) => spans.extend(step(record, index, fact, trace, root)),
            Effect::Ended { reason } => spans.push(whole_life(record, *reason, phases)),
            Effect::Command(_) | Effect::Send { .. } | Effect::Http(_) | Effect::Settle { .. } => {}
        }
    }
}

/// A short span that goes out at once.
fn started(record: &Record, after: &Moment, trace: TraceId, root: SpanId) -> FinishedSpan {
    let id = place(&record.address, record.incarnation, record.seq, 0, "started");
    let label = format!("{} started", record.address.kind());
    FinishedSpan::new(trace, id, label, at(record.at), at(record.at))
        .child_of(root)
        .with(name::ENTITY_ADDRESS, record.address.shown())
        .with_some(name::CALL_FLOW, after.story.flow.clone())
}

/// A step of the flow that the call left.
fn step(record: &Record, index: u32, fact: &Fact, trace: TraceId, root: SpanId) -> Option<FinishedSpan> {
    let Fact::StepTaken {
        step,
        kind,
        outcome,
        after_ms,
    } = fact
    else {
        return None;
    };
    let outcome = shown_way(outcome).to_owned();
    let id = place(&record.address, record.incarnation, record.seq, index, "step");
    let end = at(record.at);
    let start = end.checked_sub(Duration::from_millis(*after_ms)).unwrap_or(end);
    let span = FinishedSpan::new(trace, id, format!("step.{step}"), start, end)
        .child_of(root)
        .with(name::CALL_STEP, step.clone())
        .with(name::CALL_STEP_KIND, kind.clone())
        .with(name::CALL_STEP_OUTCOME, outcome.clone());
    Some(match FAILED_WAYS.contains(&outcome.as_str()) {
        true => span
            .with(name::ERROR_TYPE, outcome.clone())
            .failed(outcome.clone()),
        false => span,
    })
}

/// The root.
fn whole_life(record: &Record, reason: EndReason, phases: &Phases) -> FinishedSpan {
    // A room may end one conference and begin the next in one transition: the story before is the ended one's.
    let lived = match phases.before.story.began_at {
        Some(_) => &phases.before,
        None => &phases.after,
    };
    let last = match lived.incarnation == phases.after.incarnation {
        true => &phases.after.story,
        false => &lived.story,
    };
    let (address, incarnation) = (&record.address, lived.incarnation);
    let span = FinishedSpan::new(
        trace_of(address, incarnation),
        root_of(address, incarnation),
        address.kind(),
        at(lived.story.began_at.unwrap_or(record.at)),
        at(record.at),
    )
    .with(name::ENTITY_ADDRESS, address.shown())
    .with(name::CALL_END_REASON, reason.label())
    .with_some(name::CALL_FLOW, last.flow.clone())
    .with_some(name::CALL_HANGUP_CAUSE, last.hangup_cause)
    .with_some(name::CALL_HANGUP_SOURCE, last.hangup_source);
    let span = match address {
        Address::Call(session) => span.with(name::CALL_ID, session.to_string()),
        Address::Conference(room) => span.with(name::CONFERENCE_NAME, room.to_string()),
        Address::Sms(_) | Address::Queue(_) => span,
    };
    match reason.is_failure() {
        true => span.with(name::ERROR_TYPE, reason.label()).failed(reason.label()),
        false => span,
    }
}
