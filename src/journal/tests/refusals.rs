//! What a start refuses, each with its own error and exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cordboard_actors::journal::Journal;
use rusqlite::Connection;

use super::super::OpenError;
use super::{Scratch, append, open, take};

/// A journal with some records, closed.
async fn closed(place: &Path) {
    let journal = open(place).unwrap();
    for seq in 1..=3 {
        take(&journal, append(1, seq)).await.unwrap();
    }
}

fn refused(place: &Path) -> OpenError {
    let error = open(place).expect_err("the start is refused");
    let text = error.to_string();
    assert!(text.contains(place.to_str().unwrap()), "says where: {text}");
    error
}

fn execute(place: &Path, sql: &str) {
    let connection = Connection::open(place.join("journal.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_the_lock_file() {
    let scratch = Scratch::new();
    let first = open(scratch.path()).unwrap();
    let error = refused(scratch.path());
    assert!(
        matches!(&error, OpenError::Locked { path } if path.ends_with("lock")),
        "{error}"
    );
    assert_eq!(error.exit_code(), 22);
    drop(first);
    open(scratch.path()).unwrap();
}

#[tokio::test]
async fn the_directory_and_its_files_are_its_owners_alone() {
    let scratch = Scratch::new();
    let place = scratch.path().join("journal");
    let _journal = open(&place).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    for file in ["lock", "mark", "journal.sqlite", "journal.sqlite-wal"] {
        assert_eq!(mode(&place.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_file_in_place_of_the_directory_is_refused() {
    let scratch = Scratch::new();
    let place = scratch.path().join("file");
    fs::write(&place, "hello").unwrap();
    assert!(matches!(refused(&place), OpenError::NotADirectory { .. }));
    let below = place.join("journal");
    assert!(matches!(refused(&below), OpenError::NotADirectory { .. }));
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_refused() {
    let scratch = Scratch::new();
    let place = scratch.path().join("journal");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may write anywhere but where nobody can: the kernel's own file systems.
    let place = match fs::write(place.join("probe"), "") {
        Err(_) => place,
        Ok(()) => "/sys/kernel".into(),
    };
    let error = refused(&place);
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn a_loop_of_links_is_refused() {
    let scratch = Scratch::new();
    let place = scratch.path().join("loop");
    std::os::unix::fs::symlink(&place, &place).unwrap();
    refused(&place.join("journal"));
}

#[tokio::test]
async fn a_journal_of_a_newer_build_is_refused() {
    let scratch = Scratch::new();
    closed(scratch.path()).await;
    execute(scratch.path(), "UPDATE meta SET value = 7 WHERE key = 'format'");
    let error = refused(scratch.path());
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 7,
                known: 2,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 23);
}

#[tokio::test]
async fn foreign_files_are_refused() {
    let scratch = Scratch::new();
    let place = scratch.path().join("text");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("journal.sqlite"), "this is no database at all").unwrap();
    assert!(matches!(refused(&place), OpenError::Foreign { .. }));

    let place = scratch.path().join("other");
    fs::create_dir(&place).unwrap();
    execute(&place, "CREATE TABLE recipes (name TEXT)");
    assert!(matches!(refused(&place), OpenError::Foreign { .. }));
    let kept = Connection::open(place.join("journal.sqlite")).unwrap();
    assert!(kept.prepare("SELECT * FROM recipes").is_ok(), "left as it was");
}

#[tokio::test]
async fn a_first_start_that_was_killed_is_begun_again() {
    let scratch = Scratch::new();
    // As far as it may have got: a file with a head, and no table in it.
    execute(
        scratch.path(),
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
    );
    closed(scratch.path()).await;
    assert_eq!(open(scratch.path()).unwrap().counts().open, 1);
}

#[tokio::test]
async fn a_directory_in_place_of_the_database_is_refused() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path().join("journal.sqlite")).unwrap();
    refused(scratch.path());
}

#[tokio::test]
async fn a_database_that_vanished_or_was_emptied_is_refused() {
    for emptied in [false, true] {
        let scratch = Scratch::new();
        closed(scratch.path()).await;
        let database = scratch.path().join("journal.sqlite");
        if emptied {
            fs::write(&database, "").unwrap();
        } else {
            fs::remove_file(&database).unwrap();
        }
        let error = refused(scratch.path());
        assert!(
            matches!(
                error,
                OpenError::Lost {
                    found: 0,
                    acknowledged: 3,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(error.exit_code(), 26);
    }
}

#[tokio::test]
async fn a_gap_in_the_seq_of_an_open_call_is_refused() {
    for (gap, why) in [
        ("DELETE FROM records WHERE seq = 3", "newest record"),
        ("UPDATE records SET seq = 4 WHERE seq = 3", "newest record"),
        ("UPDATE entities SET seq = 2", "checksum"),
        ("UPDATE entities SET deadline = 5", "checksum"),
        ("DELETE FROM entities", "live entities"),
        ("UPDATE entities SET terminal = 1", "live entities"),
        ("UPDATE records SET state = x'7b7d' WHERE seq = 3", "checksum"),
        ("INSERT INTO unsettled VALUES (1, 2, 0)", "unsettled"),
        ("INSERT INTO unsettled VALUES (9, 2, 0)", "not there"),
        ("DELETE FROM books", "books"),
        ("DELETE FROM meta WHERE key = 'format'", "format"),
        ("UPDATE meta SET value = value + 1 WHERE key = 'salt'", "salt"),
        ("DROP TABLE events", "events"),
    ] {
        let scratch = Scratch::new();
        closed(scratch.path()).await;
        execute(scratch.path(), gap);
        let error = refused(scratch.path());
        assert!(matches!(error, OpenError::Damaged { .. }), "{gap}: {error}");
        assert!(error.to_string().contains(why), "{gap}: {error}");
    }
}
