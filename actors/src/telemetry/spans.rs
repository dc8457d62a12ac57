//! The spans of a record: what happened, how long it waited, what it changed, which errands it settled.
//!
//! Everything here follows from the record and the one before it, so that a restart tells the same story in the same
//! bytes. What only this process can know, when the record became durable, is in [`append`] alone: a leaf that is told
//! once or never.

use std::time::Duration;

use cordboard_core::{Address, Effect, Input, Message};
use cordboard_observability::attributes as name;
use cordboard_observability::traces::{FinishedSpan, SpanId, TraceId};

use super::place::{at, place, root_of, text, trace_of, whole};
use super::turn::Phases;
use super::{errands, events, life, texts};
use crate::journal::Record;

/// Every span that follows from a record.
pub(super) fn told_by(record: &Record, phases: &Phases, carrier: &'static str) -> Vec<FinishedSpan> {
    let mut spans = Vec::with_capacity(4);
    match &record.address {
        Address::Sms(_) => texts::told_by(record, &mut spans),
        Address::Call(_) | Address::Conference(_) | Address::Queue(_) => {
            let place = Place::of_life(record);
            applied(record, &place, Some(phases), &mut spans);
            life::told_by(record, phases, place.trace, place.root, &mut spans);
        }
    }
    errands::told_by(record, carrier, &mut spans);
    spans
}

/// The wait for the disk, under every transition that the record stands for.
pub(super) fn append(record: &Record, durable_after: Duration) -> Vec<FinishedSpan> {
    let places = match &record.address {
        Address::Sms(_) => texts::places(record),
        Address::Call(_) | Address::Conference(_) | Address::Queue(_) => vec![Place::of_life(record)],
    };
    let (begun, durable) = (at(record.at) + handled(record), at(record.at) + durable_after);
    let span = |place: Place| {
        FinishedSpan::new(
            place.trace,
            place.id(record, "append"),
            "journal.append",
            begun,
            durable,
        )
        .child_of(place.id(record, "apply"))
        .with(name::JOURNAL_SEQ, whole(record.seq))
        .with(name::JOURNAL_RECORD_SIZE, whole(record.state.len() as u64))
    };
    places.into_iter().map(span).collect()
}

/// The trace in which a transition is told, and how its spans' ids are kept apart from those of the same record in
/// other traces.
pub(super) struct Place {
    pub(super) trace: TraceId,
    pub(super) root: SpanId,
    /// The text that it is about.
    pub(super) text: Option<String>,
}

impl Place {
    fn of_life(record: &Record) -> Self {
        let (address, incarnation) = (&record.address, record.incarnation);
        Self {
            trace: trace_of(address, incarnation),
            root: root_of(address, incarnation),
            text: None,
        }
    }

    pub(super) fn of_text(record: &Record, key: &str) -> Self {
        let (trace, root) = text(&record.address, key);
        Self {
            trace,
            root,
            text: Some(key.to_owned()),
        }
    }

    pub(super) fn id(&self, record: &Record, kind: &str) -> SpanId {
        id(
            &record.address,
            record.incarnation,
            record.seq,
            kind,
            self.text.as_deref(),
        )
    }
}

/// The span of this kind of one transition.
pub(super) fn id(address: &Address, incarnation: u64, seq: u64, kind: &str, text: Option<&str>) -> SpanId {
    match text {
        Some(key) => place(address, incarnation, seq, 0, &format!("{kind}\n{key}")),
        None => place(address, incarnation, seq, 0, kind),
    }
}

pub(super) fn handled(record: &Record) -> Duration {
    let witnessed = record.witnessed.as_ref();
    Duration::from_micros(witnessed.map_or(0, |witnessed| witnessed.handled_us))
}

pub(super) fn waited(record: &Record) -> Duration {
    let witnessed = record.witnessed.as_ref();
    Duration::from_micros(witnessed.map_or(0, |witnessed| witnessed.waited_us))
}

/// The transition, under the webhook that brought it: the webhook begins when it came, the transition when its turn
/// came, so the wait in the mailbox is the gap between.
pub(super) fn applied(
    record: &Record,
    place: &Place,
    phases: Option<&Phases>,
    spans: &mut Vec<FinishedSpan>,
) {
    let turn = at(record.at);
    let end = turn + handled(record);
    let arrived = turn.checked_sub(waited(record)).unwrap_or(turn);
    let mut parent = place.root;
    if let Input::Event { event, .. } = &record.cause {
        parent = place.id(record, "webhook");
        let kind = event.body.label();
        let webhook = FinishedSpan::new(place.trace, parent, format!("webhook {kind}"), arrived, end);
        spans.push(
            webhook
                .child_of(place.root)
                .server()
                .with(name::WEBHOOK_EVENT_TYPE, kind)
                .with(name::WEBHOOK_EVENT_ID, event.id.to_string()),
        );
    }
    let label = format!("{}.apply", record.address.kind());
    let mut apply = FinishedSpan::new(place.trace, place.id(record, "apply"), label, turn, end)
        .child_of(parent)
        .with(name::ENTITY_ADDRESS, record.address.shown())
        .with(name::JOURNAL_SEQ, whole(record.seq))
        .with(name::INPUT_KIND, record.cause.label())
        .with(
            name::MAILBOX_WAIT_US,
            whole(u64::try_from(waited(record).as_micros()).unwrap_or(u64::MAX)),
        );
    if let Some(Phases { before, after }) = phases {
        let change = format!("{} -> {}", before.phase, after.phase);
        apply = apply.with(name::CALL_TRANSITION, change);
    }
    for (trace, root) in partners(record) {
        apply = apply.linked_to(trace, root);
    }
    apply = events::of_facts(record, place.text.as_deref(), apply);
    if let Input::Quarantined { input, .. } = &record.cause {
        apply = apply
            .with(name::ERROR_TYPE, "quarantined")
            .failed(format!("a {input} panicked"));
    }
    spans.push(apply);
}

/// Lives in other traces that this turn heard of or turned to: a conference and its calls, a call and its texts point
/// at each other.
fn partners(record: &Record) -> Vec<(TraceId, SpanId)> {
    let life =
        |address: &Address, incarnation| (trace_of(address, incarnation), root_of(address, incarnation));
    let mut found = Vec::new();
    if let Input::Message { from, body, .. } = &record.cause {
        match body {
            Message::Joined { incarnation, .. } => found.push(life(from, *incarnation)),
            // A call lives once.
            Message::JoinRequest { .. } | Message::TextRequest { .. } | Message::ToQueue { .. } => {
                found.push(life(from, 1));
            }
            Message::TextResult { key, .. } => found.push(text(from, key.as_str())),
            Message::LegGone { .. }
            | Message::Forwarded(_)
            | Message::JoinFailed { .. }
            | Message::FromQueue { .. }
            | Message::Left { .. } => {}
        }
    }
    for effect in &record.effects {
        if let Effect::Send {
            to,
            body: Message::TextRequest { key, .. },
        } = effect
        {
            found.push(text(to, key.as_str()));
        }
    }
    found
}
