//! The carrier refuses our API key: commands wait, one tries now and then, nothing is lost when the key is believed.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cordboard_core::{Attempt, Input, Outcome, Refusal, RefusalKind};

use crate::stage::{Reply, Stage, breathe, call, leg};

const CALLS: usize = 20;

fn unauthorized() -> Attempt {
    Attempt::Refused(Refusal {
        kind: RefusalKind::Unauthorized,
        status: 401,
        code: Some("10009".into()),
        detail: String::new(),
    })
}

/// Twenty calls ring while the key is refused.
async fn refused_stage() -> (Stage, Arc<AtomicBool>) {
    let mut stage = Stage::open().await;
    // Calls that ask of their own accord would ask here too.
    (stage.limits.probe_after_ms, stage.limits.step_ms) = (3_600_000, 3_600_000);
    let refuses = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&refuses);
    stage
        .carrier
        .falter_when(move || seen.load(Ordering::SeqCst).then(unauthorized));
    for n in 1..=CALLS {
        stage.record(&call(n), stage.initiated(n)).await;
    }
    breathe().await;
    (stage, refuses)
}

async fn pass(secs: u64) {
    for _ in 0..secs * 10 {
        tokio::time::advance(Duration::from_millis(100)).await;
        breathe().await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_112_commands_wait_for_the_key_and_few_of_them_ask() {
    let (stage, refuses) = refused_stage().await;
    let key_refused = || stage.house.metrics.commands.key_refused.get();
    assert_eq!(key_refused(), 1);
    let before = stage.carrier.count("answer");
    assert!(before <= CALLS);
    pass(15).await;
    let asked = stage.carrier.count("answer") - before;
    assert!((2..=6).contains(&asked), "{asked} attempts in 15 s");
    refuses.store(false, Ordering::SeqCst);
    stage
        .until("every answer is taken", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(key_refused(), 0);
    for n in 1..=CALLS {
        assert_eq!(stage.causes(&call(n)).await, ["call.initiated", "outcome"]);
        assert_eq!(outcome(&stage, n).await, "accepted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_time_is_over_is_refused_for_certain_or_was_never_sent() {
    let (stage, _refuses) = refused_stage().await;
    pass(45).await;
    let sent = stage.carrier.sent("answer");
    for n in 1..=CALLS {
        let was_sent = sent.iter().any(|sent| sent.command.leg() == Some(&leg(n)));
        let expected = if was_sent { "refused" } else { "unknown" };
        assert_eq!(outcome(&stage, n).await, expected, "call {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_refusal_among_many_commands_keeps_nobody_waiting() {
    let stage = Stage::open().await;
    for n in 1..=CALLS {
        if n % 3 == 0 {
            stage.carrier.script("answer", [Reply::Now(unauthorized())]);
        }
        stage.record(&call(n), stage.initiated(n)).await;
        breathe().await;
        assert_eq!(stage.house.metrics.commands.key_refused.get(), 0);
    }
    stage
        .until("every answer is taken", || stage.house.outbox.unsettled() == 0)
        .await;
    for n in 1..=CALLS {
        assert_eq!(outcome(&stage, n).await, "accepted");
    }
}

/// What became of a call's answer.
async fn outcome(stage: &Stage, n: usize) -> &'static str {
    let history = stage.history(&call(n)).await;
    let outcome = history.iter().find_map(|record| match &record.cause {
        Input::Outcome { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    outcome.as_ref().map_or("none", Outcome::label)
}
