//! Torn and flipped bytes: found again or refused, never silently dropped.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use cordboard_actors::journal::{Journal, Owed, Record, Sleeper};

use super::super::{OpenError, SqliteJournal};
use super::{Scratch, append, call, key, open, question, take};

const CALLS: usize = 12;
const RECORDS: u64 = 8;

/// Everything that a journal says when it is asked everything.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    histories: Vec<Vec<Record>>,
    last: Vec<u64>,
    everything: Vec<(u64, Record)>,
    sleepers: Vec<Sleeper>,
    owed: Vec<Owed>,
    flow: Option<Bytes>,
    /// Events that are known, whoever asks: only the thorough check of small files vouches for their index.
    pub(super) known: usize,
}

/// A flow that every call follows.
const FLOW: &str = "0a1b2c";

pub(super) async fn fill(journal: &SqliteJournal) {
    journal.keep_flow(FLOW, Bytes::from(vec![b'f'; 9_000]));
    for seq in 1..=RECORDS {
        for n in 0..CALLS {
            let mut next = append(n, seq);
            next.flow = Some(FLOW.to_owned());
            next.record.effects = vec![question("q")];
            next.settles = (seq > 1).then(|| key(&call(n), seq - 1, 0));
            next.terminal = n < 3 && seq == RECORDS;
            take(journal, next).await.unwrap();
        }
    }
}

pub(super) async fn ask(journal: &SqliteJournal) -> Result<Said, String> {
    let text = |error: cordboard_actors::journal::AppendError| error.to_string();
    let (mut histories, mut last, mut known) = (Vec::new(), Vec::new(), 0);
    for n in 0..CALLS {
        histories.push(journal.history(&call(n)).await.map_err(text)?);
        let loaded = journal.load(&call(n)).await.map_err(text)?;
        last.push(loaded.map_or(0, |loaded| loaded.last.seq));
        for seq in 1..=RECORDS {
            known += usize::from(journal.contains(&format!("event-{}-{seq}", call(n)).as_str().into()));
        }
    }
    let mut sleepers = journal.sleepers().await.map_err(text)?;
    sleepers.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(Said {
        histories,
        last,
        everything: journal.since(0, usize::MAX).await.map_err(text)?,
        sleepers,
        owed: journal.owed().await.map_err(text)?,
        flow: journal.flow(FLOW).await.map_err(text)?,
        known,
    })
}

/// The directory as a crash would leave it: database, log and mark, no lock.
pub(super) fn image(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for file in ["journal.sqlite", "journal.sqlite-wal", "mark"] {
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

/// A crash image whose records are all still in the log, and what they say.
pub(super) async fn crashed(scratch: &Scratch) -> (std::path::PathBuf, Said) {
    let (live, crash) = (scratch.path().join("live"), scratch.path().join("crash"));
    let settings = super::JournalSettings {
        checkpoint_bytes: u64::MAX,
        ..super::settings(&live)
    };
    let journal = SqliteJournal::open(&settings, super::Metrics::default(), super::no_fault()).unwrap();
    fill(&journal).await;
    let said = ask(&journal).await.unwrap();
    image(&live, &crash);
    (crash, said)
}

#[tokio::test]
async fn a_log_that_was_cut_anywhere_is_whole_or_refused() {
    let scratch = Scratch::new();
    let (crash, said) = crashed(&scratch).await;
    let log = fs::read(crash.join("journal.sqlite-wal")).unwrap();
    let victim = scratch.path().join("victim");
    let (mut whole, mut refused) = (0, 0);
    for step in 0..=40 {
        image(&crash, &victim);
        let cut = log.len() * step / 40;
        fs::write(victim.join("journal.sqlite-wal"), &log[..cut]).unwrap();
        match open(&victim) {
            Ok(journal) => {
                assert_eq!(ask(&journal).await.as_ref(), Ok(&said), "cut at {cut}");
                whole += 1;
            }
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        OpenError::Lost { .. } | OpenError::Damaged { .. } | OpenError::Foreign { .. }
                    ),
                    "cut at {cut}: {error}"
                );
                refused += 1;
            }
        }
    }
    assert!(whole >= 1 && refused >= 30, "{whole} whole, {refused} refused");
}

