//! Inputs that panic: the first time costs a restart, the second time the input; never another entity anything.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cordboard_actors::delivery::{Delivery, Receipt};
use cordboard_actors::house::FaultHook;
use cordboard_actors::journal::Journal;
use cordboard_actors::ports::{Accepted, Intake};
use cordboard_actors::quarantine::Kind;
use cordboard_actors::router::{Admission, Router};
use cordboard_core::{Address, Input};

use crate::stage::{Everybody, Stage, answered, breathe, call, hung_up, key, leg, patiently, room};

/// Panics the first `times` times that `address` meets an input that `fits`.
fn panicking(address: Address, times: usize, fits: fn(&Input) -> bool) -> Option<FaultHook> {
    let left = AtomicUsize::new(times);
    let hook: FaultHook = Arc::new(move |at: &Address, input: &Input| {
        if *at == address && fits(input) {
            let less = |left: usize| left.checked_sub(1);
            let hit = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
            assert!(hit.is_err(), "a fault of the test");
        }
    });
    Some(hook)
}

fn is_answered(input: &Input) -> bool {
    matches!(input, Input::Event { event, .. } if event.body.label() == "call.answered")
}

fn is_initiated(input: &Input) -> bool {
    matches!(input, Input::Event { event, .. } if event.body.label() == "call.initiated")
}

fn is_deadline(input: &Input) -> bool {
    matches!(input, Input::Deadline)
}

async fn panics(stage: &Stage, count: u64) {
    let seen = || stage.house.metrics.actors.panics.get();
    stage.until("the panic is noticed", || seen() == count).await;
}

