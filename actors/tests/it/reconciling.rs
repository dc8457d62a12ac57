//! Our books against the carrier's: two sightings make a finding, silence and age never do.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cordboard_actors::reconciler::{Comparison, Reconciler};
use cordboard_core::outcome::CallView;
use cordboard_core::{Answer, Attempt, RefusalKind};

use crate::stage::{Reply, Stage, breathe, call, hung_up, in_doubt, leg, refused, session, try_later};

fn lists(callers: &[usize]) -> Reply {
    let view = |n: &usize| CallView {
        leg: leg(*n),
        session: session(*n),
        alive: Some(true),
        client_state: None,
    };
    Reply::Now(Attempt::Accepted(Answer::ActiveCalls(
        callers.iter().map(view).collect(),
    )))
}

fn alive(n: usize, alive: Option<bool>) -> Reply {
    let view = CallView {
        leg: leg(n),
        session: session(n),
        alive,
        client_state: None,
    };
    Reply::Now(Attempt::Accepted(Answer::Call(view)))
}

async fn with_two_calls() -> (Stage, Reconciler) {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    let reconciler = Reconciler::new(Arc::clone(&stage.house), vec!["connection".into()]);
    (stage, reconciler)
}

async fn findings(stage: &Stage, n: usize) -> usize {
    breathe().await;
    let causes = stage.causes(&call(n)).await;
    causes.iter().filter(|cause| **cause == "finding").count()
}

fn found(missing: usize, unknown: usize) -> Comparison {
    Comparison {
        complete: true,
        missing,
        unknown,
    }
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_is_missing_twice_is_reported_to_its_call_alone_and_ends_it() {
    let (stage, mut reconciler) = with_two_calls().await;
    stage
        .carrier
        .script("query_active_calls", [lists(&[2]), lists(&[2])]);
    stage.carrier.script("query_call", [alive(1, Some(false))]);
    assert_eq!(reconciler.compare().await, found(1, 0));
    assert_eq!(
        findings(&stage, 1).await,
        0,
        "one sighting may be the carrier's delay"
    );
    assert_eq!(reconciler.compare().await, found(1, 0));
    assert_eq!((findings(&stage, 1).await, findings(&stage, 2).await), (1, 0));
    stage
        .until("the call is over", || stage.house.occupancy().actors == 1)
        .await;
    stage.record(&call(2), hung_up(2)).await;
    stage.empties().await;
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_comes_back_between_two_sightings_is_no_finding() {
    let (stage, mut reconciler) = with_two_calls().await;
    let answers = [lists(&[2]), lists(&[1, 2]), lists(&[2]), lists(&[1, 2])];
    stage.carrier.script("query_active_calls", answers);
    for missing in [1, 0, 1, 0] {
        assert_eq!(reconciler.compare().await, found(missing, 0));
    }
    assert_eq!(findings(&stage, 1).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_does_not_answer_is_no_evidence() {
    let (stage, mut reconciler) = with_two_calls().await;
    let later: fn() -> Attempt = || try_later(Some(1));
    let forbidden: fn() -> Attempt = || refused(RefusalKind::Unauthorized);
    // A refusal is final, the others are asked four times.
    for (answer, attempts) in [(in_doubt as fn() -> Attempt, 4), (later, 4), (forbidden, 1)] {
        for _ in 0..3 {
            let before = stage.carrier.count("query_active_calls");
            let replies = (0..attempts).map(|_| Reply::Now(answer()));
            stage.carrier.script("query_active_calls", replies);
            assert_eq!(reconciler.compare().await, Comparison::default());
            assert_eq!(stage.carrier.count("query_active_calls") - before, attempts);
        }
    }
    assert_eq!((findings(&stage, 1).await, findings(&stage, 2).await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_live_leg_that_nobody_owns_is_counted_and_left_alone() {
    let (stage, mut reconciler) = with_two_calls().await;
    stage
        .carrier
        .script("query_active_calls", [lists(&[1, 2, 3]), lists(&[1, 2, 3])]);
    assert_eq!(reconciler.compare().await, found(0, 1));
    assert_eq!(reconciler.compare().await, found(0, 1));
    assert_eq!(stage.carrier.count("hangup"), 0);
}

/// The carrier's list may be behind; its word about the leg itself counts more.
#[tokio::test(start_paused = true)]
async fn a_missing_leg_that_the_carrier_calls_alive_stays() {
    for word in [Some(true), None] {
        let (stage, mut reconciler) = with_two_calls().await;
        stage
            .carrier
            .script("query_active_calls", [lists(&[2]), lists(&[2])]);
        stage.carrier.script("query_call", [alive(1, word)]);
        reconciler.compare().await;
        reconciler.compare().await;
        stage.carrier.seen("query_call", 1).await;
        tokio::time::advance(std::time::Duration::from_secs(10)).await;
        breathe().await;
        assert_eq!(stage.house.registry.legs().len(), 2, "{word:?}");
        assert_eq!(findings(&stage, 1).await, 1);
    }
}
