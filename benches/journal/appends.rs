//! Appends a second, and what each costs: the journal against the bare file, turn by turn in one run.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use cordboard_actors::journal::{Append, Journal};
use rustix::time::{ClockId, clock_gettime};

use crate::bare::BareFile;
use crate::workload::{Model, Planned, open};

/// Calls that wait for a record at one time, as a busy door has webhooks in flight.
const IN_FLIGHT: usize = 256;
/// Calls of one measurement, six records each.
const CALLS: usize = 4_000;
/// Turns of each; the middle one counts.
const TURNS: usize = 3;

/// What one turn cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    appends: usize,
}

impl Cost {
    fn per_append(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.appends as f64
    }

    fn per_second(self) -> f64 {
        self.appends as f64 / self.wall.as_secs_f64()
    }
}

pub(crate) fn compare(scratch: &Path, model: &Model) {
    let (mut bare, mut journal) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let path = scratch.join(format!("bare-{turn}"));
        let file = BareFile::open(&path);
        bare.push(turn_of(model, |append| file.append(append)));
        drop(file);
        let directory = scratch.join(format!("appends-{turn}"));
        let kept = open(&directory);
        journal.push(turn_of(model, |append| kept.append(append)));
        drop(kept);
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_dir_all(directory);
    }
    let (bare, journal) = (middle(bare), middle(journal));
    println!("{:<28}{:>12}{:>16}", "", "appends/s", "CPU us/append");
    for (name, cost) in [("bare file, fdatasync", bare), ("journal", journal)] {
        println!("{name:<28}{:>12.0}{:>16.1}", cost.per_second(), cost.per_append());
    }
    println!(
        "{:<28}{:>12.2}{:>16.2}",
        "journal / bare file",
        journal.per_second() / bare.per_second(),
        journal.per_append() / bare.per_append()
    );
}

/// By CPU: the wall clock of a shared machine is anybody's.
fn middle(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by_key(|cost| cost.cpu);
    costs[costs.len() / 2]
}

/// Every call waits for its record before it appends the next. Encoding counts, making the records does not.
fn turn_of(model: &Model, append: impl Fn(Append)) -> Cost {
    let mut calls: Vec<_> = (0..CALLS).map(|n| model.call(n, 6).into_iter()).collect();
    let appends = calls.iter().map(ExactSizeIterator::len).sum();
    let (tell, told) = channel();
    let send = |n: usize, planned: Planned| {
        let tell = tell.clone();
        append(planned.append(Box::new(move |result| {
            result.unwrap();
            tell.send(n).unwrap();
        })));
    };
    let (began, cpu) = (Instant::now(), cpu());
    let mut waiting = IN_FLIGHT..CALLS;
    for (n, call) in calls.iter_mut().enumerate().take(IN_FLIGHT) {
        send(n, call.next().unwrap());
    }
    for _ in 0..appends {
        let n = told.recv().unwrap();
        if let Some(next) = calls[n].next() {
            send(n, next);
        } else if let Some(n) = waiting.next() {
            send(n, calls[n].next().unwrap());
        }
    }
    Cost {
        wall: began.elapsed(),
        cpu: self::cpu() - cpu,
        appends,
    }
}

/// Of the whole process, in user and kernel.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap())
}
