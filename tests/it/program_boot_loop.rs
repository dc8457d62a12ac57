//! A call that takes the whole process down, start after start: the third start ends it by hand and serves the others.
//!
//! The dying process is this test binary once more, with one test of it and a directory in its environment.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use cordboard::app::{QuarantineFile, Surroundings, WakingFile};
use cordboard::journal::{JournalSettings, SqliteJournal, exit_on_fault};
use cordboard_actors::house::FaultHook;
use cordboard_core::{Address, Input};
use cordboard_observability::metrics::Metrics;

use crate::program::{Directory, Program, initiated, key, session};

/// Where the child finds its data; without it, that test has nothing to do.
const DATA: &str = "CORDBOARD_TEST_BOOT_LOOP";
const CHILD: &str = "program_boot_loop::a_start_over_the_directory_in_the_environment";
/// Said by the child once call 1 could not kill it.
const LIVES: &str = "the process lives";

fn over(directory: &Path) -> Surroundings {
    std::fs::create_dir_all(directory).unwrap();
    let metrics = Metrics::default();
    let mut settings = JournalSettings::new(directory);
    // How full the disk of whoever runs this is does not matter here.
    settings.disk.plenty_bytes = 1;
    let journal = SqliteJournal::open(&settings, metrics.clone(), exit_on_fault()).unwrap();
    // As a stack overflow or the kernel does it: no unwinding, no destructor.
    let fault: FaultHook = Arc::new(|address: &Address, input: &Input| {
        let poison =
            matches!(input, Input::Event { event, .. } if event.body.label() == "call.dtmf.received");
        if poison && *address == Address::Call(session(1).as_str().into()) {
            std::process::abort();
        }
    });
    Surroundings {
        metrics,
        journal: Some(Arc::new(journal)),
        quarantine: Some(Arc::new(QuarantineFile::open(directory).unwrap())),
        boot_guard: Some(Arc::new(WakingFile::open(directory).unwrap())),
        fault: Some(fault),
        ..Surroundings::default()
    }
}

/// The first start takes two calls in. Each start then gets call 1's poison, as the carrier repeats it.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_over_the_directory_in_the_environment() {
    let Ok(directory) = std::env::var(DATA) else {
        return;
    };
    let around = over(directory.as_ref());
    let first = around.journal.as_ref().unwrap().counts().open == 0;
    let program = Program::unreachable_carrier(around).await;
    if first {
        for n in 1..=2 {
            deliver(&program, &initiated(n)).await;
        }
    }
    deliver(&program, &key(1, 1)).await;
    deliver(&program, &key(2, 1)).await;
    let listed = program.get("/api/v1/quarantine").await.body;
    assert!(
        listed.contains("boot_loop") && listed.contains(&session(1)),
        "{listed}"
    );
    let legs = program.app.house().registry.legs();
    assert_eq!(legs.len(), 1, "{legs:?}");
    assert_eq!(legs[0].1, Address::Call(session(2).as_str().into()));
    eprintln!("{LIVES}");
    std::process::exit(0);
}

/// As a carrier does: again and again until it is taken.
async fn deliver(program: &Program, event: &serde_json::Value) {
    for _ in 0..20 {
        if program.post(event).await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("an event is not taken");
}

fn start(directory: &Path) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture"])
        .env(DATA, directory)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn two_deaths_at_one_call_end_that_call_and_the_next_start_serves_the_others() {
    let directory = Directory::new();
    for death in 1..=2 {
        let output = start(directory.path());
        assert_eq!(
            output.status.code(),
            None,
            "death {death} by a signal: {}",
            said(&output)
        );
        assert!(!said(&output).contains(LIVES), "death {death}");
    }
    for life in 1..=2 {
        let output = start(directory.path());
        assert!(output.status.success(), "life {life}: {}", said(&output));
        assert!(said(&output).contains(LIVES), "life {life}");
    }
}
