//! `cordboard serve`: the orchestrator for real carriers, until a signal ends it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use cordboard_actors::cut;
use cordboard_actors::journal::Journal;
use cordboard_observability::logs::LogFormat;
use cordboard_observability::metrics::Metrics;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{start_logs, start_traces, tracing_end, variables};
use crate::app::{App, QuarantineFile, StartError, Surroundings, WakingFile};
use crate::config::{Config, Overrides, Sources};
use crate::journal::{SqliteJournal, exit_on_fault};
use crate::records::Books;

/// The orchestrator, for real carriers.
#[derive(Debug, Args)]
#[command(
    after_help = "Needs TELNYX_API_KEY and TELNYX_PUBLIC_KEY, or TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and \
                        twilio.public_url, or all of them (or their places in the file); see \
                        cordboard.example.toml for everything that can be set."
)]
pub(super) struct Serve {
    /// Configuration file; `cordboard.toml` is read when it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where carriers deliver webhooks.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where operators look and ask.
    #[arg(long, value_name = "ADDR")]
    operator_listen: Option<SocketAddr>,
    /// Telnyx' API root; for a simulated carrier.
    #[arg(long, value_name = "URL")]
    telnyx_base_url: Option<String>,
    /// Twilio's API root with its version; for a simulated carrier.
    #[arg(long, value_name = "URL")]
    twilio_base_url: Option<String>,
    /// Prints the settings in force, secrets masked, and ends.
    #[arg(long)]
    print_config: bool,
    /// Prints one JSON line with the doors' addresses on stdout once they are open; port 0 is allowed then.
    #[arg(long)]
    announce: bool,
}

pub(super) async fn run(serve: Serve, log: Option<String>) -> anyhow::Result<ExitCode> {
    let sources = Sources {
        file: serve.config,
        environment: variables()?,
        overrides: Overrides {
            listen: serve.listen,
            operator_listen: serve.operator_listen,
            telnyx_base_url: serve.telnyx_base_url,
            twilio_base_url: serve.twilio_base_url,
            log_filter: log,
            free_ports: serve.announce,
            ..Overrides::default()
        },
    };
    let config = Config::load(&sources)?;
    if serve.print_config {
        print!("{}", config.effective());
        return Ok(ExitCode::SUCCESS);
    }
    let format: LogFormat = config
        .observability
        .log_format
        .as_str()
        .parse()
        .unwrap_or(LogFormat::Auto);
    start_logs(&config.observability.log_filter, format);
    cut::arm();
    // Signals are ours before anybody can be told that we are here.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP cannot be handled")?;
    let metrics = Metrics::default();
    let journal = match open_journal(&config, &metrics) {
        Ok(journal) => journal,
        Err(code) => return Ok(code),
    };
    // The node is its journal: after a restart the same spans come from the same instance.
    let tracer = start_traces(&metrics, &sources.environment, format!("{:016x}", journal.salt()))?;
    let around = Surroundings {
        metrics,
        tracer: tracer.clone(),
        journal: Some(journal),
        records: books(&config),
        ..beside_the_journal(&config)?
    };
    let app = match App::start(&config, around).await {
        Ok(app) => app,
        Err(error) => return Ok(refused(error)),
    };
    let addresses = app.addresses();
    tracing::info!(webhooks = %app.webhook_url(), operator = %addresses.operator, "serving");
    if serve.announce {
        println!(
            "{}",
            json!({ "carrier": addresses.carrier, "operator": addresses.operator })
        );
    }
    serve_on(&app, &mut terminate, &mut interrupt, &mut hang_up).await;
    let farewell = app.stop().await;
    tracing::info!(
        live_actors = farewell.left.actors,
        unsettled = farewell.left.unsettled,
        connections_cut = farewell.cut,
        "stopped"
    );
    tracing_end::flush(&tracer, &[], None).await;
    Ok(ExitCode::SUCCESS)
}

/// Serves until a signal says that it is enough.
async fn serve_on(app: &App, terminate: &mut Signal, interrupt: &mut Signal, hang_up: &mut Signal) {
    loop {
        tokio::select! {
            _ = terminate.recv() => return tracing::info!("SIGTERM: intake stops, calls stay up at the carrier"),
            _ = interrupt.recv() => return tracing::info!("interrupted: intake stops, calls stay up at the carrier"),
            _ = hang_up.recv() => {
                tracing::info!("SIGHUP: the flow files are read again");
                app.reload_flows();
            }
        }
    }
}

/// What else is in the data directory, which the journal has made ours.
fn beside_the_journal(config: &Config) -> anyhow::Result<Surroundings> {
    let directory = &config.journal.directory;
    let boot_guard = WakingFile::open(directory)
        .context("the guard over the start cannot be set up in the data directory")?;
    Ok(Surroundings {
        quarantine: Some(Arc::new(QuarantineFile::open(directory)?)),
        boot_guard: Some(Arc::new(boot_guard)),
        trace_note: Some(directory.join("traces")),
        ..Surroundings::default()
    })
}

/// The books. Calls matter more: without a database that can be opened the program serves, and says so.
fn books(config: &Config) -> Option<Arc<dyn Books>> {
    if !config.records.enabled {
        return None;
    }
    match super::records::open(config) {
        Ok(books) => Some(books),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(%error, "no records are written: mend or move the file, then `cordboard records rebuild`");
            None
        }
    }
}

/// Exit code of a start that failed for a reason that may pass: an address in use or not there yet, no memory. Whoever
/// supervises the program starts it again; `deploy/` relies on the number.
const START_AGAIN: u8 = 1;

/// Says why the orchestrator did not start; settings that cannot be used have the command line's code.
fn refused(error: StartError) -> ExitCode {
    let passing = matches!(
        error,
        StartError::Listen(_) | StartError::Recovery(_) | StartError::Supervisors(_)
    );
    let code = super::fail(&anyhow::Error::from(error).context("the orchestrator did not start"));
    if passing {
        ExitCode::from(START_AGAIN)
    } else {
        code
    }
}

/// The journal on disk. A journal that cannot be opened has an exit code of its own for each reason.
fn open_journal(config: &Config, metrics: &Metrics) -> Result<Arc<dyn Journal>, ExitCode> {
    let settings = config.journal.settings();
    match SqliteJournal::open(&settings, metrics.clone(), exit_on_fault()) {
        Ok(journal) => Ok(Arc::new(journal)),
        Err(error) => {
            let code = error.exit_code();
            super::fail(&anyhow::Error::from(error).context("the journal cannot be opened"));
            Err(ExitCode::from(code))
        }
    }
}
