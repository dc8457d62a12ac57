//! Flow files: with which commit they become durable, how long they stay; journals that knew none.

use std::time::Duration;

use bytes::Bytes;
use cordboard_actors::journal::{Append, AppendError, Journal};
use rusqlite::Connection;

use super::super::{OpenError, SqliteJournal};
use super::{Scratch, append, at, call, open, record, take};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn citing(n: usize, seq: u64, flow: &str) -> Append {
    Append {
        flow: Some(flow.to_owned()),
        ..append(n, seq)
    }
}

fn execute(scratch: &Scratch, sql: &str) {
    let connection = Connection::open(scratch.path().join("journal.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn keep(journal: &SqliteJournal, hash: &str) {
    journal.keep_flow(hash, Bytes::from(format!("flow {hash}")));
    assert_eq!(
        journal.flow(hash).await.unwrap(),
        Some(Bytes::from(format!("flow {hash}")))
    );
}

#[tokio::test]
async fn a_flow_goes_with_the_last_entity_that_cites_it() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    for hash in ["live", "ended", "left", "unused"] {
        keep(&journal, hash).await;
    }
    take(&journal, citing(1, 1, "left")).await.unwrap();
    take(&journal, citing(1, 2, "live")).await.unwrap();
    let ended = Append {
        terminal: true,
        ..citing(2, 1, "ended")
    };
    take(&journal, ended).await.unwrap();
    journal.sweep(at(9) + DAY + DAY).await.unwrap();
    for hash in ["live", "ended", "left", "unused"] {
        assert!(
            journal.flow(hash).await.unwrap().is_some(),
            "{hash} is the present configuration's"
        );
    }
    drop(journal);

    let journal = open(scratch.path()).unwrap();
    keep(&journal, "unused").await;
    let ended = Append {
        terminal: true,
        record: cordboard_actors::journal::Record {
            at: at(0) + DAY + DAY,
            ..record(&call(3), 1)
        },
        ..citing(3, 1, "ended")
    };
    take(&journal, ended).await.unwrap();
    for (now, kept) in [(at(0) + DAY + DAY, true), (at(9) + DAY + DAY + DAY, false)] {
        journal.sweep(now).await.unwrap();
        assert_eq!(journal.flow("ended").await.unwrap().is_some(), kept);
        assert!(journal.flow("live").await.unwrap().is_some());
        assert!(journal.flow("unused").await.unwrap().is_some());
        assert!(
            journal.flow("left").await.unwrap().is_none(),
            "nobody follows it any more"
        );
    }
    let gone = take(&journal, citing(4, 1, "ended")).await;
    assert!(matches!(gone, Err(AppendError::Unavailable(_))), "{gone:?}");
    keep(&journal, "ended").await;
    assert_eq!(take(&journal, citing(4, 1, "ended")).await, Ok(1));
    drop(journal);
    assert!(open(scratch.path()).is_ok());
}

#[tokio::test]
async fn a_flow_that_waits_for_a_commit_is_kept_when_the_journal_is_dropped() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    journal.keep_flow("aa", Bytes::from_static(b"a"));
    drop(journal);
    let journal = open(scratch.path()).unwrap();
    assert_eq!(journal.flow("aa").await.unwrap(), Some(Bytes::from_static(b"a")));
}

#[tokio::test]
async fn a_flow_that_is_damaged_or_missing_is_refused() {
    for (damage, why) in [
        ("UPDATE flows SET bytes = x'00'", "checksum of flow aa"),
        ("DELETE FROM flows", "flow aa of call:session-1 is missing"),
        ("UPDATE entities SET flow = NULL", "checksum"),
        ("UPDATE events SET event = 'other'", "event"),
    ] {
        let scratch = Scratch::new();
        let journal = open(scratch.path()).unwrap();
        keep(&journal, "aa").await;
        take(&journal, citing(1, 1, "aa")).await.unwrap();
        drop(journal);
        execute(&scratch, damage);
        let error = open(scratch.path()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{damage}: {error}");
        assert!(error.to_string().contains(why), "{damage}: {error}");
    }
}

/// The tables as the first release made them.
const FORMAT_1: &str = "DROP TABLE flows; DROP INDEX entities_flow; ALTER TABLE entities DROP COLUMN flow; \
                        UPDATE meta SET value = 1 WHERE key = 'format'";

#[tokio::test]
async fn a_journal_without_flows_is_given_a_shelf_in_place() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    for seq in 1..=3 {
        take(&journal, append(1, seq)).await.unwrap();
    }
    let salt = journal.salt();
    drop(journal);
    execute(&scratch, FORMAT_1);
    for expected in [3, 4] {
        let journal = open(scratch.path()).unwrap();
        assert_eq!(journal.salt(), salt);
        assert_eq!(journal.history(&call(1)).await.unwrap().len() as u64, expected);
        keep(&journal, "aa").await;
        take(&journal, citing(1, expected + 1, "aa")).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_journal_keeps_its_old_format() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    take(&journal, append(1, 1)).await.unwrap();
    drop(journal);
    execute(&scratch, FORMAT_1);
    execute(&scratch, "UPDATE records SET state = x'7b7d'");
    let error = open(scratch.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    let connection = Connection::open(scratch.path().join("journal.sqlite")).unwrap();
    let format: i64 = connection
        .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(format, 1);
}
