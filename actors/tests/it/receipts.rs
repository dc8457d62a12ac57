//! A receipt means "on disk": nothing is answered and nothing leaves before the commit, nothing survives a failed one.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordboard_actors::delivery::Receipt;
use tokio::sync::oneshot::error::TryRecvError;

use crate::stage::{Stage, answered, breathe, call, hung_up, key, patiently, speak};

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_and_nothing_leaves_before_the_commit() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let before = stage.journal.handed_over();
    stage.journal.stall();
    let mut receipt = stage.deliver(&call(1), speak(1, "one"));
    stage.journal.takes(before + 1).await;
    tokio::time::advance(Duration::from_secs(15)).await;
    breathe().await;
    assert_eq!(receipt.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(stage.carrier.count("speak"), 0);
    stage.journal.go_on();
    assert!(patiently(receipt).await.unwrap().is_durable());
    stage.carrier.seen("speak", 1).await;
}

/// Handed to the outbox first, so that whoever hears of the record finds its effects there; sent after the receipt.
#[tokio::test(start_paused = true)]
async fn a_receipt_does_not_wait_for_the_effect_to_leave() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.stall();
    let receipt = Arc::new(Mutex::new(Some(stage.deliver(&call(1), speak(1, "one")))));
    let (seen, waiting) = (Arc::new(Mutex::new(None)), Arc::clone(&receipt));
    let at_attempt = Arc::clone(&seen);
    stage.carrier.watch(move |_| {
        let answer = waiting.lock().unwrap().as_mut().unwrap().try_recv();
        *at_attempt.lock().unwrap() = Some(answer);
    });
    stage.journal.go_on();
    stage.carrier.seen("speak", 1).await;
    let answer = seen.lock().unwrap().clone();
    assert!(matches!(answer, Some(Ok(Receipt::Committed(_)))), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failing_append_fails_its_receipt_and_the_next_input_finds_a_reloaded_actor() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.refuse(&call(1), 1);
    let failed = stage.apply(&call(1), answered(1)).await;
    assert_eq!(failed, Some(Receipt::Failed("journal")));
    breathe().await;
    assert_eq!(stage.carrier.count("conference_create"), 0, "no effect leaves");
    stage.record(&call(1), key(1, 1)).await;
    stage.record(&call(1), answered(1)).await;
    stage.carrier.seen("conference_create", 1).await;
    assert_eq!(stage.journal.conflicts(), 0);
    let seqs: Vec<u64> = stage
        .history(&call(1))
        .await
        .iter()
        .map(|record| record.seq)
        .collect();
    assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{seqs:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failing_append_fails_every_later_append_of_that_actor_and_of_nobody_else() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    stage.journal.refuse(&call(1), 1);
    stage.journal.stall();
    let before = stage.journal.handed_over();
    let mine: Vec<_> = (0..4)
        .map(|n| stage.deliver(&call(1), speak(1, &n.to_string())))
        .collect();
    let other = stage.deliver(&call(2), speak(2, "other"));
    stage.journal.takes(before + 5).await;
    stage.journal.go_on();
    for receipt in mine {
        let receipt = patiently(receipt).await.unwrap();
        assert!(matches!(receipt, Receipt::Failed(_)), "{receipt:?}");
    }
    assert!(patiently(other).await.unwrap().is_durable());
    stage.carrier.seen("speak", 1).await;
    breathe().await;
    assert_eq!(
        stage.carrier.count("speak"),
        1,
        "only the other call's effect left"
    );
    stage.record(&call(1), speak(1, "again")).await;
    stage.carrier.seen("speak", 2).await;
    stage.record(&call(1), hung_up(1)).await;
    stage.record(&call(2), hung_up(2)).await;
    stage.empties().await;
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_cannot_be_loaded_fails_its_receipts_and_wakes_later() {
    let stage = Stage::open().await;
    stage.journal.refuse_loads(1);
    assert_eq!(stage.apply(&call(1), stage.initiated(1)).await, None);
    stage
        .until("the failed life is gone", || stage.house.occupancy().actors == 0)
        .await;
    stage.ring(1).await;
    assert_eq!(stage.carrier.count("answer"), 1);
}

/// The first record of an entity fails too: then there is nothing to reload, and nothing must be left.
#[tokio::test(start_paused = true)]
async fn a_call_whose_first_append_fails_has_never_been() {
    let stage = Stage::open().await;
    stage.journal.refuse(&call(1), 1);
    let failed = stage.apply(&call(1), stage.initiated(1)).await;
    assert_eq!(failed, Some(Receipt::Failed("journal")));
    stage.empties().await;
    assert_eq!(stage.carrier.count("answer"), 0);
    stage.ring(1).await;
    assert_eq!(stage.history(&call(1)).await[0].seq, 1);
}
