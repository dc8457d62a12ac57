//! Spans kept in memory, in the order in which they were emitted.
//!
//! For tests of whoever emits spans, and for nothing else: it grows without a bound.

use super::{FinishedSpan, SpanId};
use std::sync::{Arc, Mutex, PoisonError};

/// What a [`super::Tracer::remembering`] was given. Clones look at the same spans.
#[derive(Clone, Debug, Default)]
pub struct SpanMemory {
    spans: Arc<Mutex<Vec<FinishedSpan>>>,
}

impl SpanMemory {
    /// All spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<FinishedSpan> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Span ids that stand for two *different* spans; emitting one span again is allowed.
    #[must_use]
    pub fn contradictions(&self) -> Vec<SpanId> {
        let spans = self.spans();
        let contradicts = |(place, span): (usize, &FinishedSpan)| {
            spans[..place]
                .iter()
                .any(|earlier| earlier.span_id == span.span_id && earlier != span)
        };
        spans
            .iter()
            .enumerate()
            .filter(|entry| contradicts(*entry))
            .map(|(_, span)| span.span_id)
            .collect()
    }

    pub(super) fn keep(&self, span: FinishedSpan) {
        self.spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(span);
    }
}

#[cfg(test)]
mod tests {
    use crate::traces::{FinishedSpan, SpanId, TraceId, Tracer};
    use std::time::UNIX_EPOCH;

    #[test]
    fn spans_are_kept_in_order_and_contradictions_are_found() {
        let (tracer, memory) = Tracer::remembering();
        let span = |id, name: &'static str| {
            FinishedSpan::new(TraceId::from(1), SpanId::from(id), name, UNIX_EPOCH, UNIX_EPOCH)
        };
        assert!(tracer.enabled() && tracer.records(TraceId::from(1)));
        for (id, name) in [(1, "call"), (2, "phase"), (1, "call")] {
            tracer.emit(span(id, name));
        }
        assert_eq!(memory.spans().len(), 3);
        assert_eq!(
            memory.contradictions(),
            [],
            "the same span twice is no contradiction"
        );
        tracer.emit(span(2, "command"));
        assert_eq!(memory.contradictions(), [SpanId::from(2)]);
        assert_eq!(memory.spans()[1].name, "phase");
    }
}
