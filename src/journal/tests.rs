//! Tests of the durable journal: what it promises, what it finds again, what it refuses.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../../actors/tests/it/journal_contract.rs"]
mod contract;
mod damage;
mod flows;
mod full;
mod killed;
mod positions;
mod refusals;
mod reopening;
mod retention;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cordboard_actors::journal::{Append, AppendError, EffectKey, Journal, RECORD_FORMAT, Record};
use cordboard_actors::witness::Witnessed;
use cordboard_core::command::Query;
use cordboard_core::{Address, Command, Effect, Handle, Input, Issued, Timestamp};
use cordboard_observability::metrics::Metrics;
use tokio::sync::oneshot;

use super::{Fault, FaultHook, JournalSettings, OpenError, SqliteJournal};

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_on_disk_keeps_the_contract() {
    let scratch = Scratch::new();
    let made = AtomicU32::new(0);
    contract::journal_contract(async || {
        let place = scratch
            .path()
            .join(made.fetch_add(1, Ordering::Relaxed).to_string());
        Arc::new(open(&place).unwrap()) as Arc<dyn Journal>
    })
    .await;
}

#[tokio::test]
async fn a_linger_changes_nothing_but_the_size_of_commits() {
    let scratch = Scratch::new();
    let settings = JournalSettings {
        linger: std::time::Duration::from_millis(1),
        max_batch: 3,
        ..settings(&scratch.path().join("journal"))
    };
    let journal = SqliteJournal::open(&settings, Metrics::default(), no_fault()).unwrap();
    let told: Vec<_> = (1..=20).map(|seq| send(&journal, append(1, seq))).collect();
    for told in told {
        told.await.unwrap().unwrap();
    }
    assert_eq!(journal.counts().records, 20);
}

/// A directory of this test's own, gone with it.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "cordboard-journal-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        // Hundreds of starts and ends: in memory they take seconds, on a slow disk minutes.
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        };
        let path = parent.join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn settings(directory: &Path) -> JournalSettings {
    JournalSettings {
        ballast_bytes: 0,
        ..JournalSettings::new(directory)
    }
}

/// Fails the test's journal, not the test's process; nobody expects it to be called.
pub(super) fn no_fault() -> FaultHook {
    Arc::new(|fault| eprintln!("{fault}"))
}

/// Keeps what it is told.
pub(super) fn recorder() -> (FaultHook, Arc<Mutex<Vec<Fault>>>) {
    let told: Arc<Mutex<Vec<Fault>>> = Arc::default();
    let tell = Arc::clone(&told);
    let hook: FaultHook = Arc::new(move |fault| tell.lock().unwrap().push(fault.clone()));
    (hook, told)
}

pub(super) fn open(directory: &Path) -> Result<SqliteJournal, OpenError> {
    SqliteJournal::open(&settings(directory), Metrics::default(), no_fault())
}

pub(super) fn call(n: usize) -> Address {
    Address::Call(format!("session-{n}").as_str().into())
}

pub(super) fn at(seq: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seq)
}

pub(super) fn question(id: &str) -> Effect {
    Effect::Command(Box::new(Issued {
        id: id.into(),
        command: Command::Query(Query::Call { leg: "v3:leg".into() }),
        client_state: None,
        give_up_at: Timestamp::from_millis(1_700_000_100_000),
    }))
}

pub(super) fn record(address: &Address, seq: u64) -> Record {
    Record {
        address: address.clone(),
        incarnation: 1,
        seq,
        at: at(seq),
        cause: Input::Deadline,
        receipt: Some(Bytes::from(format!("answer {seq}"))),
        effects: vec![],
        state: Bytes::from(format!("{{\"seq\":{seq},\"pad\":\"{}\"}}", "x".repeat(400))),
        witnessed: Some(Witnessed {
            waited_us: seq,
            ..Witnessed::default()
        }),
        format: RECORD_FORMAT,
    }
}

/// An append of record `seq` of call `n`, with an event, a deadline and a handle; `done` is not heard.
pub(super) fn append(n: usize, seq: u64) -> Append {
    append_to(&call(n), seq)
}

pub(super) fn append_to(address: &Address, seq: u64) -> Append {
    Append {
        record: record(address, seq),
        event: Some(format!("event-{address}-{seq}").as_str().into()),
        settles: None,
        terminal: false,
        deadline: Some(at(seq + 60_000)),
        handles: vec![Handle::Leg(format!("v3:{address}").as_str().into())],
        flow: None,
        done: Box::new(|_| {}),
    }
}

/// Hands the append over; the receiver gets what `done` got.
pub(super) fn send(journal: &SqliteJournal, append: Append) -> oneshot::Receiver<Result<u64, AppendError>> {
    let (tell, told) = oneshot::channel();
    journal.append(Append {
        done: Box::new(move |result| {
            let _ = tell.send(result.map(|record| record.seq).map_err(Clone::clone));
        }),
        ..append
    });
    told
}

pub(super) async fn take(journal: &SqliteJournal, append: Append) -> Result<u64, AppendError> {
    send(journal, append).await.unwrap()
}

pub(super) fn key(address: &Address, seq: u64, index: u32) -> EffectKey {
    EffectKey {
        address: address.clone(),
        seq,
        index,
    }
}
