//! The trace of a call: found by its id, whole, and told the same way twice.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use cordboard::app::Surroundings;
use cordboard_observability::attributes::CALL_ID;
use cordboard_observability::traces::{FinishedSpan, SpanKind, Status, Tracer};
use cordboard_simulator::ConferenceScenario;

use crate::program::Program;

async fn spans_of_a_calm_run() -> Vec<FinishedSpan> {
    let (tracer, memory) = Tracer::remembering();
    let around = Surroundings {
        tracer,
        ..Surroundings::default()
    };
    let program = Program::with("", around).await;
    let scenario = ConferenceScenario {
        conferences: 2,
        callers_per_conference: 3,
        hold: Duration::from_secs(1),
        arrival_spread: Duration::from_millis(500),
        ..ConferenceScenario::default()
    };
    let report = program.run(scenario).await;
    assert_eq!(report.calls.completed, 6);
    program.stop().await;
    assert_eq!(memory.contradictions(), [], "one id never stands for two spans");
    memory.spans()
}

fn attribute(span: &FinishedSpan, name: &str) -> Option<String> {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_one_whole_trace_under_its_own_id() {
    let spans = spans_of_a_calm_run().await;
    let mut traces: BTreeMap<String, Vec<&FinishedSpan>> = BTreeMap::new();
    for span in &spans {
        traces.entry(span.trace_id.to_string()).or_default().push(span);
    }
    assert_eq!(traces.len(), 8, "six calls, two conferences");
    let mut calls = 0;
    for (trace, spans) in &traces {
        let known: HashSet<_> = spans.iter().map(|span| span.span_id).collect();
        let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_none()).collect();
        assert_eq!(roots.len(), 1, "{trace}: {roots:#?}");
        for span in spans {
            assert!(
                span.parent.is_none_or(|parent| known.contains(&parent)),
                "{trace}: {span:#?}"
            );
            assert!(span.start <= span.end, "{span:#?}");
        }
        if roots[0].name != "call" {
            assert_eq!(roots[0].name, "conference");
            continue;
        }
        calls += 1;
        let session = attribute(roots[0], CALL_ID).unwrap();
        assert_eq!(*trace, session.replace('-', ""), "found by pasting the call's id");
        is_a_whole_call(spans);
    }
    assert_eq!(calls, 6);
}

fn is_a_whole_call(spans: &[&FinishedSpan]) {
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_ref()).collect();
    for wanted in [
        "call",
        "call started",
        "call.apply",
        "journal.append",
        "command answer",
        "webhook call.initiated",
        "webhook call.hangup",
    ] {
        assert!(names.contains(wanted), "{wanted} is not among {names:?}");
    }
    for span in spans {
        let kind = match span.name.split(' ').next().unwrap() {
            "webhook" => SpanKind::Server,
            "command" => SpanKind::Client,
            _ => SpanKind::Internal,
        };
        assert_eq!(span.kind, kind, "{}", span.name);
        assert!(!matches!(span.status, Status::Error { .. }), "{span:#?}");
    }
}