#[tokio::test(start_paused = true)]
async fn an_input_that_panics_once_is_applied_when_it_comes_again() {
    let stage = Stage::with(panicking(call(1), 1, is_answered)).await;
    stage.ring(1).await;
    stage.ring(2).await;
    let lives = stage.house.metrics.actors.wakes.get();
    let before = stage.history(&call(1)).await.len();
    assert_eq!(
        stage.apply(&call(1), answered(1)).await,
        None,
        "its sender is told at once"
    );
    panics(&stage, 1).await;
    assert_eq!(stage.history(&call(1)).await.len(), before, "no record");
    stage.record(&call(1), answered(1)).await;
    stage.carrier.seen("conference_create", 1).await;
    stage.record(&call(2), key(2, 1)).await;
    assert_eq!(
        stage.house.metrics.actors.wakes.get(),
        lives + 2,
        "call 1 again, and the room"
    );
    assert_eq!(stage.carrier.count("answer"), 2, "nothing is done twice");
    assert_eq!(stage.house.metrics.actors.quarantined.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waited_behind_a_panicking_input_is_told_to_come_again() {
    let stage = Stage::with(panicking(call(1), 1, is_answered)).await;
    stage.ring(1).await;
    let poison = stage.deliver(&call(1), answered(1));
    let behind: Vec<_> = (1..4)
        .map(|count| stage.deliver(&call(1), key(1, count)))
        .collect();
    assert!(patiently(poison).await.is_err());
    for (receipt, count) in behind.into_iter().zip(1..) {
        // Either it was lost with the mailbox or it reached the next life; it never hangs.
        if patiently(receipt).await.is_err() {
            stage.record(&call(1), key(1, count)).await;
        }
    }
    let causes = stage.causes(&call(1)).await;
    assert_eq!(
        causes
            .iter()
            .filter(|cause| **cause == "call.dtmf.received")
            .count(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn an_input_that_panics_twice_is_set_aside_and_its_call_is_hung_up() {
    let stage = Stage::with(panicking(call(1), usize::MAX, is_answered)).await;
    stage.ring(1).await;
    stage.ring(2).await;
    for count in 1..=2 {
        assert_eq!(stage.apply(&call(1), answered(1)).await, None);
        panics(&stage, count).await;
    }
    stage.carrier.seen("hangup", 1).await;
    assert_eq!(stage.house.metrics.actors.quarantined.get(), 1);
    assert!(stage.causes(&call(1)).await.contains(&"quarantined"));
    let third = stage.apply(&call(1), answered(1)).await;
    assert_eq!(
        third,
        Some(Receipt::Duplicate(Bytes::new())),
        "the carrier need not come again"
    );
    stage.record(&call(1), hung_up(1)).await;
    stage.record(&call(2), answered(2)).await;
    stage.carrier.seen("conference_create", 1).await;
    stage.record(&call(2), hung_up(2)).await;
    stage.empties().await;
    assert_eq!(stage.house.metrics.actors.panics.get(), 2);
    assert_eq!(stage.carrier.count("hangup"), 1, "the other call is untouched");
}

/// Nothing is known of such a call but what the event said: that is enough to hang up.
#[tokio::test(start_paused = true)]
async fn a_call_whose_first_event_panics_twice_is_hung_up_while_it_rings() {
    let stage = Stage::with(panicking(call(1), usize::MAX, is_initiated)).await;
    for count in 1..=2 {
        assert_eq!(stage.apply(&call(1), stage.initiated(1)).await, None);
        panics(&stage, count).await;
    }
    let hangups = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangups[0].command.leg(), Some(&leg(1)));
    let third = stage.apply(&call(1), stage.initiated(1)).await;
    assert_eq!(third, Some(Receipt::Duplicate(Bytes::new())));
    assert_eq!(stage.carrier.count("answer"), 0);
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
}

fn kept(stage: &Stage) -> Vec<(Kind, &'static str, Option<String>)> {
    let all = stage.quarantine.all();
    all.into_iter()
        .map(|item| (item.kind, item.reason, item.key))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_is_kept_with_its_bytes_its_place_and_its_key() {
    let stage = Stage::with(panicking(call(1), usize::MAX, is_answered)).await;
    stage.ring(1).await;
    for count in 1..=2 {
        let (delivery, receipt) = Delivery::new(answered(1));
        let delivery = delivery.as_sent(Bytes::from_static(b"as the carrier sent it"));
        stage.house.registry.deliver(&stage.house, &call(1), delivery);
        assert!(patiently(receipt).await.is_err());
        panics(&stage, count).await;
    }
    stage.carrier.seen("hangup", 1).await;
    let all = stage.quarantine.all();
    assert_eq!(
        kept(&stage),
        [(Kind::Input, "panic", Some("event:answered-1".into()))]
    );
    assert_eq!(all[0].raw, Bytes::from_static(b"as the carrier sent it"));
    assert_eq!(all[0].address, Some(call(1)));
    let place = all[0].place.clone().unwrap();
    assert!(place.starts_with("actors/tests/it/panics.rs:"), "{place}");
}

#[tokio::test(start_paused = true)]
async fn what_was_set_aside_stays_so_after_a_restart() {
    let stage = Stage::with(panicking(call(1), usize::MAX, is_answered)).await;
    stage.ring(1).await;
    for count in 1..=2 {
        assert_eq!(stage.apply(&call(1), answered(1)).await, None);
        panics(&stage, count).await;
    }
    stage.carrier.seen("hangup", 1).await;
    let stage = stage.again().await;
    let before = stage.history(&call(1)).await.len();
    let third = stage.apply(&call(1), answered(1)).await;
    assert_eq!(third, Some(Receipt::Duplicate(Bytes::new())));
    assert_eq!(
        stage.history(&call(1)).await.len(),
        before,
        "it is not handled either"
    );
}

/// A call whose every input panics, the landing itself included: its legs are hung up by a record that no machine made.
#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_even_be_landed_is_ended_by_hand_for_good() {
    let broken = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&broken);
    let hook: FaultHook = Arc::new(move |at: &Address, _: &Input| {
        assert!(
            *at != call(1) || !seen.load(Ordering::SeqCst),
            "a fault of the test"
        );
    });
    let stage = Stage::with(Some(hook)).await;
    stage.ring(1).await;
    stage.ring(2).await;
    broken.store(true, Ordering::SeqCst);
    assert_eq!(stage.apply(&call(1), answered(1)).await, None);
    panics(&stage, 1).await;
    assert_eq!(stage.apply(&call(1), answered(1)).await, None);
    let hangups = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangups[0].command.leg(), Some(&leg(1)));
    stage
        .until("its effects are settled", || stage.house.outbox.unsettled() == 0)
        .await;
    let entity = (Kind::Entity, "cannot_be_landed", Some(call(1).to_string()));
    assert!(kept(&stage).contains(&entity), "{:?}", kept(&stage));
    let over = stage.journal.load(&call(1)).await.unwrap().unwrap();
    assert!(over.terminal);
    assert_eq!(
        stage.apply(&call(1), hung_up(1)).await,
        Some(Receipt::Duplicate(Bytes::new()))
    );
    stage.record(&call(2), hung_up(2)).await;
    stage.empties().await;
    let stage = stage.again().await;
    assert_eq!(
        stage.apply(&call(1), hung_up(1)).await,
        Some(Receipt::Duplicate(Bytes::new()))
    );
    assert_eq!(stage.house.metrics.actors.panics.get(), 0);
}

/// Others need a room's name: it begins afresh.
#[tokio::test(start_paused = true)]
async fn a_room_that_cannot_be_landed_loses_its_conference_and_begins_afresh() {
    let broken = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&broken);
    let hook: FaultHook = Arc::new(move |at: &Address, _: &Input| {
        assert!(
            *at != room() || !seen.load(Ordering::SeqCst),
            "a fault of the test"
        );
    });
    let stage = Stage::with(Some(hook)).await;
    stage.ring(1).await;
    stage.record(&call(1), answered(1)).await;
    stage
        .until("the conference is known", || {
            stage.house.registry.has_conference(&room())
        })
        .await;
    broken.store(true, Ordering::SeqCst);
    stage.carrier.seen("conference_end", 1).await;
    broken.store(false, Ordering::SeqCst);
    stage
        .until("the room lets go of it", || {
            !stage.house.registry.has_conference(&room())
        })
        .await;
    stage.record(&call(1), hung_up(1)).await;
    stage.ring(2).await;
    stage.record(&call(2), answered(2)).await;
    stage.carrier.seen("conference_create", 2).await;
    assert_eq!(stage.journal.conflicts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_panics_in_call_after_call_takes_no_new_calls_until_it_is_quiet() {
    const MOST: u64 = 5;
    let hook: FaultHook = Arc::new(|_: &Address, input: &Input| {
        assert!(!is_answered(input), "a fault of the test");
    });
    let stage = Stage::with(Some(hook)).await;
    let router = Router::new(
        Arc::clone(&stage.house),
        Arc::new(Everybody(stage.plan())),
        Admission::default(),
    );
    let rings = async |n: usize| {
        let Input::Event { event, .. } = stage.initiated(n) else {
            panic!()
        };
        router.accept(*event, Bytes::new()).await
    };
    for n in 1..=6 {
        assert!(matches!(rings(n).await, Accepted::Recorded(_)), "call {n}");
    }
    for n in 1..=MOST + 1 {
        assert_eq!(stage.house.closed_flows(), []);
        assert_eq!(stage.apply(&call(n as usize), answered(n as usize)).await, None);
        panics(&stage, n).await;
    }
    stage
        .until("the flow is closed", || !stage.house.closed_flows().is_empty())
        .await;
    assert_eq!(stage.house.closed_flows()[0].flow, "stage");
    assert!(matches!(
        rings(7).await,
        Accepted::Refused {
            gate: "flow_closed",
            ..
        }
    ));
    assert!(
        matches!(rings(1).await, Accepted::Duplicate(_)),
        "live calls go on"
    );
    assert_eq!(stage.house.metrics.actors.flows_closed.get(), 1);
    tokio::time::advance(Duration::from_secs(5 * 60)).await;
    assert!(matches!(rings(7).await, Accepted::Recorded(_)));
    assert_eq!(stage.house.closed_flows(), []);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_panics_once_is_offered_again_by_the_outbox() {
    let outcome = |input: &Input| matches!(input, Input::Outcome { .. });
    let stage = Stage::with(panicking(call(1), 1, outcome)).await;
    stage.ring(1).await;
    assert_eq!(stage.house.metrics.actors.panics.get(), 1);
    assert_eq!(stage.causes(&call(1)).await, ["call.initiated", "outcome"]);
    assert_eq!(stage.carrier.count("answer"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_panics_always_does_not_block_its_lane() {
    let message = |input: &Input| matches!(input, Input::Message { .. });
    let stage = Stage::with(panicking(room(), 2, message)).await;
    stage.ring(1).await;
    stage.record(&call(1), answered(1)).await;
    stage
        .until("the message is set aside", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(stage.house.metrics.actors.quarantined.get(), 1);
    // The second caller's request is another input, and the room is well.
    stage.ring(2).await;
    stage.record(&call(2), answered(2)).await;
    stage.carrier.seen("conference_create", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_panics_once_is_offered_again() {
    let stage = Stage::with(panicking(call(1), 1, is_deadline)).await;
    stage.ring(1).await;
    stage.carrier.seen("query_call", 1).await;
    assert_eq!(stage.house.metrics.actors.panics.get(), 1);
    breathe().await;
    let deadlines = |causes: Vec<&str>| causes.iter().filter(|cause| **cause == "deadline").count();
    assert_eq!(deadlines(stage.causes(&call(1)).await), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_panics_twice_lands_the_call_and_later_deadlines_are_heard() {
    let stage = Stage::with(panicking(call(1), 2, is_deadline)).await;
    stage.ring(1).await;
    stage.carrier.seen("hangup", 1).await;
    assert_eq!(stage.house.metrics.actors.quarantined.get(), 1);
    // The hangup's own silence is noticed: that is a deadline.
    stage.carrier.seen("query_call", 1).await;
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
}
