//! `cordboard replay`: a recorded life through today's machine, step by step, and the first thing it would do
//! otherwise. Reads the data directory, also while `serve` runs; changes nothing.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use cordboard_actors::journal::{Browse, Record};
use cordboard_actors::replay::{
    Change, Difference, Replay as Replayed, Step, Surroundings, What, flow_of, replay,
};
use cordboard_core::{Address, Effect, Flow, Input};
use serde_json::{Value, json};

use super::printing::{print, print_json};
use super::variables;
use crate::api::{asked, named, said, stated};
use crate::config::{Config, Overrides, Sources};
use crate::journal::Archive;

/// Entities read at one time with `--all`.
const BITE: usize = 500;

/// Runs a recorded call or room again, with today's machine.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the same commands and states, 1 something differs, 2 it cannot be replayed.\n\
                        Examples:\n  cordboard replay 428c31b6-7af4-4bcb-b7f5-5013ef9657c1\n  \
                        cordboard replay conference:team --directory /var/lib/cordboard\n  cordboard replay --all --json"
)]
pub(super) struct Replay {
    /// A call's id, a room's name, or an address such as `conference:team`.
    #[arg(
        value_name = "SESSION",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    session: Option<String>,
    /// Every call, room and sending number of the journal; only differences are shown.
    #[arg(long)]
    all: bool,
    /// The data directory; by default the one of the configuration.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// The configuration that names the data directory.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints one JSON object and nothing else on stdout.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(task: Replay) -> anyhow::Result<ExitCode> {
    let archive = open(&task)?;
    if task.all {
        return everything(&task, &archive);
    }
    let session = task.session.unwrap_or_default();
    let records = find(&archive, &session)?;
    let around = around(&archive, &records)?;
    let replayed = replay(&records, &around)?;
    let same = replayed.difference.is_none();
    let because = flow_missing(&records, &around).filter(|_| !same);
    match task.json {
        true => {
            let mut object = object(&records, &replayed);
            object["because"] = json!(because);
            print_json(&object)?
        }
        false => {
            let because = because
                .map(|because| format!("\n  perhaps because {because}"))
                .unwrap_or_default();
            print(&format!("{}{because}", text(&records, &replayed)))?
        }
    };
    Ok(code(same))
}

/// What the machine is given besides its inputs.
fn around(archive: &Archive, records: &[Record]) -> anyhow::Result<Surroundings> {
    let bytes = match flow_of(records) {
        Some(hash) => archive.flow(hash.as_str()).map_err(anyhow::Error::msg)?,
        None => None,
    };
    let flow = bytes.and_then(|bytes| Flow::from_canonical(&bytes).ok());
    Ok(Surroundings {
        salt: archive.salt(),
        flow: flow.map(Arc::new),
    })
}

/// Why a difference need not be the build's: a call without its flow can only be landed.
fn flow_missing(records: &[Record], around: &Surroundings) -> Option<&'static str> {
    let missing = around.flow.is_none() && flow_of(records).is_some();
    missing.then_some(
        "the call's flow is not in this journal, or this build cannot read it; without it a call is landed",
    )
}

