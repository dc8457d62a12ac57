//! What `/metrics` serves, read line by line.
#![allow(clippy::unwrap_used)]

use super::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// A board on which every kind of metric has counted something.
fn used() -> Metrics {
    let metrics = Metrics::new(&BuildVersion {
        version: "1.2.3".to_owned(),
        revision: "abc".to_owned(),
    });
    metrics.webhooks.received.inc(["call.answered", "applied"]);
    metrics.webhooks.rejected.inc(["bad_signature"]);
    metrics.webhooks.shed.inc(["new_call"]);
    metrics.webhooks.in_flight.inc();
    metrics.webhooks.deduplicated.inc();
    metrics
        .webhooks
        .ack_duration
        .observe(Duration::from_micros(1_500));
    metrics
        .webhooks
        .to_command_duration
        .observe(Duration::from_millis(3));
    metrics.journal.committed(17);
    metrics
        .journal
        .append_duration
        .observe(Duration::from_micros(300));
    metrics.commands.settled.inc(["answer", "accepted"]);
    metrics.commands.attempts.inc(["answer", "accepted"]);
    metrics.commands.outbox_queued.set(4);
    metrics.calls.live.inc();
    metrics.calls.started.inc(["incoming"]);
    metrics.calls.ended.inc(["caller_hung_up"]);
    metrics.conferences.created.inc();
    metrics.actors.mailbox_wait.observe(Duration::from_micros(20));
    metrics.reconciler.findings.inc(["unknown_leg"]);
    metrics.messages.statuses.inc(["outgoing", "delivered"]);
    metrics
}

/// Splits `name{labels} value` and checks each part.
fn parse_sample(line: &str) -> (String, f64) {
    let (series, value) = line
        .rsplit_once(' ')
        .unwrap_or_else(|| panic!("no value: {line}"));
    let name = series.split('{').next().unwrap();
    assert!(
        name.chars().all(|character| character.is_ascii_lowercase()
            || character.is_ascii_digit()
            || character == '_'),
        "name of {line}"
    );
    if let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) {
        let inside = labels.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        for label in inside.unwrap_or_else(|| panic!("brackets of {line}")).split(',') {
            let (key, quoted) = label.split_once('=').unwrap_or_else(|| panic!("label of {line}"));
            assert!(
                !key.is_empty() && quoted.starts_with('"') && quoted.ends_with('"'),
                "label of {line}"
            );
        }
    }
    (
        name.to_owned(),
        value.parse().unwrap_or_else(|_| panic!("value of {line}")),
    )
}

#[test]
fn every_line_of_the_page_parses_and_every_name_is_ours() {
    let page = used().encode();
    let mut lines = page.lines().peekable();
    let mut samples = 0;
    while let Some(line) = lines.next() {
        if line == "# EOF" {
            assert!(lines.peek().is_none(), "nothing may follow the end");
        } else if let Some(comment) = line.strip_prefix("# ") {
            let (keyword, rest) = comment.split_once(' ').unwrap();
            assert!(["HELP", "TYPE", "UNIT"].contains(&keyword), "{line}");
            assert!(rest.starts_with("cordboard_"), "{line}");
        } else {
            let (name, _) = parse_sample(line);
            assert!(name.starts_with("cordboard_"), "{line}");
            samples += 1;
        }
    }
    assert!(page.ends_with("# EOF\n"));
    assert!(samples > 100, "{samples} samples");
}

#[test]
fn names_follow_the_conventions() {
    let page = used().encode();
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with("# TYPE ")) {
        let mut words = line.split(' ').skip(2);
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        assert!(seen.insert(name.to_owned()), "{name} is registered twice");
        assert!(!name.ends_with("_total"), "the format adds it to {name}");
        match kind {
            "histogram" => assert!(
                name.ends_with("_seconds") || name == "cordboard_journal_batch_records",
                "{name}"
            ),
            "counter" | "gauge" | "info" => {}
            other => panic!("{name} is a {other}"),
        }
    }
}

#[test]
fn counts_appear_under_their_names() {
    let page = used().encode();
    for line in [
        r#"cordboard_webhooks_total{event_type="call.answered",result="applied"} 1"#,
        r#"cordboard_webhooks_rejected_total{reason="bad_signature"} 1"#,
        "cordboard_webhooks_deduplicated_total 1",
        r#"cordboard_requests_shed_total{gate="new_call"} 1"#,
        "cordboard_webhooks_in_flight 1",
        r#"cordboard_webhook_ack_duration_seconds_bucket{le="0.0025"} 1"#,
        r#"cordboard_webhook_ack_duration_seconds_bucket{le="0.001"} 0"#,
        "cordboard_journal_batch_records_sum 17.0",
        "cordboard_journal_records_total 17",
        r#"cordboard_commands_total{command="answer",outcome="accepted"} 1"#,
        "cordboard_outbox_queued_commands 4",
        "cordboard_calls_live 1",
        r#"cordboard_calls_ended_total{reason="caller_hung_up"} 1"#,
        r#"cordboard_spans_total{result="dropped_queue_full"} 0"#,
        r#"cordboard_build_info{version="1.2.3",revision="abc"} 1"#,
    ] {
        assert!(page.lines().any(|found| found == line), "missing: {line}\n{page}");
    }
}

#[test]
fn clones_count_into_one_registry() {
    let metrics = Metrics::default();
    let elsewhere = metrics.clone();
    std::thread::spawn(move || elsewhere.calls.started.inc(["incoming"]))
        .join()
        .unwrap();
    assert_eq!(metrics.calls.started.value(["incoming"]), 1);
}