#[tokio::test]
async fn a_commit_that_was_never_finished_is_cut_off() {
    let scratch = Scratch::new();
    let (crash, said) = crashed(&scratch).await;
    let mut log = fs::read(crash.join("journal.sqlite-wal")).unwrap();
    log.extend(vec![0xa5; 9_000]);
    fs::write(crash.join("journal.sqlite-wal"), log).unwrap();
    let journal = open(&crash).unwrap();
    assert_eq!(ask(&journal).await, Ok(said));
}

/// Without the mark, as after a power cut that took the last seconds of it: what is left is a whole past.
#[tokio::test]
async fn a_log_without_its_end_is_an_earlier_moment() {
    let scratch = Scratch::new();
    let (crash, said) = crashed(&scratch).await;
    let log = fs::read(crash.join("journal.sqlite-wal")).unwrap();
    let victim = scratch.path().join("victim");
    let mut shorter = 0;
    for part in 10..20 {
        image(&crash, &victim);
        fs::remove_file(victim.join("mark")).unwrap();
        fs::write(victim.join("journal.sqlite-wal"), &log[..log.len() * part / 20]).unwrap();
        let journal = open(&victim).unwrap();
        let now = ask(&journal).await.unwrap();
        for ((kept, all), last) in now.histories.iter().zip(&said.histories).zip(&now.last) {
            assert_eq!(kept[..], all[..kept.len()]);
            assert_eq!(kept.len() as u64, *last);
            shorter += usize::from(kept.len() < all.len());
        }
    }
    assert!(shorter > 0);
}

#[tokio::test]
async fn a_flipped_byte_of_the_log_is_found() {
    let scratch = Scratch::new();
    let (crash, said) = crashed(&scratch).await;
    flip_everywhere(&scratch, &crash, "journal.sqlite-wal", 200, &said, true).await;
}

#[tokio::test]
async fn a_flipped_byte_of_the_database_is_found() {
    let scratch = Scratch::new();
    let place = scratch.path().join("live");
    let journal = open(&place).unwrap();
    fill(&journal).await;
    let said = ask(&journal).await.unwrap();
    drop(journal);
    let log = fs::metadata(place.join("journal.sqlite-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "an orderly end copies the log");
    flip_everywhere(&scratch, &place, "journal.sqlite", 400, &said, true).await;
    flip_everywhere(&scratch, &place, "journal.sqlite", 400, &said, false).await;
}

/// One flipped byte at a time: either nothing that is said changes, or somebody says so. Without the thorough check of
/// small files the index of all events is nobody's witness: what is in records is checked there.
async fn flip_everywhere(
    scratch: &Scratch,
    source: &Path,
    file: &str,
    positions: usize,
    said: &Said,
    thorough: bool,
) {
    let whole = fs::read(source.join(file)).unwrap();
    let victim = scratch.path().join("victim");
    let mut settings = super::settings(&victim);
    if !thorough {
        settings.full_check_bytes = 0;
    }
    let (mut harmless, mut refused, mut told) = (0, 0, 0);
    for step in 0..positions {
        // A stride that is prime to the page size visits every part of a page.
        let place = (step * whole.len() / positions + step * 31) % whole.len();
        image(source, &victim);
        let mut flipped = whole.clone();
        flipped[place] ^= 0x55;
        fs::write(victim.join(file), flipped).unwrap();
        let Ok(journal) = SqliteJournal::open(&settings, super::Metrics::default(), super::no_fault()) else {
            refused += 1;
            continue;
        };
        let Ok(mut now) = ask(&journal).await else {
            told += 1;
            continue;
        };
        if !thorough {
            now.known = said.known;
        }
        assert!(
            &now == said,
            "byte {place} of {file} was flipped and nobody noticed"
        );
        harmless += 1;
    }
    println!(
        "{file}: {positions} flips, {refused} refused at start, {told} told when read, {harmless} harmless"
    );
    assert!(refused + told > 0);
}
