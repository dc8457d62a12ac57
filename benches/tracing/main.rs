//! What tracing costs: processor time per webhook with every call traced and with tracing off, then single operations.
//!
//! `cargo bench --bench tracing`, about a minute. Orchestrator, simulated carrier and a collector that takes everything
//! share this process, so the figures are for all of them; what differs between two runs is tracing.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod sink;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use cordboard::app::{App, Surroundings};
use cordboard::config::{Config, Secret};
use cordboard_observability::metrics::{Metrics, SpanCounters};
use cordboard_observability::traces::{
    FinishedSpan, ServiceIdentity, SpanId, TraceId, TraceSettings, Tracer,
};
use cordboard_simulator::{ConferenceScenario, Settings, Simulator};
use divan::Bencher;
use tokio_util::sync::CancellationToken;

/// Runs of each kind, in turns; the quietest counts, because whatever disturbs only adds.
const RUNS: usize = 4;
const CONFERENCES: usize = 60;
const CALLERS: usize = 5;

fn main() {
    // As a test it only has to compile and begin.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let collector = sink::listen();
    let (mut off, mut on) = (f64::MAX, f64::MAX);
    let mut spans = 0.0;
    for run in 1..=RUNS {
        let without = runtime.block_on(measure(None));
        let with = runtime.block_on(measure(Some(collector)));
        println!(
            "run {run}: {:.0} us off, {:.0} us on",
            without.per_webhook, with.per_webhook
        );
        (off, on) = (off.min(without.per_webhook), on.min(with.per_webhook));
        spans = with.spans;
    }
    println!();
    println!("processor time per webhook, carrier and callers included");
    println!("{:<28}{off:>10.1} us", "tracing off");
    println!("{:<28}{on:>10.1} us", "every call traced");
    println!(
        "{:<28}{:>10.1} us, {spans:.1} spans",
        "extra per webhook",
        on - off
    );
    println!();
    divan::main();
}

struct Measured {
    per_webhook: f64,
    /// Exported, per webhook.
    spans: f64,
}

/// Conferences of callers, from the first ring to the last span.
async fn measure(collector: Option<SocketAddr>) -> Measured {
    let metrics = Metrics::default();
    let tracer = tracer(collector, metrics.spans.clone());
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let config = config(&simulator);
    let around = Surroundings {
        metrics: metrics.clone(),
        tracer: tracer.clone(),
        ..Surroundings::default()
    };
    let app = App::start(&config, around).await.unwrap();
    simulator.set_webhook_url(app.webhook_url()).unwrap();
    let scenario = ConferenceScenario {
        conferences: CONFERENCES,
        callers_per_conference: CALLERS,
        hold: Duration::from_secs(1),
        ..ConferenceScenario::default()
    };
    let before = processor_time();
    simulator
        .run_conferences(scenario, CancellationToken::new())
        .await;
    assert!(simulator.quiesce(Duration::from_secs(60)).await);
    let _ = tracer.flush(Duration::from_secs(10)).await;
    let used = processor_time() - before;
    let report = simulator.report();
    assert_eq!(report.calls.completed, (CONFERENCES * CALLERS) as u64);
    assert_eq!(tracer.dropped(), 0, "what is dropped costs nothing");
    let webhooks = report.webhooks.acked as f64;
    let exported = metrics.spans.exported.get() as f64;
    app.stop().await;
    simulator.shutdown().await;
    Measured {
        per_webhook: used.as_secs_f64() * 1e6 / webhooks,
        spans: exported / webhooks,
    }
}

fn tracer(collector: Option<SocketAddr>, counters: SpanCounters) -> Tracer {
    let Some(collector) = collector else {
        return Tracer::disabled();
    };
    let identity = ServiceIdentity::new("bench", "bench");
    let endpoint = format!("http://{collector}");
    let variable = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone());
    Tracer::new(
        &TraceSettings::from_variables(identity, variable).unwrap(),
        counters,
    )
    .unwrap()
}

fn config(simulator: &Simulator) -> Config {
    let mut config = Config::from_toml(Path::new("the bench's settings"), "").unwrap();
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    (config.server.listen, config.operator.listen) = (loopback, loopback);
    config.server.shutdown_notice = Duration::ZERO;
    config.telnyx.base_url = simulator.base_url();
    config.telnyx.api_key = Some(Secret::new("bench"));
    config.client_state_secret = Some(Secret::new("bench"));
    config.telnyx.public_key = Some(simulator.public_key_base64());
    config.telnyx.connection_ids = vec![Settings::default().connection_id];
    config
}

/// User and system time of all threads. The kernel counts it in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name in brackets may have spaces; fields 14 and 15 are the 12th and 13th after it.
    let after = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn span() -> FinishedSpan {
    let now = SystemTime::now();
    FinishedSpan::new(TraceId::from(1), SpanId::from(2), "call.apply", now, now)
        .child_of(SpanId::from(3))
        .with("entity.address", "call:428c31b6-7af4-4bcb-b7f5-5013ef9657c1")
        .with("journal.seq", 7)
}

/// What every caller of the tracer asks first; with tracing off nothing else is done.
#[divan::bench]
fn ask_whether_a_trace_is_recorded_off(bencher: Bencher<'_, '_>) {
    let tracer = Tracer::disabled();
    bencher.bench_local(|| tracer.enabled() && tracer.records(TraceId::from(divan::black_box(1))));
}

#[divan::bench]
fn build_and_hand_over_a_span(bencher: Bencher<'_, '_>) {
    let tracer = tracer(Some(sink::listen()), SpanCounters::default());
    bencher.bench_local(|| tracer.emit(divan::black_box(span())));
}
