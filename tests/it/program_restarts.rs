//! The program is stopped and started again over its journal on disk while people talk: nobody notices.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard::app::Surroundings;
use cordboard::journal::{JournalSettings, OpenError, SqliteJournal, exit_on_fault};
use cordboard_observability::metrics::Metrics;
use serde_json::json;

use crate::program::{Directory, Program};

/// Longer than anything that is stopped goes on.
const LETS_GO: Duration = Duration::from_secs(5);

#[expect(
    clippy::disallowed_methods,
    reason = "the file lock of a stopped life is seen by trying again only, and these tests have threads to spare"
)]
pub(crate) fn on_disk(directory: &Directory) -> Surroundings {
    let metrics = Metrics::default();
    let mut settings = JournalSettings::new(directory.path());
    // A full disk of the machine that tests must not decide them.
    settings.disk.plenty_bytes = 1;
    // Within one process the last task of the life before may let go of the directory a moment after its stop.
    let began = Instant::now();
    let journal = loop {
        match SqliteJournal::open(&settings, metrics.clone(), exit_on_fault()) {
            Err(OpenError::Locked { .. }) if began.elapsed() < LETS_GO => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => break opened.unwrap(),
        }
    };
    Surroundings {
        metrics,
        journal: Some(Arc::new(journal)),
        ..Surroundings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_talk_on_through_two_restarts_and_everything_ends_well() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    talk_on(program, &directory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_the_other_carrier_talk_on_through_two_restarts() {
    let directory = Directory::new();
    let program = Program::through_twilio("", on_disk(&directory)).await;
    talk_on(program, &directory).await;
}

async fn talk_on(mut program: Program, directory: &Directory) {
    let callers = |to: &str| json!({ "to": to, "count": 3, "talk_ms": 5_000, "patience_ms": 60_000 });
    program.ring(&callers("+15550100041")).await;
    program
        .until("three talk", |program| program.simulator.snapshot().talking == 3)
        .await;
    for _ in 0..2 {
        program = program.again("", || on_disk(directory)).await;
        let memory = program.app.house().occupancy();
        assert_eq!(
            memory.index_entries, 4,
            "three legs and a conference are found again: {memory:?}"
        );
    }
    // New callers of the same room meet those who were there before.
    program.ring(&callers("+15550100041")).await;
    program
        .until("everybody talks", |program| {
            program.simulator.snapshot().talking == 6
        })
        .await;
    program.settle().await;
    let report = program.simulator.report();
    assert_eq!(
        (report.calls.completed, report.calls.lost),
        (6, 0),
        "{:#?}",
        report.failures
    );
    assert_eq!((report.conferences.created, report.conferences.ended), (1, 1));
    assert_eq!(report.commands.duplicate_effects, 0);
    program.stop().await;
}
