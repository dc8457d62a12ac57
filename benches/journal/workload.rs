//! What is appended: the records of a real call, out of the golden journal, under the names of many.

use std::collections::VecDeque;
use std::path::Path;

use cordboard::journal::{JournalSettings, SqliteJournal, exit_on_fault};
use cordboard_actors::journal::{Append, Done, EffectKey, Journal, Record};
use cordboard_core::{Address, Effect, EventId, Handle, Input, Timestamp};
use cordboard_observability::metrics::Metrics;

/// A call from its first ring to its end: six records, 1.5 KB each on the average.
const MODEL: &str = "call:golden-14";
/// After so many records it talks.
pub(crate) const TALKING: usize = 4;

/// The records of one call, to be told of any.
pub(crate) struct Model {
    records: Vec<Record>,
    deadline: Timestamp,
}

/// An append that nobody waits for yet.
pub(crate) struct Planned {
    pub(crate) record: Record,
    pub(crate) event: Option<EventId>,
    settles: Option<EffectKey>,
    terminal: bool,
    deadline: Option<Timestamp>,
    pub(crate) handles: Vec<Handle>,
}

impl Planned {
    pub(crate) fn append(self, done: Done) -> Append {
        Append {
            record: self.record,
            event: self.event,
            settles: self.settles,
            terminal: self.terminal,
            deadline: self.deadline,
            handles: self.handles,
            flow: None,
            done,
        }
    }
}

impl Model {
    /// Reads the golden journal, by way of a copy in `scratch`.
    pub(crate) async fn read(scratch: &Path) -> Self {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal/v1");
        let copy = scratch.join("golden");
        std::fs::create_dir_all(&copy).unwrap();
        for file in ["journal.sqlite", "mark"] {
            std::fs::copy(golden.join(file), copy.join(file)).unwrap();
        }
        let journal = open(&copy);
        let records = journal.history(&Address::parse(MODEL).unwrap()).await.unwrap();
        assert_eq!(records.len(), 6);
        // Nobody's deadline comes while the benchmark runs.
        let deadline = Timestamp::from_millis(4_000_000_000_000);
        Self { records, deadline }
    }

    /// The first `count` records of call `n`. Each settles what the one before it asked for.
    pub(crate) fn call(&self, n: usize, count: usize) -> Vec<Planned> {
        let address = Address::Call(format!("bench-{n:08}").as_str().into());
        let handles = vec![Handle::Leg(
            format!("v3:bench-{n:08}-0123456789abcdef").as_str().into(),
        )];
        let mut open: VecDeque<EffectKey> = VecDeque::new();
        let planned = self.records[..count].iter().map(|record| {
            let settles = open.pop_front();
            for (index, effect) in (0..).zip(&record.effects) {
                if matches!(effect, Effect::Command(_) | Effect::Send { .. }) {
                    let (address, seq) = (address.clone(), record.seq);
                    open.push_back(EffectKey { address, seq, index });
                }
            }
            let event = match &record.cause {
                Input::Event { event, .. } => {
                    Some(format!("{}-{n:08}-0123-4567-89ab", event.id).as_str().into())
                }
                _ => None,
            };
            let terminal = record.seq == self.records.len() as u64;
            Planned {
                record: Record {
                    address: address.clone(),
                    ..record.clone()
                },
                event,
                settles,
                terminal,
                deadline: (!terminal).then_some(self.deadline),
                handles: if terminal { vec![] } else { handles.clone() },
            }
        });
        planned.collect()
    }
}

/// A journal with its defaults, but for the room it sets aside.
pub(crate) fn open(directory: &Path) -> SqliteJournal {
    let settings = JournalSettings {
        ballast_bytes: 0,
        ..JournalSettings::new(directory)
    };
    SqliteJournal::open(&settings, Metrics::default(), exit_on_fault()).unwrap()
}
