//! `cordboard queues`: who waits, and what the agents do. Over the operator API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::calls::with_next;
use super::desk::Door;
use super::life::life;
use super::printing::{shown, table};

/// Queues of a running program.
#[derive(Debug, Args)]
#[command(
    after_help = "Asks the operator door of `cordboard serve`. Exit codes: 0 done, 1 refused, 2 command line, \
                        3 nobody answers."
)]
pub(super) struct Queues {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Queues with somebody in them, or idle ones.
    List(List),
    /// One queue: who waits, what its agents do, and its latest records.
    Show(Show),
}

#[derive(Debug, Args)]
struct List {
    /// Queues where nobody is just now.
    #[arg(long)]
    idle: bool,
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
struct Show {
    /// The queue's name.
    queue: String,
    /// So many of the latest records.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    records: u64,
    #[command(flatten)]
    door: Door,
}

pub(super) async fn run(queues: Queues) -> anyhow::Result<ExitCode> {
    match queues.task {
        Task::List(list) => self::list(&list).await,
        Task::Show(show) => {
            let query = [("records", show.records.to_string())];
            let answer = show.door.open()?.get(&["queues", &show.queue], &query).await;
            show.door.show(answer, shown_queue)
        }
    }
}

async fn list(list: &List) -> anyhow::Result<ExitCode> {
    let mut query = vec![("limit", list.limit.to_string())];
    if list.idle {
        query.push(("state", "idle".into()));
    }
    query.extend(list.cursor.clone().map(|cursor| ("cursor", cursor)));
    let answer = list.door.open()?.get(&["queues"], &query).await;
    list.door.show(answer, |page| {
        let fields = [
            "name",
            "phase",
            "waiting",
            "longest_since",
            "talking",
            "free",
            "agents_listed",
        ];
        let rows = rows(&page["queues"], &fields);
        if rows.is_empty() {
            return "no such queues".into();
        }
        let head = [
            "QUEUE",
            "PHASE",
            "WAITING",
            "THE FIRST SINCE",
            "TALKING",
            "FREE",
            "AGENTS",
        ];
        with_next(table(&head, &rows), page)
    })
}

fn rows(list: &Value, fields: &[&str]) -> Vec<Vec<String>> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |entry: &Value| fields.iter().map(|field| shown(&entry[*field])).collect();
    list.iter().map(row).collect()
}

fn shown_queue(queue: &Value) -> String {
    let head = format!(
        "queue {}  {}  {} waiting  {} talking",
        shown(&queue["name"]),
        shown(&queue["phase"]),
        shown(&queue["waiting"]),
        shown(&queue["talking"])
    );
    let waiting = rows(&queue["callers"], &["position", "state", "since", "call"]);
    let callers = match waiting.is_empty() {
        true => "nobody waits".into(),
        false => table(&["PLACE", "STATE", "SINCE", "CALL"], &waiting),
    };
    let agents = rows(
        &queue["agents"],
        &["agent", "name", "state", "since", "until", "call"],
    );
    let agents = table(&["AGENT", "NAME", "STATE", "SINCE", "UNTIL", "CALL"], &agents);
    let records = queue["records"].as_array().map(Vec::as_slice).unwrap_or_default();
    format!("{head}\n\n{callers}\n\n{agents}\n\n{}", life(records))
}
