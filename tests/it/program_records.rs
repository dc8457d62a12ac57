//! The books of the whole program: real calls through real doors, looked at past our own code.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use cordboard::app::Surroundings;
use cordboard::journal::{JournalSettings, SqliteJournal, exit_on_fault};
use cordboard::records::{Books, SqliteBooks};
use cordboard_observability::metrics::Metrics;
use cordboard_simulator::ConferenceScenario;

use crate::program::{Directory, PATIENCE, Program};

fn on_disk(directory: &Directory) -> Surroundings {
    let metrics = Metrics::default();
    let settings = JournalSettings {
        ballast_bytes: 0,
        ..JournalSettings::new(directory.path())
    };
    let journal = SqliteJournal::open(&settings, metrics.clone(), exit_on_fault()).unwrap();
    Surroundings {
        metrics,
        journal: Some(Arc::new(journal)),
        records: Some(Arc::new(SqliteBooks::open(directory.path()).unwrap())),
        ..Surroundings::default()
    }
}

/// What `sqlite3` would print, a line per row.
fn query(directory: &Directory, sql: &str) -> Vec<String> {
    let books = rusqlite::Connection::open(directory.path().join("records.sqlite")).unwrap();
    let mut statement = books.prepare(sql).unwrap();
    let text = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<String>>(0)?.unwrap_or_default());
    let rows = statement.query_map([], text).unwrap();
    rows.map(Result::unwrap).collect()
}

async fn until(directory: &Directory, sql: &str, expected: &[&str]) {
    let wait = async {
        while query(directory, sql) != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        assert_eq!(query(directory, sql), expected, "{sql}");
    }
}

const CALLS: &str = "SELECT line || count(*) FROM (SELECT end_reason || ' ' || hangup_cause || ' ' || (answered_at >= began_at) || ' ' ||
    (ended_at > answered_at) || ' ' || (duration_ms > talk_ms AND talk_ms > 900) || ' ' AS line
    FROM call_log WHERE caller LIKE '+%' AND called LIKE '+%' AND flow IS NOT NULL) GROUP BY line";
const ROOMS: &str = "SELECT count(*) || ' conferences, ' ||
    (SELECT count(*) FROM participants WHERE left_at >= joined_at AND call_id IN (SELECT call_id FROM calls)) || ' stays, ' ||
    (SELECT count(*) FROM legs WHERE role = 'caller' AND ended_at IS NOT NULL AND rang_at IS NOT NULL) || ' legs'
    FROM conferences WHERE ended_at > began_at AND conference_id IS NOT NULL";

#[tokio::test(flavor = "multi_thread")]
async fn every_call_and_conference_has_its_row_and_keeps_it_over_restart_and_rebuild() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    let meeting = ConferenceScenario {
        conferences: 2,
        callers_per_conference: 3,
        hold: Duration::from_secs(1),
        arrival_spread: Duration::from_millis(200),
        ..ConferenceScenario::default()
    };
    program.run(meeting.clone()).await;
    let calls = |count| format!("hung_up normal_clearing 1 1 1 {count}");
    until(&directory, CALLS, &[&calls(6)]).await;
    until(&directory, ROOMS, &["2 conferences, 6 stays, 6 legs"]).await;
    let page = program.get("/api/v1/kpis?days=2").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let kpis: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(
        (&kpis["calls"], &kpis["answered"]),
        (&6.into(), &6.into()),
        "{kpis}"
    );
    assert_eq!(program.get("/api/v1/kpis?days=0").await.status, 400);
    let page = program.get("/metrics").await.body;
    assert!(page.contains("cordboard_records_lag_seconds 0"), "{page}");

    let program = program.again("", || on_disk(&directory)).await;
    program.run(meeting).await;
    until(&directory, CALLS, &[&calls(12)]).await;
    let log = query(
        &directory,
        "SELECT call_id || began_at || duration_ms FROM call_log ORDER BY 1",
    );
    let other = SqliteBooks::open(directory.path()).unwrap();
    other.begin_anew(None).await.unwrap();
    until(
        &directory,
        "SELECT CAST(sum(anew_until) AS TEXT) FROM journals",
        &["0"],
    )
    .await;
    let again = query(
        &directory,
        "SELECT call_id || began_at || duration_ms FROM call_log ORDER BY 1",
    );
    assert_eq!(again, log, "made anew beside a running program");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_books_says_so() {
    let program = Program::start().await;
    let page = program.get("/api/v1/kpis").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("records.enabled"), "{}", page.body);
    program.stop().await;
}
