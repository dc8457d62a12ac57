//! The command line: one file per subcommand. The only room that prints.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what a command line is for"
)]

mod calls;
mod child;
mod commands;
mod conferences;
mod demo;
mod desk;
mod dial;
mod doctor;
mod flow;
mod life;
mod load;
mod openapi;
mod printing;
mod progress;
mod queues;
mod records;
mod replay;
mod report;
mod scenario;
mod serve;
mod simulate;
mod sms;
mod status;
mod tracing_end;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cordboard_observability::logs::{LogFormat, LogSettings};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::{ServiceIdentity, TraceSettings, Tracer};

use crate::config::{ConfigError, Environment};

/// Runs phone calls: one supervised actor per call, media at the carrier, nothing lost.
#[derive(Debug, Parser)]
#[command(
    name = "cordboard",
    version,
    about,
    after_help = "Start with `cordboard demo`: many simulated phone conferences, no account and no server needed.\n\
                  Logs go to stderr; `--log debug` shows more, `--log off` nothing."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Task,
    /// Log directives, such as `info`, `debug` or `warn,cordboard_actors=trace`.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Orchestrator, simulated carrier and callers in one process: many phone conferences, live.
    Demo(demo::Demo),
    /// Be the caller of a flow: see what is said, type keys.
    Dial(dial::Dial),
    /// The orchestrator, for real carriers.
    Serve(serve::Serve),
    /// The simulated carrier alone, for our orchestrator or your own program.
    Simulate(simulate::Simulate),
    /// Simulated callers against an orchestrator, at a rate.
    Load(load::Load),
    /// Calls of a running program: list, show, watch, hangup.
    Calls(calls::Calls),
    /// Conferences of a running program: list, show, mute, hold, kick, say, end.
    Conferences(conferences::Conferences),
    /// Queues of a running program: list, show.
    Queues(queues::Queues),
    /// Texts of a running program: send, list, show.
    Sms(sms::Sms),
    /// Runs a recorded call or room again, with today's machine.
    Replay(replay::Replay),
    /// Checks settings, keys, clock, disk, ports and the way to the carrier.
    Doctor(doctor::Doctor),
    /// Flow files: check, draw, list, describe.
    Flow(flow::FlowArguments),
    /// One example of every carrier command, as the operator API takes them.
    Commands(commands::Commands),
    /// Figures out of the records, and making these anew.
    Records(records::Records),
    /// The OpenAPI document of the operator API.
    Openapi,
}

/// Runs the program; 0 is success, 1 a run that did not end well, 2 a command line or configuration that cannot be used.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::from(error).context("the runtime cannot start")),
    };
    let log = cli.log;
    let code = runtime.block_on(async {
        match cli.command {
            Task::Demo(demo) => demo::run(demo, log).await,
            Task::Dial(dial) => dial::run(dial, log).await,
            Task::Serve(serve) => serve::run(serve, log).await,
            Task::Simulate(simulate) => simulate::run(simulate, log).await,
            Task::Load(load) => load::run(load, log).await,
            Task::Calls(calls) => calls::run(calls).await,
            Task::Conferences(conferences) => conferences::run(conferences).await,
            Task::Queues(queues) => queues::run(queues).await,
            Task::Sms(sms) => sms::run(sms).await,
            Task::Replay(replay) => replay::run(replay),
            Task::Doctor(doctor) => doctor::run(doctor).await,
            Task::Flow(arguments) => flow::run(arguments),
            Task::Commands(commands) => commands::run(&commands),
            Task::Records(records) => records::run(records).await,
            Task::Openapi => openapi::run(),
        }
    });
    // Tasks that wait for a silent peer must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    cordboard_observability::logs::close();
    match code {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Exit code for a command line or configuration that cannot be used.
const UNUSABLE: u8 = 2;

/// Says what is wrong, cause by cause.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("cordboard: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::from(UNUSABLE)
}

/// The process's variables over those of `.env`.
fn variables() -> Result<Environment, ConfigError> {
    Environment::read(Path::new(".env"))
}

/// Logs to stderr, pretty on a terminal.
fn start_logs(filter: &str, format: LogFormat) {
    let settings = LogSettings {
        format,
        filter: filter.to_owned(),
    };
    if let Err(error) = cordboard_observability::logs::init(&settings) {
        eprintln!("cordboard: logs are off: {error}");
    }
}

/// Traces, when the standard environment names a collector.
fn start_traces(metrics: &Metrics, variables: &Environment, instance: String) -> anyhow::Result<Tracer> {
    let service = ServiceIdentity::new(env!("CARGO_PKG_VERSION"), instance);
    let settings = TraceSettings::from_variables(service, |name| variables.get(name).map(str::to_owned))?;
    Ok(Tracer::new(&settings, metrics.spans.clone())?)
}
