//! Torn and flipped bytes at many places of database, log and mark, drawn from a seed.
//!
//! The oracle: what was reported as durable is read back exactly as it was, or somebody refuses; nothing in between.
//! `CORDBOARD_TEST_DAMAGE=1000` sets the number of places, `CORDBOARD_TEST_SEED` the seed; a release build takes 1,000.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cordboard_observability::metrics::Metrics;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::{JournalSettings, SqliteJournal};
use super::damage::{Said, ask, crashed, fill, image};
use super::{Scratch, no_fault, open, settings};

/// What a disk writes at once: a torn write ends at such a border.
const SECTOR: usize = 512;

/// What happened to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// One byte has other bits.
    Flip { place: usize, bits: u8 },
    /// The file ends early.
    Cut { length: usize },
    /// A sector was never written.
    Hole { place: usize },
    /// A sector was written somewhere else.
    Misplaced { from: usize, to: usize },
    /// More was begun than finished.
    Tail { bytes: usize, filler: u8 },
}

impl Damage {
    fn draw(dice: &mut ChaCha8Rng, length: usize) -> Self {
        let sectors = (length / SECTOR).max(1);
        let sector = |dice: &mut ChaCha8Rng| dice.random_range(0..sectors) * SECTOR;
        let place = dice.random_range(0..length);
        match dice.random_range(0..10) {
            0..5 => Self::Flip {
                place,
                bits: dice.random_range(1..=255),
            },
            5..7 => Self::Cut { length: place },
            7 => Self::Hole { place: sector(dice) },
            8 => Self::Misplaced {
                from: sector(dice),
                to: sector(dice),
            },
            _ => Self::Tail {
                bytes: dice.random_range(1..10_000),
                filler: dice.random(),
            },
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Flip { .. } => "flipped",
            Self::Cut { .. } => "cut",
            Self::Hole { .. } => "hole",
            Self::Misplaced { .. } => "misplaced",
            Self::Tail { .. } => "tail",
        }
    }

    fn apply(self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        let end = |from: usize| (from + SECTOR).min(whole.len());
        match self {
            Self::Flip { place, bits } => bytes[place] ^= bits,
            Self::Cut { length } => bytes.truncate(length),
            Self::Hole { place } => bytes[place..end(place)].fill(0),
            Self::Misplaced { from, to } => {
                let sector = whole[from..end(from)].to_vec();
                let room = (whole.len() - to).min(sector.len());
                bytes[to..to + room].copy_from_slice(&sector[..room]);
            }
            Self::Tail { bytes: more, filler } => bytes.resize(whole.len() + more, filler),
        }
        bytes
    }
}

/// What became of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// The start refused, with a reason.
    Refused,
    /// It started, and whoever asked for what was damaged was told.
    Told,
    /// Everything is as it was.
    Whole,
}

async fn judge(settings: &JournalSettings, thorough: bool, said: &Said) -> Option<Verdict> {
    let Ok(journal) = SqliteJournal::open(settings, Metrics::default(), no_fault()) else {
        return Some(Verdict::Refused);
    };
    let Ok(mut now) = ask(&journal).await else {
        return Some(Verdict::Told);
    };
    if !thorough {
        now.known = said.known;
    }
    (&now == said).then_some(Verdict::Whole)
}

fn number(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().expect("a number"))
}

/// A journal whose records are in the log, and one whose records are in the database.
async fn sources(scratch: &Scratch) -> Vec<(PathBuf, &'static str, Said)> {
    let (crash, in_log) = crashed(scratch).await;
    let tidy = scratch.path().join("tidy");
    let journal = open(&tidy).unwrap();
    fill(&journal).await;
    let said = ask(&journal).await.unwrap();
    drop(journal);
    vec![
        (crash, "journal.sqlite-wal", in_log),
        (tidy.clone(), "journal.sqlite", said),
        (
            tidy,
            "mark",
            ask(&open(&scratch.path().join("tidy")).unwrap()).await.unwrap(),
        ),
    ]
}

async fn one(
    scratch: &Scratch,
    (source, file, said): &(PathBuf, &'static str, Said),
    damage: Damage,
    thorough: bool,
) -> Option<Verdict> {
    let victim = scratch.path().join("victim");
    image(source, &victim);
    let whole = fs::read(source.join(file)).unwrap();
    fs::write(victim.join(file), damage.apply(&whole)).unwrap();
    judge(&chosen(&victim, thorough), thorough, said).await
}

fn chosen(victim: &Path, thorough: bool) -> JournalSettings {
    let mut settings = settings(victim);
    if !thorough {
        settings.full_check_bytes = 0;
    }
    settings
}

#[tokio::test]
async fn damage_anywhere_is_found_or_harmless() {
    let positions = number(
        "CORDBOARD_TEST_DAMAGE",
        if cfg!(debug_assertions) { 200 } else { 1_000 },
    );
    let seed = number("CORDBOARD_TEST_SEED", 20_261_121);
    let scratch = Scratch::new();
    let sources = sources(&scratch).await;
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut verdicts: BTreeMap<(&str, &str, Verdict), u32> = BTreeMap::new();
    let mut total: BTreeMap<Verdict, u32> = BTreeMap::new();
    for position in 0..positions {
        // Of ten places the database has five, the log four and the mark one.
        let source = &sources[[1, 0, 1, 0, 1, 0, 1, 0, 1, 2][(position % 10) as usize]];
        let length = fs::metadata(source.0.join(source.1)).unwrap().len();
        let damage = Damage::draw(&mut dice, usize::try_from(length).unwrap());
        // Every other one as a large journal is opened: without reading all of it.
        let thorough = position % 20 < 10;
        let verdict = one(&scratch, source, damage, thorough).await;
        let verdict = verdict.unwrap_or_else(|| {
            panic!(
                "seed {seed}, position {position}: {damage:?} in {} lost something silently (thorough {thorough})",
                source.1
            )
        });
        *verdicts.entry((source.1, damage.kind(), verdict)).or_default() += 1;
        *total.entry(verdict).or_default() += 1;
    }
    println!("{positions} positions, seed {seed}: {total:?}");
    for ((file, kind, verdict), count) in verdicts {
        println!("{file:20} {kind:10} {verdict:?} {count}");
    }
    assert!(total[&Verdict::Refused] + total.get(&Verdict::Told).copied().unwrap_or(0) > 0);
}
