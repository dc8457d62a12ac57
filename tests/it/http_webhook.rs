//! What a carrier hears from the carrier door, and what becomes of an event whose sender goes away.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard::http::{DoorLimits, GateLimits, WebhookResult};
use cordboard_actors::ports::Rejection;
use tokio::sync::Semaphore;

use crate::http_wire::{BookIntake, CarrierDoor, Wire, ask, patiently, webhook};

fn holding() -> BookIntake {
    BookIntake {
        hold: Some(Semaphore::new(0)),
        ..BookIntake::default()
    }
}

fn let_go(door: &CarrierDoor, count: usize) {
    door.intake.hold.as_ref().unwrap().add_permits(count);
}

#[tokio::test]
async fn each_verdict_has_its_status_and_body() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    for (body, status, text) in [
        ("ev-1", 200, ""),
        ("ev-1", 200, ""),
        ("talk", 200, "{}"),
        ("reject", 401, "unauthorised\n"),
        ("stale", 401, "unauthorised\n"),
        ("ignore", 200, ""),
        ("quarantine", 200, ""),
        ("refuse", 503, "unavailable, try again\n"),
        ("panic", 503, "unavailable, try again\n"),
        ("", 200, ""),
    ] {
        let reply = ask(door.address, webhook(body, "")).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (status, text), "{body:?}");
        let retry = match body {
            "refuse" => Some("7"),
            "panic" => Some("1"),
            _ => None,
        };
        assert_eq!(reply.header("retry-after"), retry, "{body:?}");
        let typed = text == "{}";
        assert_eq!(
            reply.header("content-type") == Some("application/json"),
            typed,
            "{body:?}"
        );
    }
    let results = door.ear.results.lock().unwrap().clone();
    assert_eq!(results[..2], [WebhookResult::Recorded, WebhookResult::Duplicate]);
    assert_eq!(
        results[3..5],
        [
            WebhookResult::Rejected(Rejection::WrongSignature),
            WebhookResult::Rejected(Rejection::StaleTimestamp)
        ]
    );
    assert_eq!(results[7], WebhookResult::Refused("admission"));
    assert_eq!(
        *door.ear.quarantined.lock().unwrap(),
        [("not_json", b"quarantine".to_vec())]
    );
}

#[tokio::test]
async fn no_46_a_client_that_leaves_before_the_answer_takes_nothing_with_it() {
    let door = CarrierDoor::with(DoorLimits::default(), GateLimits::default(), holding()).await;
    let mut wire = Wire::open(door.address).await;
    wire.send(webhook("ev-46", "")).await;
    patiently(door.intake.entered.notified()).await;
    drop(wire);
    assert_eq!(door.door.in_flight(), 1, "the place at the gate stays taken");
    let_go(&door, 1);
    patiently(door.door.settled()).await;
    assert_eq!(*door.intake.recorded.lock().unwrap(), ["ev-46"]);
    assert_eq!(door.door.in_flight(), 0);
    assert_eq!(*door.ear.in_flight.lock().unwrap(), [1, 0]);
    let_go(&door, 1);
    let again = ask(door.address, webhook("ev-46", "")).await.unwrap();
    assert_eq!(again.status, 200);
    assert_eq!(
        door.ear.results.lock().unwrap().last(),
        Some(&WebhookResult::Duplicate)
    );
}

#[tokio::test]
async fn a_client_that_ends_its_side_after_the_request_gets_its_answer() {
    let door = CarrierDoor::with(DoorLimits::default(), GateLimits::default(), holding()).await;
    let mut wire = Wire::open(door.address).await;
    wire.send(webhook("ev", "")).await;
    wire.end().await;
    patiently(door.intake.entered.notified()).await;
    let_go(&door, 1);
    assert_eq!(wire.reply().await.unwrap().status, 200);
    assert!(wire.is_closed().await);
}

#[tokio::test]
async fn a_full_gate_answers_503_before_the_body_is_read_and_opens_again() {
    let gate = GateLimits {
        webhooks: 1,
        ..GateLimits::default()
    };
    let door = CarrierDoor::with(DoorLimits::default(), gate, holding()).await;
    let mut first = Wire::open(door.address).await;
    first.send(webhook("ev-1", "")).await;
    patiently(door.intake.entered.notified()).await;
    // Only the head: the answer must not wait for the body.
    let head = webhook("ev-2", "");
    let refused = ask(door.address, head.strip_suffix("ev-2").unwrap())
        .await
        .unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    let_go(&door, 2);
    assert_eq!(first.reply().await.unwrap().status, 200);
    assert_eq!(ask(door.address, webhook("ev-3", "")).await.unwrap().status, 200);
    assert_eq!(*door.intake.recorded.lock().unwrap(), ["ev-1", "ev-3"]);
}

