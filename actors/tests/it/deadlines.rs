//! Deadlines live outside the actors: they survive them, fire once per record and insist on being recorded.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard_actors::delivery::Receipt;
use tokio::time::Instant;

use crate::stage::{Stage, breathe, call, hung_up, key};

/// An event of a session whose start never came waits so long.
const ORPHAN: Duration = Duration::from_secs(10);

async fn fired(stage: &Stage) -> usize {
    let causes = stage.causes(&call(1)).await;
    causes.iter().filter(|cause| **cause == "deadline").count()
}

#[tokio::test(start_paused = true)]
async fn a_deadline_survives_its_actor() {
    let stage = Stage::open().await;
    let began = Instant::now();
    stage.record(&call(1), key(1, 1)).await;
    stage.journal.refuse(&call(1), 1);
    assert_eq!(
        stage.apply(&call(1), key(1, 2)).await,
        Some(Receipt::Failed("journal"))
    );
    stage
        .until("the actor is gone", || stage.house.occupancy().actors == 0)
        .await;
    assert_eq!(stage.house.occupancy().timers, 1);
    let question = stage.carrier.seen("query_call", 1).await;
    let after = question[0].at - began;
    assert!(
        after >= ORPHAN && after < ORPHAN + Duration::from_secs(1),
        "{after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_fires_once_per_record() {
    let stage = Stage::open().await;
    stage.record(&call(1), key(1, 1)).await;
    stage.carrier.seen("query_call", 1).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    breathe().await;
    assert_eq!(fired(&stage).await, 1);
    assert_eq!(stage.carrier.count("query_call"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_offered_again_until_a_record_contains_it() {
    let stage = Stage::open().await;
    let began = Instant::now();
    stage.record(&call(1), key(1, 1)).await;
    stage.journal.refuse(&call(1), 3);
    let question = stage.carrier.seen("query_call", 1).await;
    let after = question[0].at - began;
    assert!(after >= ORPHAN + Duration::from_secs(3), "{after:?}");
    assert!(after < ORPHAN + Duration::from_secs(5), "{after:?}");
    assert_eq!((fired(&stage).await, stage.carrier.count("query_call")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_an_ended_call_never_fires() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
    let records = stage.history(&call(1)).await.len();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    breathe().await;
    assert_eq!(stage.history(&call(1)).await.len(), records);
    assert_eq!(stage.carrier.count("query_call"), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_fires_once_the_house_is_closed() {
    let stage = Stage::open().await;
    stage.record(&call(1), key(1, 1)).await;
    stage.house.close(Duration::from_secs(1)).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    breathe().await;
    assert_eq!((fired(&stage).await, stage.carrier.count("query_call")), (0, 0));
}
