//! A process that is killed in the middle of its appends has lost nothing that it was told is durable.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use cordboard_actors::journal::{Append, Journal};

use super::{Scratch, append, call, open, record};

const DIRECTORY: &str = "CORDBOARD_TEST_JOURNAL_TO_KILL";
const CALLS: usize = 20;

/// The victim: appends until it is killed, and says what was acknowledged. Does nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_to_kill() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let journal = Arc::new(open(&PathBuf::from(directory)).unwrap());
    let out = Arc::new(Mutex::new(std::io::stdout()));
    let mut last = Vec::new();
    for n in 0..CALLS {
        let loaded = journal.load(&call(n)).await.unwrap();
        last.push(loaded.map_or(0, |loaded| loaded.last.seq));
    }
    loop {
        let mut acknowledged = Vec::new();
        for (n, seq) in last.iter_mut().enumerate() {
            *seq += 1;
            let (out, seq) = (Arc::clone(&out), *seq);
            let (tell, told) = tokio::sync::oneshot::channel();
            journal.append(Append {
                done: Box::new(move |result| {
                    result.unwrap();
                    writeln!(out.lock().unwrap(), "\nacked {n} {seq}").unwrap();
                    let _ = tell.send(());
                }),
                ..append(n, seq)
            });
            acknowledged.push(told);
        }
        for told in acknowledged {
            told.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_of_appends_loses_nothing_acknowledged() {
    let scratch = Scratch::new();
    let mut acknowledged: HashMap<usize, u64> = HashMap::new();
    for kill in 1..=5_usize {
        let mut victim = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "journal::tests::killed::the_process_to_kill",
                "--nocapture",
            ])
            .env(DIRECTORY, scratch.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut heard = 0;
        // What the pipe still holds after the kill was acknowledged too.
        for line in lines.map_while(Result::ok) {
            let Some(rest) = line.strip_prefix("acked ") else {
                continue;
            };
            let (n, seq) = rest.split_once(' ').unwrap();
            acknowledged.insert(n.parse().unwrap(), seq.parse().unwrap());
            heard += 1;
            if heard == kill * 137 {
                victim.kill().unwrap();
            }
        }
        victim.wait().unwrap();
        assert!(heard >= kill * 137, "the victim was killed at work");
    }
    let journal = open(scratch.path()).unwrap();
    for (n, seq) in acknowledged {
        let history = journal.history(&call(n)).await.unwrap();
        assert!(
            history.len() as u64 >= seq,
            "call {n}: {} of {seq}",
            history.len()
        );
        for (kept, seq) in history.into_iter().zip(1..) {
            assert_eq!(kept, record(&call(n), seq));
        }
    }
}
