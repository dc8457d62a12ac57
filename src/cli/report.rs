//! The end of a run: one JSON object or one table, and whether it ended well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use cordboard_simulator::{Profile, Report};
use serde::Serialize;
use serde_json::{Value, json};

/// Share of started calls that must complete, percent (the simulated carrier's own rules).
fn floor(profile: Profile, texts: bool) -> u64 {
    match profile {
        Profile::Calm => 100,
        // 2% of its requests fail and 1% time out without an effect, and a text in doubt is not sent again.
        Profile::BadDay if texts => 94,
        Profile::BadDay => 97,
        Profile::Hell | Profile::Outage => 50,
    }
}

/// What the machine was asked for; `None` where it cannot be known.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Resources {
    pub(super) cpu_us_per_webhook: Option<u64>,
    pub(super) rss_mb: Option<u64>,
    pub(super) bytes_per_live_call: Option<u64>,
}

/// Everything a run brought.
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) resources: Resources,
    pub(super) profile: Profile,
    pub(super) wall: Duration,
    /// Ctrl-C ended it early: the floor does not count.
    pub(super) interrupted: bool,
}

impl Outcome {
    /// One object, and only it.
    pub(super) fn json(&self) -> Value {
        let mut object = json!(self.report);
        if let Value::Object(fields) = &mut object {
            fields.insert("resources".into(), json!(self.resources));
            fields.insert("chaos".into(), json!(self.profile.to_string()));
            fields.insert(
                "wall_s".into(),
                json!((self.wall.as_secs_f64() * 10.0).round() / 10.0),
            );
            fields.insert("problems".into(), json!(self.problems()));
        }
        object
    }

    /// Prints the result and turns it into an exit code.
    pub(super) fn print(&self, json: bool) -> anyhow::Result<ExitCode> {
        let problems = self.problems();
        if json {
            println!("{}", serde_json::to_string_pretty(&self.json())?);
        } else {
            println!("{}", self.table());
            if problems.is_empty() {
                println!("every call ended well");
            }
        }
        for problem in &problems {
            eprintln!("problem: {problem}");
        }
        Ok(if problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// What keeps this run from being a good one; empty when it is.
    pub(super) fn problems(&self) -> Vec<String> {
        let report = &self.report;
        let mut problems = Vec::new();
        let mut zero = |count: u64, what: &str| {
            if count > 0 {
                problems.push(format!("{count} {what}"));
            }
        };
        zero(report.calls.lost, "calls lost");
        zero(report.commands.duplicate_effects, "effects happened twice");
        zero(report.messages.duplicates, "messages sent twice");
        let left = &report.left_behind;
        for (count, what) in [
            (left.actors, "actors left behind"),
            (left.timers, "timers left behind"),
            (left.legs, "legs left behind at the carrier"),
            (left.conferences, "conferences left behind at the carrier"),
            (left.index_entries, "index entries left behind"),
        ] {
            zero(count.unwrap_or(0), what);
        }
        let webhooks = &report.webhooks;
        if report.calls.lost > 0 && webhooks.rejected > 0 {
            problems.push(format!(
                "{} of {} webhooks were never accepted, however often they were sent: program and machine are slower than \
                 this load, and callers whose events are lost so are lost; try fewer a second (--rate) or a release build",
                webhooks.rejected, webhooks.sent
            ));
        }
        let least = floor(self.profile, report.messages.sent > 0);
        if !self.interrupted && report.calls.completed * 100 < report.calls.started * least {
            problems.push(format!("fewer than {least}% of the calls reached their goal"));
        }
        problems
    }

    /// The table for people.
    pub(super) fn table(&self) -> String {
        let report = &self.report;
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:<26}{value}");
        };
        let calls = &report.calls;
        line(
            "calls",
            format!(
                "{} started, {} completed, {} failed, {} lost",
                calls.started, calls.completed, calls.failed, calls.lost
            ),
        );
        let rooms = &report.conferences;
        line(
            "conferences",
            format!(
                "{} created, {} ended, {} duplicates",
                rooms.created, rooms.ended, rooms.duplicates
            ),
        );
        let commands = &report.commands;
        line(
            "commands",
            format!(
                "{} sent, {} failed, {} effects twice",
                commands.sent, commands.failed, commands.duplicate_effects
            ),
        );
        let hooks = &report.webhooks;
        line(
            "webhooks",
            format!(
                "{} sent, {} acked, {} retried, {} rejected",
                hooks.sent, hooks.acked, hooks.retried, hooks.rejected
            ),
        );
        let (ack, next) = (&report.latency_ms.ack, &report.latency_ms.webhook_to_command);
        line(
            "ack, ms",
            format!("p50 {}  p99 {}  max {}", ack.p50, ack.p99, ack.max),
        );
        line(
            "webhook to command, ms",
            format!("p50 {}  p99 {}  max {}", next.p50, next.p99, next.max),
        );
        let left = &report.left_behind;
        let shown = |count: Option<u64>| count.map_or("unknown".into(), |count| count.to_string());
        line(
            "left behind",
            format!(
                "actors {}, timers {}, legs {}, conferences {}, index entries {}",
                shown(left.actors),
                shown(left.timers),
                shown(left.legs),
                shown(left.conferences),
                shown(left.index_entries),
            ),
        );
        if report.faults.values().any(|count| *count > 0) {
            line("faults injected", faults(&report.faults));
        }
        line(
            "time",
            format!("{:.1} s, seed {}", self.wall.as_secs_f64(), report.seed),
        );
        text
    }
}

fn faults(faults: &BTreeMap<String, u64>) -> String {
    let named: Vec<String> = faults
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    named.join(", ")
}
