//! `cordboard simulate`: the simulated carrier alone. Callers ring if asked to; otherwise it serves until Ctrl-C.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use cordboard_observability::logs::LogFormat;
use cordboard_simulator::pace::DEFAULT_SPEED;
use cordboard_simulator::{ConferenceScenario, LoadScenario, Pace, Profile, Scenario, Settings, Simulator};
use tokio_util::sync::CancellationToken;

use super::load::{Carrier, scenario_parser};
use super::progress::{Progress, watch};
use super::report::{Outcome, Resources};
use super::start_logs;

/// A stateful simulated Telnyx over HTTP, and callers.
#[derive(Debug, Args)]
#[command(
    after_help = "Your program finds the API at http://ADDR/v2 and gets signed webhooks at URL. Examples:\n  \
                        cordboard simulate --webhook-url http://127.0.0.1:8080/webhooks/telnyx --callers 3\n  \
                        cordboard simulate --listen 127.0.0.1:9000    (serves until Ctrl-C; \
                        POST /simulator/callers makes callers ring)"
)]
pub(super) struct Simulate {
    /// Where the API is served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Where webhooks go.
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Where webhooks go after two failed attempts.
    #[arg(long, value_name = "URL")]
    failover_url: Option<String>,
    /// Through which carrier callers ring; the API of both is served.
    #[arg(long, value_enum, default_value_t = Carrier::Telnyx)]
    carrier: Carrier,
    /// What the callers want.
    #[arg(long, value_name = "NAME", default_value_t = Scenario::Conference, value_parser = scenario_parser())]
    scenario: Scenario,
    /// How many callers come per second in scenarios other than `conference`.
    #[arg(long, value_name = "PER_S", default_value_t = 5.0)]
    rate: f64,
    /// How many callers come, or ring in each conference; 0 serves without callers until Ctrl-C.
    #[arg(long, value_name = "N", default_value_t = 0)]
    callers: u64,
    /// How many conferences.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    conferences: u64,
    /// The called number of the first conference; further ones count up.
    #[arg(long, value_name = "+E164", default_value = "+15550100000", value_parser = e164)]
    number: u64,
    /// Callers type a PIN, all on one number.
    #[arg(long)]
    pins: bool,
    /// How long callers talk, in seconds.
    #[arg(long, value_name = "SECS", default_value_t = 5.0)]
    hold: f64,
    /// How long callers wait for what they want, in seconds; by default the profile says so.
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: Option<u64>,
    /// How unkind the carrier is: calm, bad-day, hell or outage.
    #[arg(long, value_name = "PROFILE", default_value = "calm")]
    chaos: Profile,
    /// How many times quicker than life people, speech and audio are.
    #[arg(long, value_name = "TIMES", default_value_t = DEFAULT_SPEED, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    speed: u32,
    /// Seed of every random choice.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The one valid API key; any is taken when absent.
    #[arg(long, value_name = "KEY", env = "CORDBOARD_SIMULATOR_KEY")]
    api_key: Option<String>,
    /// Prints one JSON object and nothing else on stdout, at the end.
    #[arg(long)]
    json: bool,
}

/// After the last caller, so long until webhooks, probes and hangups must be through.
const AFTERMATH: Duration = Duration::from_secs(240);

fn e164(text: &str) -> Result<u64, String> {
    let digits = text
        .strip_prefix('+')
        .ok_or("begins with +, such as +15550100000")?;
    let plain = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| "is + and 7 to 15 digits".to_owned())
}

pub(super) async fn run(simulate: Simulate, log: Option<String>) -> anyhow::Result<ExitCode> {
    start_logs(log.as_deref().unwrap_or("warn"), LogFormat::Auto);
    let settings = Settings {
        listen: simulate.listen,
        webhook_url: simulate.webhook_url.clone(),
        failover_url: simulate.failover_url.clone(),
        api_key: simulate.api_key.clone(),
        profile: simulate.chaos,
        seed: simulate.seed,
        pace: Pace::at(simulate.speed),
        patience: simulate.patience.map(Duration::from_secs),
        face: simulate.carrier.into(),
        ..Settings::default()
    };
    let connection = settings.connection_id.clone();
    let account = settings.twilio.clone();
    let simulator = Simulator::start(settings)
        .await
        .context("the simulated carrier did not start")?;
    eprintln!("API          {}", simulator.base_url());
    eprintln!("public key   {}", simulator.public_key_base64());
    eprintln!("connection   {connection}");
    eprintln!(
        "Twilio       http://{}/2010-04-01, account {}, token {}",
        simulator.address(),
        account.sid,
        account.token
    );
    if simulate.callers == 0 {
        tokio::signal::ctrl_c()
            .await
            .context("Ctrl-C cannot be handled")?;
        return end(&simulate, &simulator, Instant::now(), true);
    }
    anyhow::ensure!(
        simulate.webhook_url.is_some(),
        "callers need somebody who answers: give --webhook-url, such as http://127.0.0.1:8080/webhooks/telnyx"
    );
    anyhow::ensure!(
        simulate.rate.is_finite() && simulate.rate > 0.0,
        "--rate takes callers per second, such as 5 or 0.5"
    );
    let began = Instant::now();
    let interrupted = ring(&simulate, &simulator).await;
    simulator.quiesce(AFTERMATH).await;
    end(&simulate, &simulator, began, interrupted)
}

async fn ring(simulate: &Simulate, simulator: &Simulator) -> bool {
    if simulate.scenario != Scenario::Conference {
        return load(simulate, simulator).await;
    }
    let scenario = ConferenceScenario {
        conferences: usize::try_from(simulate.conferences).unwrap_or(usize::MAX),
        callers_per_conference: usize::try_from(simulate.callers).unwrap_or(usize::MAX),
        hold: Duration::from_secs_f64(simulate.hold.max(0.0)),
        pins: simulate.pins,
        first_number: simulate.number,
        ..ConferenceScenario::default()
    };
    let cancel = CancellationToken::new();
    let mut progress = Progress::new(simulate.conferences * simulate.callers, simulate.json);
    let callers = simulator.run_conferences(scenario, cancel.clone());
    let interrupted = watch(simulator, callers, &cancel, &mut progress, |_| {}).await;
    progress.finish();
    interrupted
}

/// Callers of a scenario that is not about conferences, at a rate.
async fn load(simulate: &Simulate, simulator: &Simulator) -> bool {
    let scenario = LoadScenario {
        scenario: simulate.scenario,
        calls: usize::try_from(simulate.callers).unwrap_or(usize::MAX),
        rate_per_s: simulate.rate,
        hold: Duration::from_secs_f64(simulate.hold.max(0.0)),
        ..LoadScenario::default()
    };
    let cancel = CancellationToken::new();
    let mut progress = Progress::new(simulate.callers, simulate.json);
    let callers = simulator.run_load(scenario, cancel.clone());
    let interrupted = watch(simulator, callers, &cancel, &mut progress, |_| {}).await;
    progress.finish();
    interrupted
}

fn end(
    simulate: &Simulate,
    simulator: &Simulator,
    began: Instant,
    interrupted: bool,
) -> anyhow::Result<ExitCode> {
    let outcome = Outcome {
        report: simulator.report(),
        resources: Resources::default(),
        profile: simulate.chaos,
        wall: began.elapsed(),
        interrupted,
    };
    outcome.print(simulate.json)
}
