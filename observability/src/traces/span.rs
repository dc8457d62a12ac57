//! A span that is over: everything the collector will be told about it.
//!
//! Built by callers, turned into the SDK's own shape on its way out. Values must already be fit to be seen:
//! masked, escaped, bounded ([`crate::redact`]).

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::borrow::Cow;
use std::time::SystemTime;

/// A finished span with its ids and times.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedSpan {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id; never used for two different spans.
    pub span_id: SpanId,
    /// The span that caused it; none for a root.
    pub parent: Option<SpanId>,
    /// Few different names, such as `command answer`; particulars are attributes.
    pub name: Cow<'static, str>,
    /// Side of a conversation that it stands for.
    pub kind: SpanKind,
    /// When it began.
    pub start: SystemTime,
    /// When it was over.
    pub end: SystemTime,
    /// Named values, see [`crate::attributes`].
    pub attributes: Vec<KeyValue>,
    /// What happened in between.
    pub events: Vec<SpanEvent>,
    /// Spans of other traces that belong to the story.
    pub links: Vec<(TraceId, SpanId)>,
    /// Unset unless it failed or was expressly well.
    pub status: Status,
}

/// A moment within a span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEvent {
    /// What happened.
    pub name: Cow<'static, str>,
    /// When.
    pub at: SystemTime,
    /// Particulars.
    pub attributes: Vec<KeyValue>,
}

impl FinishedSpan {
    /// An internal span without parent, attributes or status.
    #[must_use]
    pub fn new(
        trace_id: TraceId,
        span_id: SpanId,
        name: impl Into<Cow<'static, str>>,
        start: SystemTime,
        end: SystemTime,
    ) -> Self {
        Self {
            trace_id,
            span_id,
            parent: None,
            name: name.into(),
            kind: SpanKind::Internal,
            start,
            end,
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            status: Status::Unset,
        }
    }

    /// Sets the span that caused this one.
    #[must_use]
    pub fn child_of(mut self, parent: SpanId) -> Self {
        self.parent = Some(parent);
        self
    }

    /// Marks it as the answering side of a request.
    #[must_use]
    pub fn server(mut self) -> Self {
        self.kind = SpanKind::Server;
        self
    }

    /// Marks it as the asking side of a request.
    #[must_use]
    pub fn client(mut self) -> Self {
        self.kind = SpanKind::Client;
        self
    }

    /// Adds one attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push(KeyValue::new(name, value));
        self
    }

    /// Adds one attribute if there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a moment.
    #[must_use]
    pub fn event(
        mut self,
        name: impl Into<Cow<'static, str>>,
        at: SystemTime,
        attributes: Vec<KeyValue>,
    ) -> Self {
        self.events.push(SpanEvent {
            name: name.into(),
            at,
            attributes,
        });
        self
    }

    /// Points to a span of another trace.
    #[must_use]
    pub fn linked_to(mut self, trace_id: TraceId, span_id: SpanId) -> Self {
        self.links.push((trace_id, span_id));
        self
    }

    /// Marks it as failed, in words fit to be seen.
    #[must_use]
    pub fn failed(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.status = Status::error(description);
        self
    }

    pub(super) fn into_sdk(self, scope: &InstrumentationScope) -> SpanData {
        let mut events = SpanEvents::default();
        events.events = self
            .events
            .into_iter()
            .map(|event| Event::new(event.name, event.at, event.attributes, 0))
            .collect();
        let mut links = SpanLinks::default();
        links.links = self
            .links
            .into_iter()
            .map(|(trace, span)| Link::with_context(sampled(trace, span)))
            .collect();
        SpanData {
            span_context: sampled(self.trace_id, self.span_id),
            parent_span_id: self.parent.unwrap_or(SpanId::INVALID),
            parent_span_is_remote: false,
            span_kind: self.kind,
            name: self.name,
            start_time: self.start,
            // Two nodes' clocks can disagree; a span that ends before it begins is refused by some collectors.
            end_time: self.end.max(self.start),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events,
            links,
            status: self.status,
            instrumentation_scope: scope.clone(),
        }
    }
}

/// The processor passes on sampled spans only, and the decision has been made by now.
fn sampled(trace_id: TraceId, span_id: SpanId) -> SpanContext {
    SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, false, TraceState::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_span_keeps_its_ids_and_times() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let (trace, own, parent) = (TraceId::from(1), SpanId::from(2), SpanId::from(3));
        let span = FinishedSpan::new(trace, own, "call", at(100), at(160))
            .child_of(parent)
            .client()
            .with("call.id", "c")
            .with_some("call.leg", None::<&'static str>)
            .event("attempt", at(101), vec![KeyValue::new("command.attempt", 1)])
            .linked_to(TraceId::from(9), SpanId::from(8))
            .failed("busy")
            .into_sdk(&InstrumentationScope::default());
        assert_eq!(
            (span.span_context.trace_id(), span.span_context.span_id()),
            (trace, own)
        );
        assert_eq!((span.parent_span_id, span.span_kind), (parent, SpanKind::Client));
        assert_eq!((span.start_time, span.end_time), (at(100), at(160)));
        assert_eq!(span.attributes, [KeyValue::new("call.id", "c")]);
        assert_eq!(span.events[0].timestamp, at(101));
        assert_eq!(span.links[0].span_context.trace_id(), TraceId::from(9));
        assert_eq!(span.status, Status::error("busy"));
        assert!(span.span_context.is_sampled());
    }

    #[test]
    fn a_span_never_ends_before_it_begins() {
        let start = UNIX_EPOCH + Duration::from_secs(5);
        let span = FinishedSpan::new(TraceId::from(1), SpanId::from(2), "call", start, UNIX_EPOCH);
        assert_eq!(span.into_sdk(&InstrumentationScope::default()).end_time, start);
    }
}