#[tokio::test]
async fn the_gate_counts_bytes_too() {
    let limits = DoorLimits {
        max_body_bytes: 4_096,
        ..DoorLimits::default()
    };
    let gate = GateLimits {
        webhooks: 100,
        bytes: 4_096,
        ..GateLimits::default()
    };
    let door = CarrierDoor::with(limits, gate, holding()).await;
    let mut first = Wire::open(door.address).await;
    first.send(webhook(&"a".repeat(3_000), "")).await;
    patiently(door.intake.entered.notified()).await;
    assert_eq!(
        ask(door.address, webhook(&"b".repeat(3_000), ""))
            .await
            .unwrap()
            .status,
        503
    );
    let_go(&door, 2);
    assert_eq!(first.reply().await.unwrap().status, 200);
    assert_eq!(
        ask(door.address, webhook(&"b".repeat(3_000), ""))
            .await
            .unwrap()
            .status,
        200
    );
}

/// Whoever only announces a large body and lets it drip must not fill the gate.
#[tokio::test]
async fn announced_bytes_do_not_count_before_they_come() {
    let gate = GateLimits {
        bytes: 512 * 1_024,
        ..GateLimits::default()
    };
    let door = CarrierDoor::with(DoorLimits::default(), gate, holding()).await;
    let mut dripping = Vec::new();
    for _ in 0..8 {
        let mut wire = Wire::open(door.address).await;
        let whole = webhook(&"a".repeat(200_000), "");
        wire.send(&whole[..whole.len() - 199_000]).await;
        dripping.push(wire);
    }
    while door.door.in_flight() < dripping.len() {
        tokio::task::yield_now().await;
    }
    let_go(&door, 1);
    assert_eq!(ask(door.address, webhook("ev", "")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_slow_receipt_outlives_the_idle_and_head_timeouts() {
    let limits = DoorLimits {
        idle_timeout: Duration::from_millis(50),
        head_timeout: Duration::from_millis(50),
        ..DoorLimits::default()
    };
    let door = CarrierDoor::with(limits, GateLimits::default(), holding()).await;
    let mut wire = Wire::open(door.address).await;
    wire.send(webhook("ev", "")).await;
    // The waiting is the case: the receipt takes longer than both clocks.
    let answered = tokio::time::timeout(Duration::from_millis(300), wire.reply()).await;
    assert!(answered.is_err(), "{answered:?}");
    let_go(&door, 1);
    assert_eq!(wire.reply().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_stopping_door_finishes_what_is_at_work_and_cuts_half_sent_heads_and_idle_connections() {
    let mut door = CarrierDoor::with(DoorLimits::default(), GateLimits::default(), holding()).await;
    let mut idle = Wire::open(door.address).await;
    let mut half = Wire::open(door.address).await;
    half.send("POST /webhooks/telnyx HTTP/1.1\r\nHost: d").await;
    let mut busy = Wire::open(door.address).await;
    busy.send(webhook("ev", "")).await;
    patiently(door.intake.entered.notified()).await;
    door.stop.cancel();
    assert!(idle.is_closed().await && half.is_closed().await);
    let_go(&door, 1);
    let reply = busy.reply().await.unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    drop(busy);
    assert_eq!(door.stopped().await.cut, 0);
    assert!(
        tokio::net::TcpStream::connect(door.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_stopping_door_also_ends_a_kept_alive_connection_with_a_half_sent_second_head() {
    let mut door = CarrierDoor::open(DoorLimits::default()).await;
    let mut wire = Wire::open(door.address).await;
    wire.send(webhook("one", "") + "POST /web").await;
    assert_eq!(wire.reply().await.unwrap().status, 200);
    door.stop.cancel();
    assert!(wire.is_closed().await);
    drop(wire);
    assert_eq!(door.stopped().await.cut, 0);
}

#[tokio::test]
async fn what_is_not_done_at_the_deadline_is_cut_and_counted() {
    let limits = DoorLimits {
        stop_deadline: Duration::from_millis(100),
        ..DoorLimits::default()
    };
    let mut door = CarrierDoor::with(limits, GateLimits::default(), holding()).await;
    let mut stuck = Wire::open(door.address).await;
    stuck.send(webhook("ev", "")).await;
    patiently(door.intake.entered.notified()).await;
    door.stop.cancel();
    assert_eq!(door.stopped().await.cut, 1);
    assert_eq!(stuck.reply().await, None);
    let_go(&door, 1);
    patiently(door.door.settled()).await;
    assert_eq!(
        *door.intake.recorded.lock().unwrap(),
        ["ev"],
        "the event is recorded all the same"
    );
}