fn code(same: bool) -> ExitCode {
    match same {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn open(task: &Replay) -> anyhow::Result<Archive> {
    let directory = match &task.directory {
        Some(directory) => directory.clone(),
        None => {
            let sources = Sources {
                file: task.config.clone(),
                environment: variables()?,
                overrides: Overrides::default(),
            };
            Config::load(&sources)?.journal.directory
        }
    };
    Archive::open(&directory).with_context(|| format!("no journal to replay in {}", directory.display()))
}

/// The records of whom the name means: an address, else a call, a room or a queue.
fn find(archive: &Archive, name: &str) -> anyhow::Result<Vec<Record>> {
    let meant = match Address::parse(name) {
        Some(address) => vec![address],
        None => vec![
            Address::Call(name.into()),
            Address::Conference(name.into()),
            Address::Queue(name.into()),
        ],
    };
    for address in meant {
        let records = archive.history(&address).map_err(anyhow::Error::msg)?;
        if !records.is_empty() {
            return Ok(records);
        }
    }
    anyhow::bail!(
        "{} has no call, no room and no queue of this name: `cordboard calls list --ended` shows who is there, and what is over \
         is forgotten after journal.retention",
        archive.path().display()
    )
}

fn everything(task: &Replay, archive: &Archive) -> anyhow::Result<ExitCode> {
    let (mut entities, mut records, mut different) = (0_u64, 0_u64, Vec::new());
    for (kind, over) in [
        ("call", false),
        ("call", true),
        ("conference", false),
        ("conference", true),
        ("sms", false),
    ] {
        let mut before = None;
        loop {
            let most = BITE;
            let page = archive
                .browse(Browse {
                    kind,
                    over,
                    before,
                    most,
                })
                .map_err(anyhow::Error::msg)?;
            for entity in &page {
                before = Some(entity.number);
                let history = archive
                    .history(&entity.last.address)
                    .map_err(anyhow::Error::msg)?;
                let replayed = replay(&history, &around(archive, &history)?);
                (entities, records) = (entities + 1, records + history.len() as u64);
                let difference = match replayed {
                    Ok(replayed) => replayed.difference.as_ref().map(described),
                    Err(error) => Some(json!({ "what": "unreadable", "why": error.to_string() })),
                };
                different.extend(difference.map(|difference| (entity.last.address.clone(), difference)));
            }
            if page.len() < BITE {
                break;
            }
        }
    }
    let list: Vec<Value> = different
        .iter()
        .map(|(address, difference)| json!({ "address": named(address), "difference": difference }))
        .collect();
    let same = list.is_empty();
    let object = json!({ "entities": entities, "records": records, "different": list, "same": same });
    match task.json {
        true => print_json(&object)?,
        false => {
            let mut text = String::new();
            for (address, difference) in &different {
                let _ = writeln!(text, "different  {}  {difference}", named(address));
            }
            let _ = write!(
                text,
                "{entities} calls, rooms and numbers, {records} records, {} different",
                different.len()
            );
            print(&text)?
        }
    };
    Ok(code(same))
}

fn cause(record: &Record) -> &'static str {
    match &record.cause {
        Input::Event { event, .. } => event.body.label(),
        other => other.label(),
    }
}

/// The cause, with what decides how it is read.
fn told(record: &Record) -> String {
    let more = match &record.cause {
        Input::Event { .. } | Input::Deadline | Input::Finding(_) | Input::Quarantined { .. } => None,
        Input::Outcome { outcome, .. } => Some(outcome.label().to_owned()),
        Input::HttpOutcome { outcome, .. } => Some(outcome.label().to_owned()),
        Input::Message { body, .. } => Some(said(body)),
        Input::Operator(request) => Some(asked(request)),
    };
    match more {
        Some(more) => format!("{}: {more}", cause(record)),
        None => cause(record).to_owned(),
    }
}

fn name(effect: &Effect) -> String {
    match effect {
        Effect::Command(issued) => format!("command {}", issued.command.name()),
        Effect::Http(request) => format!("request to your program: {}", request.method),
        Effect::Send { to, body } => format!("message to {}: {}", named(to), said(body)),
        Effect::Settle { .. } => "settles a command".into(),
        Effect::Ended { reason } => format!("ends: {}", reason.label()),
        Effect::Fact(fact) => match stated(fact) {
            Some(about) => format!("states {}: {about}", fact.label()),
            None => format!("states {}", fact.label()),
        },
    }
}

fn described(difference: &Difference) -> Value {
    let named = |effect: &Option<Box<Effect>>| effect.as_ref().map(|effect| name(effect));
    match &difference.what {
        What::Effect {
            index,
            recorded,
            today,
            changes,
        } => json!({
            "seq": difference.seq, "what": "effect", "index": index,
            "recorded": named(recorded), "today": named(today), "changes": changes,
        }),
        What::State(changes) => json!({ "seq": difference.seq, "what": "state", "changes": changes }),
        What::Gap { expected } => json!({ "seq": difference.seq, "what": "gap", "expected": expected }),
        What::Panic => json!({ "seq": difference.seq, "what": "panic" }),
    }
}

fn object(records: &[Record], replayed: &Replayed) -> Value {
    let steps: Vec<Value> = replayed
        .steps
        .iter()
        .map(|step| {
            let record = records.iter().find(|record| record.seq == step.seq);
            json!({
                "seq": step.seq,
                "at_us": record.map(|record| record.at.as_micros()),
                "cause": record.map(cause),
                "phases": [step.phases.0, step.phases.1],
                "changes": step.changes,
                "effects": step.effects.iter().map(name).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "address": records.first().map(|record| named(&record.address)),
        "records": records.len(),
        "from": replayed.from,
        "renamed": replayed.renamed,
        "same": replayed.difference.is_none(),
        "difference": replayed.difference.as_ref().map(described),
        "steps": steps,
    })
}

fn text(records: &[Record], replayed: &Replayed) -> String {
    let mut text = String::new();
    let address = records.first().map(|record| named(&record.address));
    let from = match replayed.from {
        0 => "from birth".to_owned(),
        seq => format!("from the state in record {seq}; older ones are forgotten"),
    };
    let _ = writeln!(
        text,
        "{}  {} records, {from}",
        address.unwrap_or_default(),
        records.len()
    );
    for step in &replayed.steps {
        if let Some(record) = records.iter().find(|record| record.seq == step.seq) {
            write_step(&mut text, record, step);
        }
    }
    if replayed.renamed > 0 {
        let _ = writeln!(
            text,
            "{} commands have other ids today, which decides nothing",
            replayed.renamed
        );
    }
    match &replayed.difference {
        None => text.push_str("same: today's build does what was recorded"),
        Some(difference) => write_difference(&mut text, records, difference),
    }
    text
}

fn write_step(text: &mut String, record: &Record, step: &Step) {
    let _ = write!(text, "{:>5}  {}", step.seq, told(record));
    if step.phases.0 != step.phases.1 {
        let _ = write!(text, "  [{} -> {}]", step.phases.0, step.phases.1);
    }
    text.push('\n');
    write_changes(text, &step.changes);
    for effect in &step.effects {
        let _ = writeln!(text, "         -> {}", name(effect));
    }
}

fn write_changes(text: &mut String, changes: &[Change]) {
    let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".into());
    for change in changes {
        let _ = writeln!(
            text,
            "         {}: {} -> {}",
            change.path,
            shown(&change.before),
            shown(&change.after)
        );
    }
}

fn write_difference(text: &mut String, records: &[Record], difference: &Difference) {
    let record = records.iter().find(|record| record.seq == difference.seq);
    let _ = writeln!(
        text,
        "DIFFERENT at record {} ({}):",
        difference.seq,
        record.map_or_else(|| "?".into(), told)
    );
    let named = |effect: &Option<Box<Effect>>| {
        effect
            .as_ref()
            .map_or_else(|| "nothing".into(), |effect| name(effect))
    };
    match &difference.what {
        What::Effect {
            recorded,
            today,
            changes,
            ..
        } => {
            let _ = writeln!(
                text,
                "  recorded: {}\n  today:    {}",
                named(recorded),
                named(today)
            );
            write_changes(text, changes);
        }
        What::State(changes) => {
            text.push_str("  the same effects, but another state (recorded -> today):\n");
            write_changes(text, changes);
        }
        What::Gap { expected } => {
            let _ = writeln!(
                text,
                "  record {expected} is missing: nothing after it can be run"
            );
        }
        What::Panic => text.push_str("  today's machine panics there\n"),
    }
    text.truncate(text.trim_end().len());
}
