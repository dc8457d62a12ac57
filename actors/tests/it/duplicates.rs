//! Repeats: of an event under way, of a recorded one, of a message of another machine. None writes a record.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use bytes::Bytes;
use cordboard_actors::delivery::{Delivery, Receipt};
use cordboard_actors::ports::{Accepted, Intake};
use cordboard_actors::router::{Admission, RouteTable, Router};
use cordboard_core::{CallPlan, ClientState, Event, EventBody, Input, Message, command::leg::RejectCause};

use crate::stage::{Stage, answered, call, event, hung_up, key, leg, patiently, room};

#[tokio::test(start_paused = true)]
async fn a_repeat_of_an_event_under_way_joins_its_receipt() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.stall();
    let first = stage.deliver(&call(1), key(1, 1));
    let mut repeats: Vec<_> = (0..3).map(|_| stage.deliver(&call(1), key(1, 1))).collect();
    crate::stage::breathe().await;
    for repeat in &mut repeats {
        assert!(repeat.try_recv().is_err(), "nobody is told before the commit");
    }
    stage.journal.go_on();
    assert_eq!(patiently(first).await.unwrap(), Receipt::Committed(Bytes::new()));
    for repeat in repeats {
        assert_eq!(patiently(repeat).await.unwrap(), Receipt::Duplicate(Bytes::new()));
    }
    let keys = |causes: Vec<&str>| {
        causes
            .iter()
            .filter(|cause| **cause == "call.dtmf.received")
            .count()
    };
    assert_eq!(keys(stage.causes(&call(1)).await), 1);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_that_joined_a_failing_append_fails_with_it_and_may_come_again() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.stall();
    stage.journal.refuse(&call(1), 1);
    let before = stage.journal.handed_over();
    let first = stage.deliver(&call(1), key(1, 1));
    let repeat = stage.deliver(&call(1), key(1, 1));
    stage.journal.takes(before + 1).await;
    crate::stage::breathe().await;
    stage.journal.go_on();
    assert_eq!(patiently(first).await.unwrap(), Receipt::Failed("journal"));
    assert_eq!(patiently(repeat).await.unwrap(), Receipt::Failed("journal"));
    stage.record(&call(1), key(1, 1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_recorded_event_gets_the_stored_answer_awake_and_asleep() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let duplicate = Some(Receipt::Duplicate(Bytes::new()));
    assert_eq!(stage.apply(&call(1), stage.initiated(1)).await, duplicate);
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
    let records = stage.history(&call(1)).await.len();
    for repeat in [stage.initiated(1), hung_up(1)] {
        assert_eq!(stage.apply(&call(1), repeat).await, duplicate);
    }
    assert_eq!(stage.history(&call(1)).await.len(), records);
    assert_eq!(stage.carrier.count("answer"), 1);
    stage.empties().await;
}

fn message(seq: u64, index: u32, body: Message) -> Input {
    let from = call(1);
    Input::Message {
        from,
        seq,
        index,
        body,
    }
}

fn join_request() -> Message {
    Message::JoinRequest {
        leg: leg(1),
        moderator: false,
        connection: None,
        settings: Box::default(),
        limits: Default::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn messages_at_or_below_the_high_water_mark_are_dropped() {
    let stage = Stage::open().await;
    stage.record(&room(), message(3, 1, join_request())).await;
    for (seq, index) in [(3, 1), (3, 0), (2, 7)] {
        let receipt = stage.apply(&room(), message(seq, index, join_request())).await;
        assert_eq!(receipt, Some(Receipt::Duplicate(Bytes::new())), "{seq}.{index}");
    }
    stage.record(&room(), message(3, 2, join_request())).await;
    let messages = |causes: Vec<&str>| causes.iter().filter(|cause| **cause == "message").count();
    assert_eq!(messages(stage.causes(&room()).await), 2);
}

/// The room cannot record the request at first; what the call says later must wait for it.
#[tokio::test(start_paused = true)]
async fn messages_of_a_pair_keep_their_order_when_the_first_is_refused() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.refuse(&room(), 3);
    stage.record(&call(1), answered(1)).await;
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
    let said: Vec<&str> = stage
        .history(&room())
        .await
        .iter()
        .filter_map(|record| match &record.cause {
            Input::Message {
                body: Message::JoinRequest { .. },
                ..
            } => Some("join"),
            Input::Message {
                body: Message::LegGone { .. },
                ..
            } => Some("gone"),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["join", "gone"]);
}

/// Sends every new call away; no test here begins one by it.
struct NoRoutes;

impl RouteTable for NoRoutes {
    fn plan(&self, _event: &Event) -> CallPlan {
        CallPlan::Reject(RejectCause::UserBusy)
    }
}

/// The room recorded it and its conference is over; the carrier did not hear the answer and comes again.
#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_rooms_event_after_its_conference_is_not_given_to_the_call() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let left = Event {
        conference: Some("conference-over".into()),
        ..event(1, "left", EventBody::ParticipantLeft)
    };
    let of_room = Input::Event {
        event: Box::new(left.clone()),
        plan: None,
    };
    stage.record(&room(), of_room).await;
    let before = stage.history(&call(1)).await.len();
    let router = Router::new(Arc::clone(&stage.house), Arc::new(NoRoutes), Admission::default());
    assert_eq!(
        router.accept(left.clone(), Bytes::new()).await,
        Accepted::Duplicate(Bytes::new())
    );
    assert_eq!(stage.history(&call(1)).await.len(), before);
    let other = Event {
        id: "left-2".into(),
        ..left
    };
    assert_eq!(
        router.accept(other, Bytes::new()).await,
        Accepted::Recorded(Bytes::new())
    );
    assert_eq!(
        stage.history(&call(1)).await.len(),
        before + 1,
        "a new one is the call's"
    );
}

/// The carrier's key signed both: the first counts, the second is for people to look at.
#[tokio::test(start_paused = true)]
async fn a_second_event_under_a_known_id_is_kept_as_it_came() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.record(&call(1), key(1, 1)).await;
    let before = stage.history(&call(1)).await;
    let Input::Event { event: other, .. } = hung_up(1) else {
        panic!()
    };
    let other = Event {
        id: "key-1-1".into(),
        ..*other
    };
    let (delivery, receipt) = Delivery::new(Input::Event {
        event: Box::new(other),
        plan: None,
    });
    let raw = Bytes::from_static(b"as it came");
    let delivery = delivery.as_sent(raw.clone());
    stage.house.registry.deliver(&stage.house, &call(1), delivery);
    assert_eq!(receipt.await, Ok(Receipt::Duplicate(Bytes::new())));
    let kept = stage.quarantine.all();
    assert_eq!((kept[0].reason, &kept[0].raw), ("other_content", &raw));
    assert_eq!(stage.history(&call(1)).await, before);
}

/// Our own authentic state names another call than the one that has the leg.
#[tokio::test(start_paused = true)]
async fn an_event_with_two_owners_is_kept_as_it_came_and_applied_nowhere() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    let router = Router::new(Arc::clone(&stage.house), Arc::new(NoRoutes), Admission::default());
    let Input::Event { event, .. } = hung_up(1) else {
        panic!()
    };
    let torn = Event {
        client_state: Some(ClientState {
            owner: call(2),
            step: "answer".into(),
            generation: 0,
        }),
        ..*event
    };
    let raw = Bytes::from_static(b"as it came");
    assert_eq!(
        router.accept(torn, raw.clone()).await,
        Accepted::Recorded(Bytes::new())
    );
    let kept = stage.quarantine.all();
    assert_eq!((kept[0].reason, &kept[0].raw), ("torn_ownership", &raw));
    assert_eq!(stage.house.registry.legs().len(), 2);
}
