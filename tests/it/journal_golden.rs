//! Journals that earlier releases wrote are read for ever: everything in them is found again, and their calls go on.
//!
//! `tests/fixtures/journal/README.md` tells how a fixture is made.
#![allow(clippy::unwrap_used)]

pub(crate) mod story;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cordboard::journal::{JournalSettings, SqliteJournal};
use cordboard_actors::journal::{EffectKey, Journal, Record};
use cordboard_core::{Address, Handle, Timestamp};
use cordboard_observability::metrics::Metrics;
use serde_json::{Value, json};

use crate::program::Directory;
use story::{FLOW, Stage, addresses, call, hangup};

/// Formats that have a fixture; the newest is this build's.
const FORMATS: [u32; 2] = [1, 2];
/// What a fixture consists of: an orderly end leaves no log behind.
const FILES: [&str; 2] = ["journal.sqlite", "mark"];

fn fixture(format: u32) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal");
    fixtures.join(format!("v{format}"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn open(directory: &Path) -> SqliteJournal {
    let settings = JournalSettings {
        ballast_bytes: 0,
        ..JournalSettings::new(directory)
    };
    let fault = std::sync::Arc::new(|fault: &_| panic!("{fault}"));
    SqliteJournal::open(&settings, Metrics::default(), fault).unwrap()
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(record: &Record) -> Value {
    json!({
        "incarnation": record.incarnation,
        "seq": record.seq,
        "at": record.at,
        "cause": record.cause,
        "receipt": record.receipt.as_ref().map(text),
        "effects": record.effects,
        "state": serde_json::from_slice::<Value>(&record.state).unwrap(),
        "trace_parent": record.witnessed,
        "format": record.format,
    })
}

fn key(key: &EffectKey) -> Value {
    json!({ "address": key.address.to_string(), "seq": key.seq, "index": key.index })
}

/// Everything that a journal says of these entities and of a start.
async fn said(journal: &SqliteJournal, of: &[Address]) -> Value {
    let mut entities = serde_json::Map::new();
    for address in of {
        let loaded = journal.load(address).await.unwrap().unwrap();
        let history = journal.history(address).await.unwrap();
        assert_eq!(history.last(), Some(&loaded.last), "{address}");
        let events: Vec<_> = loaded
            .events
            .iter()
            .map(|(event, receipt)| {
                assert!(journal.contains(event));
                json!([event, text(receipt)])
            })
            .collect();
        let entity = json!({
            "terminal": loaded.terminal,
            "events": events,
            "history": history.iter().map(shown).collect::<Vec<_>>(),
        });
        entities.insert(address.to_string(), entity);
    }
    let mut sleepers = journal.sleepers().await.unwrap();
    sleepers.sort_by(|one, other| one.address.cmp(&other.address));
    let sleepers: Vec<_> = sleepers
        .iter()
        .map(|one| json!({ "address": one.address.to_string(), "deadline": one.deadline, "handles": one.handles }))
        .collect();
    let owed = journal.owed().await.unwrap();
    let owed: Vec<_> = owed
        .iter()
        .map(|one| {
            json!({ "key": key(&one.key), "incarnation": one.incarnation, "since": one.since, "effect": one.effect })
        })
        .collect();
    let counts = journal.counts();
    let flow = journal.flow(FLOW).await.unwrap();
    json!({
        "salt": journal.salt(),
        "flow": flow.as_ref().map(text),
        "open": counts.open,
        "unsettled": counts.unsettled,
        "sleepers": sleepers,
        "owed": owed,
        "entities": entities,
    })
}

/// Everything expected is there. A newer build may say more: a field that it added has its default.
fn assert_says(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, expected) in expected {
                let place = format!("{place}.{name}");
                let found = found.get(name).unwrap_or_else(|| panic!("{place} is missing"));
                assert_says(found, expected, &place);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{place}");
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_says(found, expected, &format!("{place}[{index}]"));
            }
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}

fn expected(format: u32) -> Value {
    serde_json::from_slice(&fs::read(fixture(format).join("expected.json")).unwrap()).unwrap()
}

fn everybody(expected: &Value) -> Vec<Address> {
    let entities = expected["entities"].as_object().unwrap();
    entities
        .keys()
        .map(|text| Address::parse(text).unwrap())
        .collect()
}

/// A process's life: what still holds the journal at its end goes with its runtime.
fn live<T>(life: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(life)
}

#[test]
fn every_golden_journal_says_what_it_said_when_it_was_written() {
    for format in FORMATS {
        let (directory, expected) = (Directory::new(), expected(format));
        copy(&fixture(format), directory.path());
        // A journal of an earlier format is brought to this build's by the first opening and read by the second.
        for life in 1..=2 {
            let (found, all) = live(async {
                let journal = open(directory.path());
                let found = said(&journal, &everybody(&expected)).await;
                (found, journal.since(0, usize::MAX).await.unwrap())
            });
            assert_says(&found, &expected, &format!("v{format}, life {life}: "));
            let entities = expected["entities"].as_object().unwrap().values();
            let records: usize = entities.map(|one| one["history"].as_array().unwrap().len()).sum();
            assert_eq!(all.len(), records);
        }
    }
}

#[test]
fn the_calls_of_every_golden_journal_go_on_to_their_end() {
    for format in FORMATS {
        live(go_on(format));
    }
}

async fn go_on(format: u32) {
    let (directory, expected) = (Directory::new(), expected(format));
    copy(&fixture(format), directory.path());
    let newest = expected["entities"].as_object().unwrap().values();
    let newest = newest.map(|one| &one["history"].as_array().unwrap().last().unwrap()["at"]);
    let newest = newest.map(|at| serde_json::from_value::<Timestamp>(at.clone()).unwrap());
    let now_ms = newest.max().unwrap().as_micros() / 1_000 + 1;
    let stage = Stage::open(directory.path(), now_ms).await;
    let sleepers = stage.house.journal.sleepers().await.unwrap();
    assert!(sleepers.len() >= 10, "{sleepers:?}");
    for n in 1..=15 {
        if sleepers.iter().any(|sleeper| sleeper.address == call(n)) {
            stage.tells(n, "the-end", hangup()).await;
        }
    }
    for sleeper in &sleepers {
        let Address::Conference(room) = &sleeper.address else {
            continue;
        };
        for handle in &sleeper.handles {
            if let Handle::Conference(conference) = handle {
                stage.ends(&room.to_string(), &conference.to_string()).await;
            }
        }
    }
    for n in 1..=15 {
        let loaded = stage.house.journal.load(&call(n)).await.unwrap().unwrap();
        assert!(loaded.terminal, "v{format}: call {n} is over");
    }
    stage.close().await;
}

/// The story is told at every run, so that it can be told when a fixture is wanted: with `CORDBOARD_BLESS=journal`.
#[test]
fn the_story_of_a_golden_journal_can_be_told() {
    let directory = Directory::new();
    live(story::tell(directory.path()));
    let found = live(async { said(&open(directory.path()), &addresses()).await });
    let owing: Vec<_> = found["owed"].as_array().unwrap().iter().collect();
    assert_eq!(owing.len(), 4, "answer, join, create and hangup: {owing:#?}");
    let state = |n: usize| {
        let history = found["entities"][call(n).to_string()]["history"].as_array();
        let state = &history.unwrap().last().unwrap()["state"]["machine"]["state"];
        match state {
            Value::Object(state) => state.keys().next().unwrap().clone(),
            other => other.to_string(),
        }
    };
    for (n, expected) in [
        (1, "running"),
        (2, "ended"),
        (4, "answering"),
        (6, "running"),
        (7, "running"),
        (8, "unborn"),
        (9, "hanging_up"),
        (11, "parting"),
    ] {
        assert_eq!(state(n), expected, "call {n}");
    }
    if std::env::var("CORDBOARD_BLESS").is_ok_and(|what| what == "journal") {
        let place = fixture(*FORMATS.last().unwrap());
        copy(directory.path(), &place);
        let text = serde_json::to_string(&found).unwrap();
        fs::write(place.join("expected.json"), text + "\n").unwrap();
    }
}
