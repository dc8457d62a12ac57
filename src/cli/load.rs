//! `cordboard load`: simulated callers at a rate, against our own orchestrator in a process of its own or against
//! any program that answers webhooks.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use cordboard_observability::logs::LogFormat;
use cordboard_simulator::pace::DEFAULT_SPEED;
use cordboard_simulator::{
    Face, LoadScenario, Pace, Profile, Report, Scenario, Settings, Simulator, TwilioAccount,
};
use tokio_util::sync::CancellationToken;

use super::child::{At, Orchestrator, free_address};
use super::progress::{Progress, watch};
use super::report::{Outcome, Resources};
use super::start_logs;

/// Simulated callers against an orchestrator, at a rate.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --target an orchestrator is started for the run, in a process of its own, so that \
                        its CPU and memory are told apart from the load's.\nWith --target, point your program's \
                        carrier's base URL at --listen. Examples:\n  cordboard load --calls 2000 --rate 100\n  \
                        cordboard load --target http://127.0.0.1:5000/webhook --listen 127.0.0.1:9090 --calls 30 --rate 2"
)]
pub(super) struct Load {
    /// What the callers want.
    #[arg(long, value_name = "NAME", default_value_t = Scenario::Conference, value_parser = scenario_parser())]
    scenario: Scenario,
    /// Webhook URL of a program that is running already.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Which carrier is simulated.
    #[arg(long, value_enum, default_value_t = Carrier::Telnyx)]
    carrier: Carrier,
    /// Where the simulated carrier serves its API; a free port by default.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How many calls.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    calls: u64,
    /// How many ring per second, whether the program keeps up or not.
    #[arg(long, value_name = "PER_S", default_value_t = 20.0)]
    rate: f64,
    /// Most callers at one time; further ones wait.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    concurrency: u64,
    /// How many callers share a conference.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=800))]
    callers: u64,
    /// How long callers talk, in seconds.
    #[arg(long, value_name = "SECS", default_value_t = 5.0)]
    hold: f64,
    /// Share of callers who hang up early, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    early: f64,
    /// How unkind the carrier is: calm, bad-day, hell or outage.
    #[arg(long, value_name = "PROFILE", default_value = "calm")]
    chaos: Profile,
    /// How many times quicker than life people, speech and audio are.
    #[arg(long, value_name = "TIMES", default_value_t = DEFAULT_SPEED, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    speed: u32,
    /// Seed of every random choice.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Prints one JSON object and nothing else on stdout.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Carrier {
    /// Telnyx Call Control.
    Telnyx,
    /// Twilio: TwiML and REST.
    Twilio,
}

impl From<Carrier> for Face {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Telnyx => Self::Telnyx,
            Carrier::Twilio => Self::Twilio,
        }
    }
}

/// Reads the name of a scenario and lists all in the help.
pub(super) fn scenario_parser() -> impl TypedValueParser<Value = Scenario> {
    PossibleValuesParser::new(Scenario::ALL.map(|(name, _)| name)).try_map(|name| name.parse::<Scenario>())
}

/// After the last caller, so long until webhooks, probes and hangups must be through.
const AFTERMATH: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(200);

/// What was seen of the orchestrator while calls were up.
#[derive(Default)]
struct Peak {
    base: Option<u64>,
    resident: u64,
    live: u64,
}

pub(super) async fn run(load: Load, log: Option<String>) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        load.rate.is_finite() && load.rate > 0.0,
        "--rate takes calls per second, such as 20 or 0.5"
    );
    anyhow::ensure!(
        load.hold.is_finite() && load.hold >= 0.0,
        "--hold takes seconds, such as 5 or 0.5"
    );
    anyhow::ensure!(
        (0.0..=1.0).contains(&load.early),
        "--early is a share from 0 to 1"
    );
    start_logs(log.as_deref().unwrap_or("error"), LogFormat::Auto);
    // Twilio is told in its settings where it finds us, and signs that: the door's address is needed first.
    let door = free_address()?;
    let settings = Settings {
        listen: load.listen,
        profile: load.chaos,
        seed: load.seed,
        pace: Pace::at(load.speed),
        face: load.carrier.into(),
        twilio: match load.target {
            Some(_) => TwilioAccount::default(),
            None => TwilioAccount::at(&format!("http://{door}/webhooks/twilio")),
        },
        ..Settings::default()
    };
    let account = settings.twilio.clone();
    let connection = settings.connection_id.clone();
    let simulator = Simulator::start(settings)
        .await
        .context("the simulated carrier did not start")?;
    let ours = match &load.target {
        Some(target) => {
            simulator.set_webhook_url(target.clone())?;
            announce(load.carrier, &simulator, &account);
            None
        }
        None => {
            let configuration = super::scenario::configuration(load.scenario);
            let at = match load.carrier {
                Carrier::Telnyx => At::Telnyx {
                    base_url: simulator.base_url(),
                    public_key: simulator.public_key_base64(),
                    connection,
                },
                Carrier::Twilio => At::Twilio {
                    base_url: format!("http://{}/2010-04-01", simulator.address()),
                    account: account.sid,
                    token: account.token,
                },
            };
            let ours = Orchestrator::start(door, &at, configuration.as_deref()).await?;
            simulator.set_webhook_url(format!("http://{}/webhooks/telnyx", ours.doors.carrier))?;
            Some(ours)
        }
    };
    let outcome = calls(&load, &simulator, ours.as_ref()).await;
    if let Some(ours) = ours {
        ours.stop().await?;
    }
    simulator.shutdown().await;
    outcome.print(load.json)
}

