//! `cordboard calls`: who is there, one call's life, following it, hanging it up. Over the operator API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::desk::{Desk, Door, accepted};
use super::life::{life, line};
use super::printing::{print, shown, table};

/// Seconds that one request waits for news; the API's limit.
const WAIT: u64 = 30;

/// Calls of a running program.
#[derive(Debug, Args)]
#[command(
    after_help = "Asks the operator door of `cordboard serve`. Exit codes: 0 done, 1 refused, 2 command line, \
                        3 nobody answers."
)]
pub(super) struct Calls {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Live calls, newest first, or those that are over.
    List(List),
    /// One call's life as a timeline: causes, phases, commands, outcomes.
    Show(One),
    /// Follows a call until it is over or Ctrl-C.
    Watch(One),
    /// Calls somebody; whoever answers gets a flow.
    Start(Start),
    /// Hangs a call up.
    Hangup(One),
}

#[derive(Debug, Args)]
struct List {
    /// Calls that are over instead of live ones.
    #[arg(long)]
    ended: bool,
    /// Only calls of this flow or route.
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Only calls in this phase.
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Most entries, 1 to 500.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
    limit: u64,
    /// Where to go on: `next` of the page before.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct Start {
    /// Whom to call: E.164, or a sip: address where allowed.
    #[arg(long, value_name = "NUMBER")]
    to: String,
    /// The flow that whoever answers gets.
    #[arg(long, value_name = "NAME")]
    flow: String,
    #[command(flatten)]
    line: Line,
    #[command(flatten)]
    door: Door,
}

/// How a call goes out.
#[derive(Debug, Args)]
pub(super) struct Line {
    /// The number shown, E.164; one of yours at the carrier.
    #[arg(long, value_name = "NUMBER")]
    from: String,
    /// The carrier application; may be left out when one is configured.
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// How long it rings, seconds.
    #[arg(long, value_name = "SECS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(5..=600))]
    ring: u32,
}

impl Line {
    /// The fields of a request, beside whom to call.
    pub(super) fn fields(&self, to: &str) -> Value {
        let mut fields = json!({ "to": to, "from": self.from, "ring_s": self.ring });
        if let Some(connection) = &self.connection {
            fields["connection"] = json!(connection);
        }
        fields
    }
}

/// The answer to a call that is being placed.
pub(super) fn placed(answer: &Value) -> String {
    format!("calling: {}", shown(&answer["id"]))
}

#[derive(Debug, Args)]
struct One {
    /// The call's id, as `calls list` shows it.
    #[arg(value_name = "CALL")]
    id: String,
    #[command(flatten)]
    door: Door,
}

pub(super) async fn run(calls: Calls) -> anyhow::Result<ExitCode> {
    match calls.task {
        Task::List(list) => self::list(&list).await,
        Task::Show(one) => {
            let answer = one.door.open()?.get(&["calls", &one.id], &[]).await;
            one.door.show(answer, show)
        }
        Task::Watch(one) => watch(&one.door, "calls", &one.id).await,
        Task::Start(start) => {
            let mut body = start.line.fields(&start.to);
            body["flow"] = json!(start.flow);
            let answer = start.door.open()?.post(&["calls"], &body).await;
            start.door.show(answer, placed)
        }
        Task::Hangup(one) => {
            let desk = one.door.open()?;
            let answer = desk.post(&["calls", &one.id, "hangup"], &json!({})).await;
            one.door.show(answer, accepted)
        }
    }
}

async fn list(list: &List) -> anyhow::Result<ExitCode> {
    let mut query = vec![("limit", list.limit.to_string())];
    if list.ended {
        query.push(("state", "ended".into()));
    }
    for (name, value) in [
        ("flow", &list.flow),
        ("phase", &list.phase),
        ("cursor", &list.cursor),
    ] {
        query.extend(value.clone().map(|value| (name, value)));
    }
    let answer = list.door.open()?.get(&["calls"], &query).await;
    list.door.show(answer, |page| {
        let calls = page["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
        if calls.is_empty() {
            return "no such calls".into();
        }
        let row = |call: &Value| {
            let phase = match call["end_reason"].as_str() {
                Some(reason) => format!("ended: {reason}"),
                None => shown(&call["phase"]),
            };
            vec![
                shown(&call["id"]),
                phase,
                shown(&call["flow"]),
                shown(&call["caller"]),
                shown(&call["called"]),
                shown(&call["began_at"]),
            ]
        };
        let rows: Vec<Vec<String>> = calls.iter().map(row).collect();
        let text = table(&["ID", "PHASE", "FLOW", "CALLER", "CALLED", "BEGAN"], &rows);
        with_next(text, page)
    })
}

/// A table, and how its next page is had.
pub(super) fn with_next(table: String, page: &Value) -> String {
    match page["next"].as_str() {
        Some(next) => format!("{table}\nmore: --cursor {next}"),
        None => table,
    }
}

fn show(call: &Value) -> String {
    let state = match (call["end_reason"].as_str(), call["hangup_cause"].as_str()) {
        (Some(reason), Some(cause)) => {
            format!("ended: {reason} ({cause} by {})", shown(&call["hangup_source"]))
        }
        (Some(reason), None) => format!("ended: {reason}"),
        (None, _) if call["awake"] == true => shown(&call["phase"]),
        (None, _) => format!("{}, asleep", shown(&call["phase"])),
    };
    let mut head = format!(
        "call {}  {state}\nflow {}  {} -> {}  began {}",
        shown(&call["id"]),
        shown(&call["flow"]),
        shown(&call["caller"]),
        shown(&call["called"]),
        shown(&call["began_at"])
    );
    if let Some(trace) = call["trace"].as_str() {
        head = format!("{head}\ntrace {trace}");
    }
    let records = call["records"].as_array().map(Vec::as_slice).unwrap_or_default();
    format!("{head}\n\n{}", life(records))
}

/// Prints records as they come; with `--json`, each as one line.
pub(super) async fn watch(door: &Door, kind: &str, id: &str) -> anyhow::Result<ExitCode> {
    let desk = door.open()?;
    tokio::select! {
        ended = follow(door, &desk, kind, id) => ended,
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
    }
}

async fn follow(door: &Door, desk: &Desk, kind: &str, id: &str) -> anyhow::Result<ExitCode> {
    let (mut after, mut began, mut phase) = (0, None, String::new());
    loop {
        let query = [("after", after.to_string()), ("wait", WAIT.to_string())];
        let news = match desk.get(&[kind, id, "events"], &query).await {
            Ok(news) => news,
            Err(failed) => return door.fail(&failed),
        };
        for record in news["records"].as_array().into_iter().flatten() {
            let began = *began.get_or_insert_with(|| record["at_us"].as_u64().unwrap_or(0));
            match door.json {
                true => print(&record.to_string())?,
                false => print(&line(record, began, &mut phase))?,
            };
        }
        if news["live"] != true {
            return Ok(ExitCode::SUCCESS);
        }
        let Some(next) = news["next"].as_u64() else {
            anyhow::bail!("the answer names no place to go on from");
        };
        after = next;
    }
}
