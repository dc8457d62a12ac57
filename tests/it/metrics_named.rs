//! What alerts, dashboards and pages of documentation name is a metric that the program has.

use std::collections::BTreeSet;

use cordboard_observability::metrics::Metrics;

const NAMERS: [(&str, &str); 5] = [
    (
        "alerts.yml",
        include_str!("../../deploy/observability/alerts.yml"),
    ),
    (
        "cordboard.json",
        include_str!("../../deploy/observability/grafana/cordboard.json"),
    ),
    ("observability.md", include_str!("../../docs/observability.md")),
    ("operating.md", include_str!("../../docs/operating.md")),
    ("README.md", include_str!("../../README.md")),
];

/// What the text format adds to a family's name.
const SUFFIXES: [&str; 5] = ["_bucket", "_count", "_sum", "_total", "_info"];

/// Words that begin like a metric and are none: a crate, the beginning of several.
const OTHERS: [&str; 2] = ["cordboard_actors", "cordboard_calls"];

/// Families with labels are shown once something was counted.
fn one_of_each() -> Metrics {
    let metrics = Metrics::default();
    let _ = metrics.webhooks.received.handle(["x", "x"]);
    let _ = metrics.webhooks.rejected.handle(["x"]);
    let _ = metrics.webhooks.shed.handle(["x"]);
    let _ = metrics.commands.settled.handle(["x", "x"]);
    let _ = metrics.commands.attempts.handle(["x", "x"]);
    let _ = metrics.commands.retries.handle(["x"]);
    let _ = metrics.calls.started.handle(["x"]);
    let _ = metrics.calls.ended.handle(["x"]);
    metrics.calls.in_state.add(["x", "x"], 1);
    let _ = metrics.conferences.ended.handle(["x"]);
    let _ = metrics.messages.statuses.handle(["x", "x"]);
    let _ = metrics.reconciler.findings.handle(["x"]);
    metrics.queues.show("x", 1, &[("free", 1)]);
    metrics
}

fn words(text: &str) -> BTreeSet<&str> {
    let part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.split(|character| !part(character))
        .filter(|word| word.starts_with("cordboard_") && !OTHERS.contains(word))
        .collect()
}

#[test]
fn every_metric_that_is_named_somewhere_exists() {
    let page = one_of_each().encode();
    let families: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(families.len() > 30, "{families:?}");
    for (file, text) in NAMERS {
        for word in words(text) {
            let plain = SUFFIXES.iter().find_map(|suffix| word.strip_suffix(suffix));
            let known = families.contains(word) || plain.is_some_and(|plain| families.contains(plain));
            assert!(known, "{file} names {word}, which no metric is called");
        }
    }
}
