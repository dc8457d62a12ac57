//! A process that is killed while it keeps the books has doubled nothing and left nothing out.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cordboard_observability::metrics::Metrics;

use super::super::{Books, SqliteBooks};
use super::story::Dice;
use super::{Scratch, dump, projector, story};
use crate::journal::{JournalSettings, SqliteJournal};

const DIRECTORY: &str = "CORDBOARD_TEST_BOOKS_TO_KILL";
const SEED: u64 = 23;
const CALLS: u64 = 120;

fn journal(directory: &Path) -> SqliteJournal {
    let settings = JournalSettings {
        ballast_bytes: 0,
        ..JournalSettings::new(directory)
    };
    SqliteJournal::open(
        &settings,
        Metrics::default(),
        Arc::new(|fault| eprintln!("{fault}")),
    )
    .unwrap()
}

/// The victim: keeps the books of a journal on disk, a few records at a time. Does nothing in an ordinary
/// run.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_to_kill() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let directory = PathBuf::from(directory);
    let journal = Arc::new(journal(&directory));
    let books: Arc<dyn Books> = Arc::new(SqliteBooks::open(&directory).unwrap());
    let mut keeper = projector(&journal, &books).reading(3);
    eprintln!("at work");
    loop {
        if !keeper.step().await.unwrap() {
            eprintln!("done");
            std::future::pending::<()>().await;
        }
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_page_repeats_nothing_and_leaves_nothing_out() {
    let (expected, place) = (Scratch::new(), Scratch::new());
    let written = Arc::new(journal(place.path()));
    for (n, record) in (0..).zip(story::records(SEED, CALLS)) {
        story::append(&*written, story::time(n), record).await;
    }
    let books: Arc<dyn Books> = Arc::new(SqliteBooks::open(expected.path()).unwrap());
    projector(&written, &books).catch_up().await.unwrap();
    let expected = dump(&expected.path().join("records.sqlite"));
    drop((written, books));

    let mut dice = Dice::new(SEED);
    let (mut hit, mut kills) = (0, 0);
    while kills < 200 {
        kills += 1;
        let mut victim = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "records::tests::killed::the_process_to_kill",
                "--nocapture",
            ])
            .env(DIRECTORY, place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = std::io::BufReader::new(victim.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        assert_eq!(line, "at work\n");
        // Not a synchronisation: any moment will do, and differs from life to life.
        tokio::time::sleep(Duration::from_millis(dice.below(120))).await;
        victim.kill().unwrap();
        victim.wait().unwrap();
        line.clear();
        std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        if line == "done\n" {
            break;
        }
        hit += 1;
    }
    assert!(hit >= 1, "the victim was killed at work");
    let books: Arc<dyn Books> = Arc::new(SqliteBooks::open(place.path()).unwrap());
    let written = Arc::new(journal(place.path()));
    projector(&written, &books).catch_up().await.unwrap();
    let found = dump(&place.path().join("records.sqlite"));
    assert!(
        found == expected,
        "{} rows, {} expected",
        found.len(),
        expected.len()
    );
}
