//! `cordboard doctor`: whether this machine, these settings and this account can serve calls, and what to do if not.
//!
//! Each check is a function that gives findings; this file runs them in order and shows what they found. Nothing is
//! changed, apart from a file in the data directory that is gone again at once.

mod account;
mod disk;
mod finding;
mod machine;
mod settings;
mod twilio;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use self::finding::{Finding, Verdict};
use super::printing::{print, print_json};
use super::variables;
use crate::config::{Config, Environment, Overrides, Sources};

/// Checks settings, keys, clock, disk, ports and the way to the carrier.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing to mend (warnings included), 1 something to mend, 2 command line."
)]
pub(super) struct Doctor {
    /// Configuration file; `cordboard.toml` is read when it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Telnyx' API root; for a simulated carrier.
    #[arg(long, value_name = "URL")]
    telnyx_base_url: Option<String>,
    /// Twilio's API root with its version; for a simulated carrier.
    #[arg(long, value_name = "URL")]
    twilio_base_url: Option<String>,
    /// The URL that the carrier was given for webhooks: checked, and asked whether this program answers there.
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Asks nobody: no carrier, no collector, no webhook URL.
    #[arg(long)]
    offline: bool,
    /// Prints the settings in force, secrets masked, and ends.
    #[arg(long)]
    print_config: bool,
    /// Prints one JSON object and nothing else on stdout.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(doctor: Doctor) -> anyhow::Result<ExitCode> {
    let environment = match variables() {
        Ok(environment) => environment,
        Err(error) => return show(&doctor, &[settings::unusable(&error)]),
    };
    let sources = Sources {
        file: doctor.config.clone(),
        environment: environment.clone(),
        overrides: Overrides {
            telnyx_base_url: doctor.telnyx_base_url.clone(),
            twilio_base_url: doctor.twilio_base_url.clone(),
            ..Overrides::default()
        },
    };
    let config = match Config::load(&sources) {
        Ok(config) => config,
        Err(error) => return show(&doctor, &[settings::unusable(&error)]),
    };
    if doctor.print_config {
        return match doctor.json {
            true => print_json(&serde_json::to_value(&config)?),
            false => print(config.effective().trim_end()),
        };
    }
    show(&doctor, &examine(&doctor, &config, &environment).await)
}

async fn examine(doctor: &Doctor, config: &Config, environment: &Environment) -> Vec<Finding> {
    let mut findings = settings::check(config);
    findings.extend(twilio::settings(config));
    let disk = disk::check(&config.journal.directory, config);
    let running = disk.running;
    findings.extend(disk.findings);
    findings.extend(machine::check(config, running).await);
    findings.extend(settings::webhook_url(doctor.webhook_url.as_deref()));
    findings.push(machine::exporter(environment, doctor.offline).await);
    if doctor.offline {
        findings.push(Finding::ok("carrier", "not asked: --offline"));
        return findings;
    }
    if settings::serves_telnyx(config) {
        findings.extend(account::check(config).await);
    }
    findings.extend(twilio::account(config).await);
    if let Some(url) = &doctor.webhook_url {
        findings.extend(account::webhook_door(url).await);
    }
    findings
}

fn show(doctor: &Doctor, findings: &[Finding]) -> anyhow::Result<ExitCode> {
    let count = |verdict: Verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    };
    let (ok, warn, fail) = (count(Verdict::Ok), count(Verdict::Warn), count(Verdict::Fail));
    match doctor.json {
        true => print_json(&json!({ "findings": findings, "ok": ok, "warn": warn, "fail": fail }))?,
        false => {
            let lines: Vec<String> = findings.iter().map(Finding::text).collect();
            let lines = lines.join("\n");
            print(&format!("{lines}\n\n{ok} ok, {warn} to look at, {fail} to mend"))?
        }
    };
    Ok(match fail {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
