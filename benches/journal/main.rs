//! What the journal costs: appends against a bare file in the same run, restarts, bytes, single operations.
//!
//! `cargo bench --bench journal`, some minutes. It works below `target/`, on a real disk: in memory a sync costs nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod appends;
mod bare;
mod restart;
mod workload;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cordboard::journal::SqliteJournal;
use cordboard_actors::journal::Journal;
use cordboard_core::Address;
use divan::Bencher;
use tokio::runtime::Runtime;

use workload::{Model, TALKING, open};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static MODEL: LazyLock<Model> = LazyLock::new(|| RUNTIME.block_on(Model::read(&scratch("model"))));

fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("bench-journal")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn main() {
    // As a test it only has to compile and begin.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    appends::compare(&scratch("appends"), &MODEL);
    RUNTIME.block_on(restart::measure(&scratch("restart"), &MODEL));
    println!();
    divan::main();
    let _ = std::fs::remove_dir_all(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-journal"));
}

/// A journal with a thousand calls that talk.
fn some_calls(name: &str) -> SqliteJournal {
    let journal = open(&scratch(name));
    for n in 0..1_000 {
        for planned in MODEL.call(n, TALKING) {
            journal.append(planned.append(Box::new(|_| {})));
        }
    }
    journal
}

/// One caller alone: every record pays for its own sync.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn append_alone(bencher: Bencher<'_, '_>) {
    let journal = open(&scratch("alone"));
    let mut records = (0..).flat_map(|n| MODEL.call(n, TALKING));
    bencher.bench_local(|| {
        let (tell, told) = std::sync::mpsc::channel();
        let planned = records.next().unwrap();
        journal.append(planned.append(Box::new(move |result| tell.send(result.is_ok()).unwrap())));
        assert!(told.recv().unwrap());
    });
}

/// What waking costs the journal.
#[divan::bench(sample_count = 200)]
fn load(bencher: Bencher<'_, '_>) {
    let journal = some_calls("load");
    let mut n = 0;
    bencher.bench_local(|| {
        n = (n + 1) % 1_000;
        let address = Address::Call(format!("bench-{n:08}").as_str().into());
        RUNTIME.block_on(journal.load(&address)).unwrap().unwrap()
    });
}

/// A page of a reader who reads everything.
#[divan::bench(sample_count = 50)]
fn since_by_hundreds(bencher: Bencher<'_, '_>) {
    let journal = some_calls("since");
    RUNTIME
        .block_on(journal.load(&Address::Call("nobody".into())))
        .unwrap();
    let mut cursor = 0;
    bencher.bench_local(|| {
        let page = RUNTIME.block_on(journal.since(cursor, 100)).unwrap();
        cursor = page.last().map_or(0, |(position, _)| *position);
        page.len()
    });
}
