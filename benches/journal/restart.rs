//! From opening the journal to being ready, with many open calls, and what each takes on disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use cordboard_actors::journal::Journal;
use cordboard_actors::ports::{Carrier, Clock, Jitter, NoBackend};
use cordboard_actors::quarantine::MemoryQuarantine;
use cordboard_actors::telemetry::Telemetry;
use cordboard_actors::{House, HouseSettings, Ports};
use cordboard_core::{Address, Answer, Attempt, Issued, Timestamp};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::Tracer;

use crate::workload::{Model, TALKING, open};

pub(crate) async fn measure(scratch: &Path, model: &Model) {
    println!();
    println!(
        "{:<28}{:>12}{:>12}{:>12}{:>16}",
        "restart", "open ms", "recover ms", "ready ms", "bytes/call"
    );
    for calls in [10_000, 100_000] {
        let directory = scratch.join(format!("restart-{calls}"));
        fill(&directory, model, calls).await;
        let bytes = fs::metadata(directory.join("journal.sqlite")).unwrap().len();
        let began = Instant::now();
        let journal = Arc::new(open(&directory));
        let opened = began.elapsed();
        assert_eq!(journal.counts().open, calls as u64);
        let house = house(journal).await;
        let recovered = house.recover().await.unwrap();
        let ready = began.elapsed();
        assert_eq!(recovered.open, calls);
        println!(
            "{:<28}{:>12}{:>12}{:>12}{:>16}",
            format!("{calls} open calls"),
            opened.as_millis(),
            (ready - opened).as_millis(),
            ready.as_millis(),
            bytes / calls as u64
        );
        house.close(std::time::Duration::ZERO).await;
        drop(house);
        let _ = fs::remove_dir_all(directory);
    }
}

async fn fill(directory: &Path, model: &Model, calls: usize) {
    let journal = open(directory);
    for n in 0..calls {
        for planned in model.call(n, TALKING) {
            let settled = planned.append(Box::new(|result| assert!(result.is_ok())));
            journal.append(settled);
        }
        // What waits in the queue is memory; a load waits for everything before it.
        if n % 2_000 == 0 {
            let nobody = Address::Call("nobody".into());
            assert!(journal.load(&nobody).await.unwrap().is_none());
        }
    }
}

async fn house(journal: Arc<dyn Journal>) -> Arc<House> {
    let metrics = Metrics::default();
    let ports = Ports {
        carrier: Arc::new(Agreeable),
        backend: Arc::new(NoBackend),
        journal,
        quarantine: Arc::new(MemoryQuarantine::default()),
        clock: Arc::new(Still),
        jitter: Arc::new(Still),
        metrics: metrics.clone(),
        telemetry: Telemetry::new(Tracer::disabled(), metrics, "bench"),
    };
    House::open(ports, HouseSettings::default(), None).await.unwrap()
}

struct Agreeable;

#[async_trait]
impl Carrier for Agreeable {
    fn name(&self) -> &'static str {
        "bench"
    }

    async fn attempt(&self, _issued: &Issued) -> Attempt {
        Attempt::Accepted(Answer::Done)
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_100_000)
    }
}

impl Jitter for Still {
    fn next(&self) -> f64 {
        0.0
    }
}
