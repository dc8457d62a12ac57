//! `cordboard demo`: orchestrator, simulated carrier and callers in one process, over real HTTP on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use cordboard_observability::logs::LogFormat;
use cordboard_observability::metrics::Metrics;
use cordboard_simulator::{ConferenceScenario, Profile, Report, Settings, Simulator, Snapshot};
use tokio_util::sync::CancellationToken;

use super::progress::{Progress, watch};
use super::report::{Outcome, Resources};
use super::{child, start_logs, start_traces, tracing_end, variables};
use crate::app::{App, Surroundings};
use crate::config::{Config, Secret};

/// Many phone conferences at once, each call in its own actor.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cordboard demo\n  cordboard demo --conferences 100 --callers 5 --json\n  \
                        cordboard demo --chaos bad-day --seed 7\n  cordboard demo --keep"
)]
pub(super) struct Demo {
    /// How many conferences.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    conferences: u64,
    /// How many callers in each.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=800))]
    callers: u64,
    /// How long callers talk, in seconds, give or take a quarter.
    #[arg(long, value_name = "SECS", default_value_t = 8.0)]
    hold: f64,
    /// How unkind the carrier is: calm, bad-day, hell or outage.
    #[arg(long, value_name = "PROFILE", default_value = "calm")]
    chaos: Profile,
    /// Seed of every random choice of the simulated carrier and its callers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Callers type a PIN to find their conference, all on one number.
    #[arg(long)]
    pins: bool,
    /// Prints one JSON object and nothing else on stdout.
    #[arg(long)]
    json: bool,
    /// Leaves the demo, its doors and its calls running until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

/// Callers stay so long with --keep.
const FOR_EVER: f64 = 24.0 * 3600.0;
/// All callers ring within this time.
const ARRIVALS: Duration = Duration::from_secs(3);
/// After the last caller: webhooks in flight, probes of silent calls and hangups must come to an end within this.
const AFTERMATH: Duration = Duration::from_secs(240);
/// From one look at the figures to the next.
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn run(demo: Demo, log: Option<String>) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        demo.hold.is_finite() && demo.hold >= 0.0,
        "--hold takes seconds, such as 8 or 0.5"
    );
    start_logs(log.as_deref().unwrap_or("error"), LogFormat::Auto);
    let metrics = Metrics::default();
    let variables = variables()?;
    let tracer = start_traces(&metrics, &variables, std::process::id().to_string())?;
    let simulator = Simulator::start(Settings {
        profile: demo.chaos,
        seed: demo.seed,
        ..Settings::default()
    })
    .await
    .context("the simulated carrier did not start")?;
    let config = config(&simulator, demo.pins)?;
    let around = Surroundings {
        metrics,
        tracer: tracer.clone(),
        ..Surroundings::default()
    };
    let app = App::start(&config, around)
        .await
        .context("the orchestrator did not start")?;
    simulator.set_webhook_url(app.webhook_url())?;
    if !demo.json {
        introduce(&demo, &app);
    }
    let outcome = conferences(&demo, &app, &simulator).await;
    let examples = app.house().telemetry.examples();
    let farewell = app.stop().await;
    tracing::debug!(?farewell, "stopped");
    simulator.shutdown().await;
    let code = outcome.print(demo.json)?;
    tracing_end::flush(&tracer, &examples, variables.get("CORDBOARD_JAEGER_URL")).await;
    Ok(code)
}

/// Everything embedded: free ports, the simulator's keys, default routes.
fn config(simulator: &Simulator, pins: bool) -> anyhow::Result<Config> {
    embedded(simulator, if pins { include_str!("demo/pins.toml") } else { "" })
}

/// These settings over an embedded carrier's.
pub(super) fn embedded(simulator: &Simulator, text: &str) -> anyhow::Result<Config> {
    let mut config = Config::from_toml("the settings of this command".as_ref(), text)?;
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    (config.server.listen, config.operator.listen) = (loopback, loopback);
    config.telnyx.base_url = simulator.base_url();
    config.telnyx.api_key = Some(Secret::new("demo"));
    config.telnyx.public_key = Some(simulator.public_key_base64());
    config.telnyx.connection_ids = vec![Settings::default().connection_id];
    // One simulated carrier is not worth sparing, and a demo should not last for the sake of its last probe.
    config.reconciler.interval = Duration::from_secs(20);
    config.telnyx.request_timeout = Duration::from_secs(5);
    // No load balancer has to hear that a demo ends.
    config.server.shutdown_notice = Duration::ZERO;
    Ok(config)
}

fn introduce(demo: &Demo, app: &App) {
    let addresses = app.addresses();
    eprintln!(
        "{} conferences x {} callers, {} carrier, seed {}",
        demo.conferences, demo.callers, demo.chaos, demo.seed
    );
    eprintln!(
        "orchestrator: webhooks on http://{}, status on http://{}/api/v1/status, metrics on /metrics",
        addresses.carrier, addresses.operator
    );
}

async fn conferences(demo: &Demo, app: &App, simulator: &Simulator) -> Outcome {
    let began = Instant::now();
    let hold = if demo.keep { FOR_EVER } else { demo.hold };
    let scenario = ConferenceScenario {
        conferences: usize::try_from(demo.conferences).unwrap_or(usize::MAX),
        callers_per_conference: usize::try_from(demo.callers).unwrap_or(usize::MAX),
        hold: Duration::from_secs_f64(hold),
        arrival_spread: ARRIVALS,
        pins: demo.pins,
        ..ConferenceScenario::default()
    };
    let cancel = CancellationToken::new();
    let mut progress = Progress::new(demo.conferences * demo.callers, demo.json);
    let everybody = demo.conferences * demo.callers;
    let mut told = !demo.keep;
    let stay = |seen: &Snapshot| {
        if seen.talking == everybody && !std::mem::replace(&mut told, true) {
            eprintln!("everybody is in; the demo stays until Ctrl-C");
        }
    };
    let callers = simulator.run_conferences(scenario, cancel.clone());
    let interrupted = watch(simulator, callers, &cancel, &mut progress, stay).await;
    settle(app, simulator, &mut progress).await;
    progress.finish();
    let mut report = simulator.report();
    add_memory(&mut report, app);
    Outcome {
        report,
        resources: Resources {
            rss_mb: child::resident_mb("self"),
            ..Resources::default()
        },
        profile: demo.chaos,
        wall: began.elapsed(),
        interrupted,
    }
}

/// Waits until nothing is under way on either side, or it is clear that something stays.
async fn settle(app: &App, simulator: &Simulator, progress: &mut Progress) {
    let quiet = async {
        simulator.quiesce(AFTERMATH).await;
        app.house().settle(AFTERMATH).await;
    };
    let mut quiet = std::pin::pin!(quiet);
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = &mut quiet => return,
            _ = looks.tick() => progress.show(&simulator.snapshot()),
        }
    }
}

/// Adds what only the orchestrator can know.
fn add_memory(report: &mut Report, app: &App) {
    let occupancy = app.house().occupancy();
    let count = |count: usize| Some(count as u64);
    report.left_behind.actors = count(occupancy.actors + occupancy.unsettled);
    report.left_behind.timers = count(occupancy.timers);
    report.left_behind.index_entries = count(occupancy.index_entries);
}
