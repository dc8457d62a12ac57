//! `cordboard sms`: sends a text, lists the latest, shows one. Over the operator API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::desk::Door;
use super::printing::{shown, table};

/// Texts of a running program.
#[derive(Debug, Args)]
#[command(
    after_help = "Asks the operator door of `cordboard serve`. Exit codes: 0 done, 1 refused, 2 command line, \
                        3 nobody answers."
)]
pub(super) struct Sms {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Sends one text, once per key.
    Send(Send),
    /// The texts that the numbers still remember, and what each number did in all.
    List(List),
    /// Where one text stands.
    Show(One),
}

#[derive(Debug, Args)]
struct Send {
    /// Who gets it, E.164.
    #[arg(long, value_name = "NUMBER")]
    to: String,
    /// The number of ours that sends it; may be left out when there is one only.
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
    /// Under one key one text is sent, however often this is run.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Not before this, such as 2026-12-01T07:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The words.
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct One {
    /// The text's key, as `sms send` and `sms list` show it.
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    door: Door,
}

pub(super) async fn run(sms: Sms) -> anyhow::Result<ExitCode> {
    match sms.task {
        Task::Send(send) => {
            let body = json!({
                "to": send.to, "from": send.from, "text": send.text, "key": send.key, "send_at": send.at,
            });
            let answer = send.door.open()?.post(&["messages"], &body).await;
            send.door.show(answer, one)
        }
        Task::List(list) => {
            let answer = list.door.open()?.get(&["messages"], &[]).await;
            list.door.show(answer, all)
        }
        Task::Show(show) => {
            let answer = show.door.open()?.get(&["messages", &show.key], &[]).await;
            show.door.show(answer, one)
        }
    }
}

fn one(text: &Value) -> String {
    let reason = text["reason"]
        .as_str()
        .map(|why| format!(" ({why})"))
        .unwrap_or_default();
    format!(
        "{}  {}{reason}  {} -> {}",
        shown(&text["key"]),
        shown(&text["status"]),
        shown(&text["from"]),
        shown(&text["to"])
    )
}

fn all(list: &Value) -> String {
    let rows = |name: &str, columns: &[&str]| -> Vec<Vec<String>> {
        let row = |entry: &Value| columns.iter().map(|column| shown(&entry[*column])).collect();
        list[name].as_array().into_iter().flatten().map(row).collect()
    };
    let texts = table(
        &["KEY", "STATUS", "REASON", "FROM", "TO"],
        &rows("messages", &["key", "status", "reason", "from", "to"]),
    );
    let numbers = table(
        &["NUMBER", "SENT", "DELIVERED", "REFUSED", "UNKNOWN", "RECEIVED"],
        &rows(
            "numbers",
            &["number", "sent", "delivered", "refused", "unknown", "received"],
        ),
    );
    format!("{texts}\n\n{numbers}")
}