/// Where a program that is not ours finds the carrier.
fn announce(carrier: Carrier, simulator: &Simulator, account: &TwilioAccount) {
    match carrier {
        Carrier::Telnyx => eprintln!(
            "API {}  public key {}",
            simulator.base_url(),
            simulator.public_key_base64()
        ),
        Carrier::Twilio => eprintln!(
            "API http://{}/2010-04-01  account {}  token {}",
            simulator.address(),
            account.sid,
            account.token
        ),
    }
}

async fn calls(load: &Load, simulator: &Simulator, ours: Option<&Orchestrator>) -> Outcome {
    let began = Instant::now();
    let scenario = LoadScenario {
        scenario: load.scenario,
        calls: usize::try_from(load.calls).unwrap_or(usize::MAX),
        rate_per_s: load.rate,
        concurrency: usize::try_from(load.concurrency).unwrap_or(usize::MAX),
        callers_per_conference: usize::try_from(load.callers).unwrap_or(usize::MAX),
        hold: Duration::from_secs_f64(load.hold),
        early_hangup_share: load.early,
        pins: false,
    };
    let cancel = CancellationToken::new();
    let mut progress = Progress::new(load.calls, load.json);
    let mut peak = Peak {
        base: ours.and_then(Orchestrator::resident),
        ..Peak::default()
    };
    let callers = simulator.run_load(scenario, cancel.clone());
    let interrupted = watch(simulator, callers, &cancel, &mut progress, |seen| {
        peak.look(seen.legs_live, ours);
    })
    .await;
    simulator.quiesce(AFTERMATH).await;
    progress.finish();
    let mut report = simulator.report();
    let resources = match ours {
        Some(ours) => {
            add_memory(&mut report, ours).await;
            peak.resources(&report, ours)
        }
        None => Resources::default(),
    };
    Outcome {
        report,
        resources,
        profile: load.chaos,
        wall: began.elapsed(),
        interrupted,
    }
}

impl Peak {
    fn look(&mut self, live: u64, ours: Option<&Orchestrator>) {
        if live > self.live
            && let Some(resident) = ours.and_then(Orchestrator::resident)
        {
            (self.live, self.resident) = (live, resident);
        }
    }

    fn resources(&self, report: &Report, ours: &Orchestrator) -> Resources {
        let per_webhook = |cpu: Duration| cpu.as_micros() as u64 / report.webhooks.sent.max(1);
        let grown = self.resident.saturating_sub(self.base.unwrap_or(self.resident));
        Resources {
            cpu_us_per_webhook: ours.cpu().map(per_webhook),
            rss_mb: ours.resident().map(|bytes| bytes / 1_000_000),
            bytes_per_live_call: (self.live > 0).then(|| grown / self.live),
        }
    }
}

/// Adds what only the orchestrator can know, asked until nothing is left or it is clear that something stays.
async fn add_memory(report: &mut Report, ours: &Orchestrator) {
    let url = format!("http://{}/api/v1/status", ours.doors.operator);
    let until = Instant::now() + AFTERMATH;
    loop {
        let status = super::status::fetch(&url).await.ok();
        let count = |name: &str| status.as_ref().and_then(|status| status["memory"][name].as_u64());
        let unsettled = count("unsettled");
        report.left_behind.actors = count("actors").map(|actors| actors + unsettled.unwrap_or(0));
        report.left_behind.timers = count("timers");
        report.left_behind.index_entries = count("index_entries");
        let left = &report.left_behind;
        let quiet = [left.actors, left.timers, left.index_entries]
            .iter()
            .all(|count| *count == Some(0));
        if quiet || Instant::now() >= until {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}
