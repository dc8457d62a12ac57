//! Every webhook is lost from some moment on: who hung up is found out within two minutes, who talks on stays.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use cordboard::app::Surroundings;
use serde_json::json;

use crate::program::Program;

/// Questions of the calls themselves come later than the test's end: what is found out here, the reconciler found.
const SETTINGS: &str =
    "[reconciler]\ninterval = \"2s\"\n[calls]\nprobe_after = \"10m\"\nprobe_max = \"10m\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn missed_hangups_end_their_calls_and_a_live_call_stays() {
    let program = Program::with(SETTINGS, Surroundings::default()).await;
    let callers = |to: &str, count: u64, talk_ms: u64| json!({ "to": to, "count": count, "talk_ms": talk_ms, "patience_ms": 60_000 });
    program.ring(&callers("+15550100051", 1, 600_000)).await;
    program.ring(&callers("+15550100052", 5, 4_000)).await;
    program
        .until("six talk", |program| program.simulator.snapshot().talking == 6)
        .await;
    program
        .simulator
        .set_webhook_url("http://127.0.0.1:9/nobody".to_owned())
        .unwrap();
    let began = Instant::now();
    let legs = |program: &Program| program.app.house().registry.legs().len();
    program
        .until("five are found to be gone", |program| legs(program) == 1)
        .await;
    assert!(began.elapsed() < Duration::from_secs(120));
    assert_eq!(program.live_legs().await.len(), 1);
    let memory = program.app.house().occupancy();
    assert_eq!(memory.index_entries, 2, "one leg and its conference: {memory:?}");
    program.stop().await;
}
