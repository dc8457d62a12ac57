//! `cordboard dial`: be the caller. Orchestrator and simulated carrier run in this process; what a caller would hear is
//! printed, what is typed is pressed.

mod caller;
mod keys;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::{Address, EndReason};
use cordboard_observability::logs::LogFormat;
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::ids::trace_of_call;
use cordboard_simulator::{Pace, Settings, Simulator, contract};

use super::{demo, start_logs, start_traces, tracing_end, variables};
use crate::app::{App, Surroundings};
use crate::flows::{SHIPPED, Severity, check};
use caller::Talk;

/// Be the caller of a flow, in the terminal.
#[derive(Debug, Args)]
#[command(
    after_help = "Type digits and Enter to press them, `h` to hang up, `q` to leave. Lines that are piped in are taken one \
                        by one, each when the flow waits for keys or there is somebody to talk to. Examples:\n  \
                        cordboard dial contact-center\n  printf '1\\n' | cordboard dial contact-center --speed 20"
)]
pub(super) struct Dial {
    /// A flow file, or the name of a shipped flow.
    flow: PathBuf,
    /// Who calls.
    #[arg(long, value_name = "+E164", default_value = "+15550200001", value_parser = number)]
    from: String,
    /// Who is called; by default the number that the simulated scenarios know the flow by.
    #[arg(long, value_name = "+E164", value_parser = number)]
    to: Option<String>,
    /// How many times quicker than life speech and audio are.
    #[arg(long, value_name = "TIMES", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    speed: u32,
}

/// Called when no scenario knows the flow.
const ANY_NUMBER: &str = "+15550100001";
/// Webhooks in flight and records of the end are through within this.
const AFTERMATH: Duration = Duration::from_secs(20);

fn number(text: &str) -> Result<String, String> {
    let digits = text
        .strip_prefix('+')
        .ok_or("begins with +, such as +15550200001")?;
    let plain = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| text.to_owned())
        .ok_or_else(|| "is + and 7 to 15 digits".to_owned())
}

/// A flow that callers can be given.
struct Dialled {
    name: String,
    text: String,
    shipped: bool,
}

pub(super) async fn run(dial: Dial, log: Option<String>) -> anyhow::Result<ExitCode> {
    let flow = read(&dial.flow)?;
    start_logs(log.as_deref().unwrap_or("error"), LogFormat::Auto);
    let metrics = Metrics::default();
    let variables = variables()?;
    let tracer = start_traces(&metrics, &variables, std::process::id().to_string())?;
    let known = contract::CONTRACTS
        .iter()
        .find(|contract| contract.flow == flow.name);
    let to = dial
        .to
        .clone()
        .unwrap_or_else(|| known.map_or(ANY_NUMBER, |contract| contract.number).to_owned());
    let directory = tempfile::tempdir().context("there is no place for the flow")?;
    std::fs::write(directory.path().join("flow.toml"), &flow.text)
        .context("there is no place for the flow")?;
    let simulator = Simulator::start(Settings {
        pace: Pace::at(dial.speed),
        ..Settings::default()
    })
    .await
    .context("the simulated carrier did not start")?;
    let addresses = known
        .filter(|_| flow.shipped)
        .map_or(&[][..], |known| known.addresses);
    let text = configuration(&flow.name, &to, directory.path(), addresses);
    let config = demo::embedded(&simulator, &text)?;
    let around = Surroundings {
        metrics,
        tracer: tracer.clone(),
        ..Surroundings::default()
    };
    let app = App::start(&config, around)
        .await
        .context("the orchestrator did not start")?;
    simulator.set_webhook_url(app.webhook_url())?;
    println!("dialling {to} from {}: the flow {}", dial.from, flow.name);
    let visitor = simulator
        .visit(&dial.from, &to)
        .context("the simulated carrier has no line")?;
    let session = visitor.session().to_owned();
    Talk::new(visitor).run().await;
    simulator.quiesce(AFTERMATH).await;
    app.house().settle(AFTERMATH).await;
    let code = conclude(&app, &session).await;
    app.stop().await;
    simulator.shutdown().await;
    let trace = [trace_of_call(&session)];
    tracing_end::flush(&tracer, &trace, variables.get("CORDBOARD_JAEGER_URL")).await;
    Ok(code)
}

/// Says why the call ended; 0 when that is no failure.
async fn conclude(app: &App, session: &str) -> ExitCode {
    let trace = trace_of_call(session);
    let address = Address::Call(session.into());
    let loaded = app.house().journal.load(&address).await.ok().flatten();
    let reason = loaded
        .and_then(|loaded| Portrait::of(&loaded.last).ok())
        .and_then(|portrait| match portrait.face {
            Face::Call { reason, .. } => reason,
            Face::Room { .. } | Face::Number { .. } | Face::Queue { .. } => None,
        });
    println!(
        "ended: {}; trace {trace}",
        reason.map_or("nobody knows why", EndReason::label)
    );
    match reason {
        Some(reason) if !reason.is_failure() => ExitCode::SUCCESS,
        Some(_) | None => ExitCode::from(1),
    }
}

/// The number is routed to the flow, and may send texts.
fn configuration(flow: &str, to: &str, directory: &Path, addresses: &[(&str, &str)]) -> String {
    let directory = toml::Value::from(directory.display().to_string());
    let mut text = format!(
        "[flows]\ndirectory = {directory}\n\n\
         [[number]]\nnumber = \"{to}\"\nreplies = \"call-centre\"\nhelp = \"Call this number.\"\n\n\
         [[route]]\nnumber = \"{to}\"\nflow = \"{flow}\"\n\n[flows.vars]\n"
    );
    for (name, address) in addresses {
        text.push_str(&format!("{name} = \"{address}\"\n"));
    }
    text
}

fn read(path: &Path) -> anyhow::Result<Dialled> {
    let shown = path.display().to_string();
    let of_ours = SHIPPED.iter().find(|(name, _)| *name == shown && !path.exists());
    let text = match of_ours {
        Some((_, text)) => (*text).to_owned(),
        None => std::fs::read_to_string(path).with_context(|| {
            format!(
                "{shown} cannot be read, and no shipped flow is called so: `cordboard flow list` names them"
            )
        })?,
    };
    let checked = check(&text);
    let Some(flow) = checked.flow else {
        let errors = checked
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        for finding in errors {
            eprintln!("{}\n", finding.render(&shown, &text, false));
        }
        anyhow::bail!("{shown} has mistakes");
    };
    Ok(Dialled {
        name: flow.flow,
        text,
        shipped: of_ours.is_some(),
    })
}
