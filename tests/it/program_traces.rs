//! The trace of a call: found by its id, whole, and told the same way twice.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use cordboard::app::Surroundings;
use cordboard_actors::telemetry::{Retelling, Telemetry};
use cordboard_core::Timestamp;
use cordboard_observability::attributes::CALL_ID;
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::{FinishedSpan, SpanKind, Status, Tracer};
use cordboard_simulator::ConferenceScenario;
use serde_json::json;

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

/// What only the process that wrote a record can know: told once or never.
const TOLD_ONCE: &str = "journal.append";

fn by_id(spans: Vec<FinishedSpan>) -> BTreeMap<String, FinishedSpan> {
    let kept = spans.into_iter().filter(|span| span.name != TOLD_ONCE);
    kept.map(|span| (format!("{}/{}", span.trace_id, span.span_id), span))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_tells_from_the_journal_what_was_told_while_it_happened() {
    let (tracer, told) = Tracer::remembering();
    let around = Surroundings {
        tracer,
        ..Surroundings::default()
    };
    let settings = "[messages]\nper_minute = 6000\n[[number]]\nnumber = \"+15550200000\"\n";
    let program = Program::with(settings, around).await;
    let order = json!({ "to": "+15550100001", "text": "Your table is ready.", "key": "table-7" });
    let ordered = program
        .operator("POST", "/api/v1/messages", Some(&order.to_string()))
        .await;
    assert_eq!(ordered.status, 202, "{}", ordered.body);
    let scenario = ConferenceScenario {
        conferences: 1,
        callers_per_conference: 3,
        hold: Duration::from_millis(500),
        ..ConferenceScenario::default()
    };
    program.run(scenario).await;
    let journal = Arc::clone(&program.app.house().journal);
    let (again, retold) = Tracer::remembering();
    let telemetry = Telemetry::new(again, Metrics::default(), "telnyx");
    let end = Timestamp::from_micros(u64::MAX);
    let counts = Retelling::new(telemetry, Arc::clone(&journal))
        .tell(Timestamp::default(), end)
        .await
        .unwrap();
    let (told, retold) = (by_id(told.spans()), by_id(retold.spans()));
    assert_eq!(told.len() as u64, counts.spans, "{counts:?}");
    for (id, span) in &told {
        assert_eq!(retold.get(id), Some(span), "{id}");
    }
    let names: BTreeSet<&str> = told.values().map(|span| span.name.as_ref()).collect();
    for wanted in ["call", "conference", "sms", "command send_message", "sms.apply"] {
        assert!(names.contains(wanted), "{wanted} is not among {names:?}");
    }
    later_records_alone(&journal, &told).await;
    program.stop().await;
}

/// A reading that begins in the middle finds what was before it, and tells the same.
async fn later_records_alone(
    journal: &Arc<dyn cordboard_actors::journal::Journal>,
    told: &BTreeMap<String, FinishedSpan>,
) {
    let records = journal.since(0, 10_000).await.unwrap();
    let middle = records[records.len() / 2].1.at;
    let (again, retold) = Tracer::remembering();
    let telemetry = Telemetry::new(again, Metrics::default(), "telnyx");
    let counts = Retelling::new(telemetry, Arc::clone(journal))
        .tell(middle, Timestamp::from_micros(u64::MAX))
        .await
        .unwrap();
    assert!(
        counts.records >= 1 && counts.records < records.len() as u64,
        "{counts:?}"
    );
    for (id, span) in by_id(retold.spans()) {
        assert_eq!(told.get(&id), Some(&span), "{id}");
    }
}
