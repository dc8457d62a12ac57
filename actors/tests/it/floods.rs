//! More events than a call can have: it is landed, the others go on.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard_actors::delivery::Receipt;

use crate::stage::{Stage, answered, call, hung_up, key, leg, patiently};

#[tokio::test(start_paused = true)]
async fn no_69_a_call_with_a_thousand_events_a_second_is_landed_and_the_others_go_on() {
    const MOST: usize = 500;
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    let keys: Vec<_> = (0..1_000)
        .map(|count| stage.deliver(&call(1), key(1, count)))
        .collect();
    let mut recorded = 0;
    for receipt in keys {
        match patiently(receipt).await.unwrap() {
            Receipt::Failed(reason) => assert_eq!(reason, "flood"),
            durable => recorded += usize::from(durable.is_durable()),
        }
    }
    assert_eq!(recorded, MOST + 1, "what is acknowledged is recorded");
    let hangups = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangups[0].command.leg(), Some(&leg(1)));
    let pressed = |causes: Vec<&str>| {
        causes
            .iter()
            .filter(|cause| **cause == "call.dtmf.received")
            .count()
    };
    // The one that was too many is recorded as well.
    assert_eq!(pressed(stage.causes(&call(1)).await), MOST + 1);
    assert_eq!(stage.quarantine.all()[0].reason, "flood");
    stage.record(&call(2), answered(2)).await;
    stage.record(&call(2), hung_up(2)).await;
    stage.record(&call(1), hung_up(1)).await;
    let late = stage.apply(&call(1), key(1, 5_000)).await;
    assert_eq!(late, Some(Receipt::Failed("flood")));
    stage.empties().await;
    assert_eq!(stage.quarantine.all().len(), 1, "it is said once");
}

#[tokio::test(start_paused = true)]
async fn a_talkative_call_is_no_flood() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    for count in 0..2_000 {
        stage.record(&call(1), key(1, count)).await;
        tokio::time::advance(Duration::from_millis(30)).await;
    }
    assert_eq!(stage.quarantine.all(), []);
}
