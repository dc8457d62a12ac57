//! The program on a disk that fills up: first new calls are told to come again, then everything but ends.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cordboard::app::Surroundings;
use cordboard::journal::{DiskAlarms, JournalSettings, SqliteJournal, exit_on_fault};
use cordboard_observability::metrics::Metrics;
use serde_json::json;

use crate::program::{Directory, Program, hung_up, initiated, key, session};

/// Whatever the real disk is like, these percentages are reached, or not.
fn on_disk(directory: &Directory, no_new_calls_percent: u8, clean_up_percent: u8) -> Surroundings {
    let metrics = Metrics::default();
    let disk = DiskAlarms {
        alarm_percent: 0,
        no_new_calls_percent,
        clean_up_percent,
        plenty_bytes: u64::MAX - 1,
        ..DiskAlarms::default()
    };
    let settings = JournalSettings {
        disk,
        ballast_bytes: 0,
        ..JournalSettings::new(directory.path())
    };
    let journal = SqliteJournal::open(&settings, metrics.clone(), exit_on_fault()).unwrap();
    Surroundings {
        metrics,
        journal: Some(Arc::new(journal)),
        ..Surroundings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_costs_new_calls_first_and_never_a_hangup() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory, 101, 101)).await;
    assert_eq!(program.post(&initiated(1)).await.status, 200);
    assert_eq!(program.post(&initiated(2)).await.status, 200);

    let program = program.again("", || on_disk(&directory, 0, 101)).await;
    assert_eq!(program.post(&initiated(3)).await.status, 503, "no new call");
    assert_eq!(program.post(&key(1, 1)).await.status, 200, "live calls go on");
    assert_eq!(program.post(&hung_up(2)).await.status, 200);

    let program = program.again("", || on_disk(&directory, 0, 0)).await;
    assert_eq!(program.post(&initiated(3)).await.status, 503);
    assert_eq!(program.post(&key(1, 2)).await.status, 503, "clean-up only");
    let page = program.get("/metrics").await.body;
    assert!(
        page.contains("cordboard_requests_shed_total{gate=\"disk\"} 2"),
        "{page}"
    );
    assert!(page.contains("cordboard_journal_disk_used_percent"));
    let path = format!("/api/v1/calls/{}/commands", session(1));
    let speak = json!({ "name": "speak", "leg": "v3:raw-1" }).to_string();
    assert_ne!(program.operator("POST", &path, Some(&speak)).await.status, 200);
    assert_eq!(program.post(&hung_up(1)).await.status, 200, "ends are taken");
    program.settle().await;
    program.stop().await;
}
