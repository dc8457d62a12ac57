//! `cordboard records`: figures out of the books, how far they are, and making them anew. Reads the configuration of
//! `serve` and asks the database itself, so a program need not be running.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use cordboard_observability::metrics::Metrics;

use super::printing::{print, print_json, table};
use super::variables;
use crate::api::first_day;
use crate::config::{Config, Sources};
use crate::journal::{OpenError, SqliteJournal, exit_on_fault};
use crate::records::{Books, Kpis, PostgresBooks, Projector, SqliteBooks};

/// The books: rows about calls, rooms and messages.
#[derive(Debug, Args)]
#[command(
    after_help = "The rows are in records.sqlite beside the journal, or in the Postgres database of \
                        database_url; docs/records.md describes every column."
)]
pub(super) struct Records {
    #[command(subcommand)]
    task: Task,
    /// Configuration file; `cordboard.toml` is read when it exists.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Selection rate, transfer success, calls per day, time to transfer, menu choices.
    Kpis {
        /// Days, today (UTC) included.
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=400))]
        days: u32,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Makes the rows anew from the journal; rows whose records the journal no longer keeps stay as they are.
    Rebuild,
}

pub(super) async fn run(records: Records) -> anyhow::Result<ExitCode> {
    let sources = Sources {
        file: records.config,
        environment: variables()?,
        ..Sources::default()
    };
    let config = Config::load(&sources)?;
    let books = open(&config)?;
    match records.task {
        Task::Kpis { days, json } => {
            let kpis = books.kpis(first_day(days)).await?;
            if json {
                return print_json(&serde_json::to_value(&kpis)?);
            }
            print(&shown(&kpis))
        }
        Task::Rebuild => rebuild(&config, books).await,
    }
}

/// The books that the configuration names.
pub(super) fn open(config: &Config) -> anyhow::Result<Arc<dyn Books>> {
    Ok(match config.postgres() {
        Some(settings) => Arc::new(PostgresBooks::new(&settings)?),
        None => Arc::new(SqliteBooks::open(&config.journal.directory)?),
    })
}

async fn rebuild(config: &Config, books: Arc<dyn Books>) -> anyhow::Result<ExitCode> {
    let settings = config.journal.settings();
    let metrics = Metrics::default();
    let journal = match SqliteJournal::open(&settings, metrics.clone(), exit_on_fault()) {
        Ok(journal) => journal,
        Err(OpenError::Locked { .. }) => {
            books.begin_anew(None).await?;
            return print(
                "A program has the journal open: it makes the rows anew, beside its calls, from now on.",
            );
        }
        Err(error) => return Err(error).context("the journal cannot be opened"),
    };
    let journal: Arc<dyn cordboard_actors::journal::Journal> = Arc::new(journal);
    // Registers the journal, should these books not know it yet.
    books.cursor(journal.salt()).await?;
    books.begin_anew(Some(journal.salt())).await?;
    let mut projector = Projector::new(
        journal,
        Arc::clone(&books),
        config.records_privacy(),
        metrics.clone(),
    );
    projector.catch_up().await?;
    let changes = metrics.records.changes.get();
    print(&format!("Made anew: {changes} changes in {}.", books.place()))
}

fn shown(kpis: &Kpis) -> String {
    let percent = |rate: f64| format!("{:.1} %", rate * 100.0);
    let seconds = |ms: Option<i64>| ms.map_or("-".to_owned(), |ms| format!("{:.1} s", ms as f64 / 1_000.0));
    let transfers = &kpis.transfers;
    let mut text = format!(
        "Since {} (UTC): {} calls, {} answered\n\
         Menu choice made      {} of {}, {}\n\
         Transfers bridged     {} of {}, {}\n\
         Mean time to transfer {}\n",
        kpis.since,
        kpis.calls,
        kpis.answered,
        kpis.with_choice,
        kpis.calls,
        percent(kpis.selection_rate),
        transfers.bridged,
        transfers.tried,
        percent(transfers.success),
        seconds(transfers.mean_time_to_transfer_ms),
    );
    let flow = |flow: &Option<String>| flow.clone().unwrap_or_else(|| "-".into());
    if !kpis.days.is_empty() {
        let row = |day: &crate::records::KpisOfDay| {
            vec![
                day.day.clone(),
                flow(&day.flow),
                day.calls.to_string(),
                day.answered.to_string(),
                day.with_choice.to_string(),
                format!("{}/{}", day.transfers_bridged, day.transfers_tried),
                seconds(day.mean_time_to_transfer_ms),
            ]
        };
        let rows: Vec<Vec<String>> = kpis.days.iter().map(row).collect();
        let head = [
            "DAY",
            "FLOW",
            "CALLS",
            "ANSWERED",
            "CHOICE",
            "TRANSFERS",
            "TIME TO TRANSFER",
        ];
        text += &format!("\n{}\n", table(&head, &rows));
    }
    if !kpis.choices.is_empty() {
        let row = |choice: &crate::records::Choices| {
            vec![
                flow(&choice.flow),
                choice.step.clone(),
                choice.choice.clone(),
                choice.times.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = kpis.choices.iter().map(row).collect();
        text += &format!("\n{}\n", table(&["FLOW", "STEP", "CHOICE", "TIMES"], &rows));
    }
    text.truncate(text.trim_end().len());
    text
}
