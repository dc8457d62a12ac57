//! Waking and falling asleep under fire: nothing is lost, nothing is appended twice, nothing stays.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cordboard_actors::delivery::Receipt;
use cordboard_core::{Input, Limits};

use crate::stage::{Stage, answered, breathe, call, hung_up, key, patiently, room};

/// Rounds of the race between a call's end and what comes late.
const ROUNDS: usize = 1_000;
/// Late events per round.
const KEYS: usize = 6;

#[tokio::test(start_paused = true)]
async fn a_terminal_entity_leaves_memory_and_an_input_wakes_it_from_its_record() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
    assert_eq!(
        stage
            .house
            .registry
            .owner(&cordboard_core::Handle::Leg(crate::stage::leg(1))),
        None
    );
    let wakes = stage.house.metrics.actors.wakes.get();
    stage.record(&call(1), key(1, 1)).await;
    assert_eq!(stage.house.metrics.actors.wakes.get(), wakes + 1);
    let history = stage.history(&call(1)).await;
    let (last, before) = (&history[history.len() - 1], &history[history.len() - 2]);
    assert_eq!(
        (last.seq, &last.state),
        (before.seq + 1, &before.state),
        "it absorbs what comes"
    );
    stage.empties().await;
}

/// Hangup and keys of one call come from several sides at once, in ever other interleavings.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn inputs_racing_with_falling_asleep_are_neither_lost_nor_doubled() {
    let stage = Arc::new(Stage::open().await);
    for round in 0..ROUNDS {
        stage.record(&call(round), stage.initiated(round)).await;
        let inputs = (0..KEYS)
            .map(|count| key(round, count))
            .chain([hung_up(round)])
            .enumerate();
        let racers: Vec<_> = inputs
            .map(|(place, input)| {
                let stage = Arc::clone(&stage);
                tokio::spawn(async move {
                    for _ in 0..(round * (place + 3)) % 7 {
                        tokio::task::yield_now().await;
                    }
                    stage.apply(&call(round), input).await
                })
            })
            .collect();
        for racer in racers {
            let receipt = patiently(racer).await.unwrap();
            assert!(
                matches!(receipt, Some(Receipt::Committed(_))),
                "round {round}: {receipt:?}"
            );
        }
    }
    stage.empties().await;
    assert_eq!(stage.journal.conflicts(), 0);
    for round in 0..ROUNDS {
        let causes = stage.causes(&call(round)).await;
        let count = |wanted: &str| causes.iter().filter(|cause| **cause == wanted).count();
        assert_eq!(count("call.dtmf.received"), KEYS, "round {round}");
        assert_eq!(
            (count("call.initiated"), count("call.hangup")),
            (1, 1),
            "round {round}"
        );
    }
}

/// One room comes to life and falls asleep over and over while calls come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_room_that_falls_asleep_between_callers_loses_none_of_them() {
    let stage = Arc::new(Stage::open().await);
    let callers = 240;
    let waves: Vec<_> = (0..4)
        .map(|side| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move {
                for n in (side..callers).step_by(4) {
                    stage.record(&call(n), stage.initiated(n)).await;
                    stage.record(&call(n), answered(n)).await;
                    for _ in 0..n % 5 {
                        tokio::task::yield_now().await;
                    }
                    stage.record(&call(n), hung_up(n)).await;
                }
            })
        })
        .collect();
    for wave in waves {
        patiently(wave).await.unwrap();
    }
    stage.empties().await;
    assert_eq!(stage.journal.conflicts(), 0);
    let history = stage.history(&room()).await;
    let from_calls = history
        .iter()
        .filter(|record| matches!(record.cause, Input::Message { .. }))
        .count();
    assert_eq!(from_calls, 2 * callers, "each caller's request and goodbye, once");
    let counts = stage.house.journal.counts();
    assert_eq!((counts.open, counts.unsettled), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_the_end_is_not_yet_durable_is_applied_after_it() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.stall();
    let end = stage.deliver(&call(1), hung_up(1));
    breathe().await;
    let late: Vec<_> = (0..3)
        .map(|count| stage.deliver(&call(1), key(1, count)))
        .collect();
    breathe().await;
    stage.journal.go_on();
    assert!(patiently(end).await.unwrap().is_durable());
    for receipt in late {
        assert!(patiently(receipt).await.unwrap().is_durable());
    }
    stage.empties().await;
    assert_eq!(stage.journal.conflicts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_live_call_that_nothing_comes_for_sleeps_and_stays_reachable() {
    let mut stage = Stage::open().await;
    stage.limits = Limits {
        probe_after_ms: 3_600_000,
        step_ms: 3_600_000,
        ..Limits::default()
    };
    stage.ring(1).await;
    stage
        .until("it sleeps", || stage.house.occupancy().actors == 0)
        .await;
    let memory = stage.house.occupancy();
    assert_eq!(
        (memory.timers, memory.index_entries),
        (1, 1),
        "deadline and route remain"
    );
    stage.record(&call(1), answered(1)).await;
    stage.carrier.seen("conference_create", 1).await;
    stage.record(&call(1), hung_up(1)).await;
    assert_eq!(stage.journal.conflicts(), 0);
}

/// Every pause is about as long as the patience of an idle actor, so that inputs meet it awake, falling asleep, asleep.
#[tokio::test(start_paused = true)]
async fn inputs_around_the_moment_of_idling_are_all_recorded() {
    let stage = Stage::open().await;
    stage.record(&call(1), stage.initiated(1)).await;
    let sleep_after = stage.house.settings.sleep_after;
    for count in 0..60 {
        let early =
            std::time::Duration::from_millis(30).saturating_sub(std::time::Duration::from_millis(count));
        tokio::time::advance(sleep_after - early).await;
        for _ in 0..count % 9 {
            tokio::task::yield_now().await;
        }
        stage
            .record(&call(1), key(1, usize::try_from(count).unwrap()))
            .await;
    }
    assert_eq!(stage.journal.conflicts(), 0);
    let causes = stage.causes(&call(1)).await;
    assert_eq!(
        causes
            .iter()
            .filter(|cause| **cause == "call.dtmf.received")
            .count(),
        60
    );
}
