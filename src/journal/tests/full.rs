//! A full disk, and a disk that fails.

use std::process::Command;
use std::time::Duration;

use cordboard_actors::journal::{Append, AppendError, Journal, Takes};
use cordboard_core::Address;
use cordboard_observability::metrics::Metrics;

use super::super::{DiskAlarms, JournalSettings, OpenError, SqliteJournal};
use super::{Scratch, append, append_to, at, call, no_fault, open, recorder, settings, take};

fn big(mut append: Append) -> Append {
    append.record.state = vec![b'x'; 20_000].into();
    append
}

/// Fills until an append is refused; returns its seq.
async fn fill(journal: &SqliteJournal, n: usize) -> u64 {
    for seq in 1..10_000 {
        if let Err(error) = take(journal, big(append(n, seq))).await {
            assert_eq!(error, AppendError::Unavailable("disk full".into()));
            return seq;
        }
    }
    panic!("never full");
}

#[tokio::test]
async fn a_full_database_refuses_and_goes_on_when_there_is_room() {
    let scratch = Scratch::new();
    let settings = JournalSettings {
        max_bytes: Some(2 << 20),
        checkpoint_bytes: 64 << 10,
        ..settings(scratch.path())
    };
    let (hook, faults) = recorder();
    let journal = SqliteJournal::open(&settings, Metrics::default(), hook).unwrap();
    for seq in 1..=20 {
        let terminal = seq == 20;
        take(
            &journal,
            Append {
                terminal,
                ..big(append(9, seq))
            },
        )
        .await
        .unwrap();
    }
    let seq = fill(&journal, 1).await;
    assert!(journal.is_full());
    let held = journal.counts();
    let history = journal.history(&call(1)).await.unwrap();
    assert_eq!(
        history.len() as u64,
        seq - 1,
        "nothing of the refused commit is there"
    );
    let conflict = take(&journal, append(1, seq + 1)).await;
    assert!(
        matches!(conflict, Err(AppendError::Conflict { .. })),
        "its successor is poisoned: {conflict:?}"
    );
    let newcomer = take(&journal, append(2, 1)).await;
    assert!(
        matches!(newcomer, Err(AppendError::Unavailable(_))),
        "new calls wait: {newcomer:?}"
    );

    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(journal.sweep(at(100) + day).await, Ok(20), "clean-up goes on");
    for seq in seq..seq + 10 {
        take(&journal, big(append(1, seq))).await.unwrap();
    }
    assert_eq!(journal.counts().open, held.open);
    assert!(faults.lock().unwrap().is_empty());
    drop(journal);
    let journal = SqliteJournal::open(&settings, Metrics::default(), no_fault()).unwrap();
    assert_eq!(journal.load(&call(1)).await.unwrap().unwrap().last.seq, seq + 9);
}

fn percentages(no_new_calls_percent: u8, clean_up_percent: u8) -> DiskAlarms {
    DiskAlarms {
        alarm_percent: 0,
        no_new_calls_percent,
        clean_up_percent,
        plenty_bytes: u64::MAX - 1,
        ..DiskAlarms::default()
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_is_given_to_live_calls() {
    let scratch = Scratch::new();
    let room = |name: &str| append_to(&Address::Conference(name.into()), 1);
    for (seq, disk, takes) in [
        (1, percentages(101, 101), Takes::Everything),
        (2, percentages(0, 101), Takes::NoNewCalls),
        (3, percentages(0, 0), Takes::CleanUpOnly),
    ] {
        let settings = JournalSettings {
            disk,
            ..settings(scratch.path())
        };
        let journal = SqliteJournal::open(&settings, Metrics::default(), no_fault()).unwrap();
        assert_eq!(journal.takes(), takes);
        let newcomer = take(&journal, append(10 + usize::try_from(seq).unwrap(), 1)).await;
        assert_eq!(
            newcomer.is_ok(),
            takes == Takes::Everything,
            "{takes:?}: {newcomer:?}"
        );
        let new_room = take(&journal, room(&format!("room-{seq}"))).await;
        assert_eq!(
            new_room.is_ok(),
            takes != Takes::CleanUpOnly,
            "{takes:?}: {new_room:?}"
        );
        if seq > 1 {
            assert_eq!(take(&journal, append(11, seq)).await, Ok(seq), "{takes:?}");
        }
    }
}

/// A small file system of its own, unmounted at the end; `None` where mounting is not allowed.
struct Tmpfs(Scratch);

impl Tmpfs {
    fn mount(size: &str) -> Option<Self> {
        let scratch = Scratch::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(scratch.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(scratch))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_keeps_the_ballast_for_live_calls() {
    let Some(disk) = Tmpfs::mount("4m") else {
        eprintln!("not run: mounting is not allowed here");
        return;
    };
    let settings = JournalSettings {
        ballast_bytes: 1 << 20,
        checkpoint_bytes: 256 << 10,
        ..JournalSettings::new(disk.0.path().join("journal"))
    };
    let ballast = settings.directory.join("ballast");
    let (hook, faults) = recorder();
    let journal = SqliteJournal::open(&settings, Metrics::default(), hook).unwrap();
    assert!(ballast.exists());
    let mut seq = 1;
    while !journal.is_full() {
        // Whether it is this append that finds the disk full, or the copy of the log after it.
        seq += u64::from(take(&journal, big(append(1, seq))).await.is_ok());
    }
    assert!(!ballast.exists(), "its room is for live calls");
    let terminal = Append {
        terminal: true,
        ..append(1, seq)
    };
    assert_eq!(take(&journal, terminal).await, Ok(seq), "the end is recorded");
    assert!(
        take(&journal, append(2, 1)).await.is_err(),
        "new calls are refused"
    );
    drop(journal);
    let journal = SqliteJournal::open(&settings, Metrics::default(), no_fault()).unwrap();
    assert_eq!(journal.load(&call(1)).await.unwrap().unwrap().last.seq, seq);
    assert!(faults.lock().unwrap().is_empty());

    let _ = std::fs::write(disk.0.path().join("filler"), vec![0; 8 << 20]);
    let error = open(&disk.0.path().join("another")).unwrap_err();
    assert!(matches!(error, OpenError::Full { .. }), "{error}");
}

#[tokio::test]
async fn any_other_failure_of_a_write_ends_the_process() {
    let scratch = Scratch::new();
    let (hook, faults) = recorder();
    let journal = SqliteJournal::open(&settings(scratch.path()), Metrics::default(), hook).unwrap();
    take(&journal, append(1, 1)).await.unwrap();
    let saboteur = rusqlite::Connection::open(scratch.path().join("journal.sqlite")).unwrap();
    saboteur.execute_batch("DROP TABLE events").unwrap();
    for seq in [2, 3] {
        let refused = take(&journal, append(1, seq)).await;
        assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    }
    let faults = faults.lock().unwrap();
    assert_eq!(faults.len(), 1, "told once");
    assert!(faults[0].to_string().contains("events"), "{}", faults[0]);
}
