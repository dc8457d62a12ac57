//! Authentic webhooks that are repeated, late, contradictory or too many. Numbers are those of the list of bad inputs.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cordboard::app::Surroundings;
use cordboard::carriers::ClientStateKey;
use cordboard_actors::journal::Record;
use cordboard_core::{Address, ClientState};
use serde_json::{Value, json};

use crate::http_wire::Reply;
use crate::program::{Program, SECRET, event, hung_up, initiated, key, session, signed};

fn call(n: usize) -> Address {
    Address::Call(session(n).as_str().into())
}

async fn history(program: &Program, n: usize) -> Vec<Record> {
    program.app.house().journal.history(&call(n)).await.unwrap()
}

/// Waits until every command of the program is settled.
async fn at_rest(program: &Program) {
    program
        .until("every command is settled", |program| {
            program.app.house().outbox.unsettled() == 0
        })
        .await;
}

/// A call that rings; its answer was sent to the carrier.
async fn ringing(program: &Program, n: usize) {
    assert_eq!(program.post(&initiated(n)).await.status, 200);
    at_rest(program).await;
}

fn is_ok(reply: &Reply) -> bool {
    (reply.status, reply.body.as_str()) == (200, "")
}

#[tokio::test]
async fn no_20_an_exact_replay_is_answered_and_has_no_effect() {
    let program = Program::start().await;
    let first = signed(&initiated(1));
    assert!(is_ok(&program.post_to("/webhooks/telnyx", &first).await));
    at_rest(&program).await;
    let (commands, records) = (program.commands(), history(&program, 1).await.len());
    for _ in 0..5 {
        assert!(is_ok(&program.post_to("/webhooks/telnyx", &first).await));
    }
    // Signed anew, as a retry of the carrier may be.
    assert!(is_ok(&program.post(&initiated(1)).await));
    at_rest(&program).await;
    assert_eq!(
        (program.commands(), history(&program, 1).await.len()),
        (commands, records)
    );
    program.stop().await;
}

#[tokio::test]
async fn no_20_replays_that_arrive_together_have_one_effect() {
    let program = Program::start().await;
    let first = signed(&initiated(1));
    let replays = (0..20).map(|_| program.post_to("/webhooks/telnyx", &first));
    assert!(futures_util::future::join_all(replays).await.iter().all(is_ok));
    at_rest(&program).await;
    let events = |records: Vec<Record>| records.iter().filter(|record| record.receipt.is_some()).count();
    assert_eq!(events(history(&program, 1).await), 1);
    assert_eq!(program.commands(), 1);
    program.stop().await;
}

#[tokio::test]
async fn no_23_another_body_under_a_known_id_has_no_effect() {
    let program = Program::start().await;
    ringing(&program, 1).await;
    let records = history(&program, 1).await.len();
    let mut other = hung_up(1);
    other["data"]["id"] = json!("initiated-1");
    assert!(
        is_ok(&program.post(&other).await),
        "the carrier need not come again"
    );
    at_rest(&program).await;
    assert_eq!(history(&program, 1).await.len(), records, "the first is kept");
    assert_eq!(program.app.house().registry.legs().len(), 1, "the call lives");
    program.stop().await;
}

#[tokio::test]
async fn no_24_only_the_body_says_whose_event_it_is() {
    let program = Program::start().await;
    let first = signed(&initiated(1));
    for path in [
        "/webhooks/telnyx/another-tenant",
        "/webhooks/twilio",
        "/webhooks/telnyx/",
    ] {
        assert_eq!(program.post_to(path, &first).await.status, 404, "{path}");
    }
    assert!(history(&program, 1).await.is_empty());
    let hinted = "/webhooks/telnyx?tenant=another&call_session_id=1";
    assert!(is_ok(&program.post_to(hinted, &first).await));
    assert_eq!(history(&program, 1).await[0].address, call(1));
    program.stop().await;
}

/// The leg is the carrier's word, the state only came along: the call that it names is not touched.
#[tokio::test]
async fn no_60_a_state_that_names_another_call_than_the_leg_does_moves_nothing_there() {
    let program = Program::start().await;
    ringing(&program, 1).await;
    ringing(&program, 2).await;
    let other = history(&program, 2).await.len();
    let state = ClientState {
        owner: call(2),
        step: "answer".into(),
        generation: 0,
    };
    let state = ClientStateKey::derive(SECRET).seal(&state);
    let torn = event(
        "call.dtmf.received",
        "torn",
        1,
        &json!({ "digit": "1", "client_state": state }),
    );
    assert!(is_ok(&program.post(&torn).await));
    assert_eq!(history(&program, 2).await.len(), other);
    program.stop().await;
}

#[tokio::test]
async fn no_61_a_hangup_of_an_unknown_call_is_taken_and_leaves_nothing() {
    let program = Program::start().await;
    assert!(is_ok(&program.post(&hung_up(1)).await));
    program.settle().await;
    assert_eq!(history(&program, 1).await.len(), 1, "journalled");
    assert_eq!(program.commands(), 0);
    program.stop().await;
}

#[tokio::test]
async fn no_62_an_event_of_a_call_that_is_over_wakes_nobody_for_long() {
    let program = Program::start().await;
    ringing(&program, 1).await;
    assert!(is_ok(&program.post(&hung_up(1)).await));
    program.settle().await;
    let commands = program.commands();
    let answered = event("call.answered", "late-answer", 1, &json!({ "state": "answered" }));
    let conference = json!({ "conference_id": "late", "name": "late", "client_state": null });
    let joined = event("conference.participant.joined", "late-join", 1, &conference);
    for late in [answered, joined, key(1, 1), hung_up(1)] {
        assert!(is_ok(&program.post(&late).await), "{late}");
        program.settle().await;
    }
    assert_eq!(program.commands(), commands);
    program.stop().await;
}

#[tokio::test]
async fn no_63_initiated_after_hangup_starts_nothing() {
    let program = Program::start().await;
    assert!(is_ok(&program.post(&hung_up(1)).await));
    assert!(is_ok(&program.post(&initiated(1)).await));
    program.settle().await;
    assert_eq!(program.commands(), 0);
    program.stop().await;
}

#[tokio::test]
async fn no_66_odd_texts_are_taken_and_have_no_effect() {
    let program = Program::start().await;
    let texts = [
        "🦀".repeat(1_600),
        "a\u{200b}b\u{2060}\u{feff}".repeat(400),
        "sToP".into(),
        "ЅТОР".into(),
    ];
    for (text, n) in texts.iter().zip(0..) {
        let message = message_received(n, text);
        assert!(is_ok(&program.post(&message).await), "{n}");
    }
    program.settle().await;
    assert_eq!(program.commands(), 0);
    program.stop().await;
}

fn message_received(n: usize, text: &str) -> Value {
    json!({ "data": {
        "record_type": "event",
        "event_type": "message.received",
        "id": format!("text-{n}"),
        "occurred_at": "2026-01-01T00:00:00.000Z",
        "payload": {
            "id": format!("message-{n}"),
            "direction": "inbound",
            "type": "SMS",
            "from": { "phone_number": "+15550200001" },
            "to": [{ "phone_number": "+15550100001", "status": "webhook_delivered" }],
            "text": text,
        },
    }})
}

/// Scaled down: what matters is who is refused and who is not.
#[tokio::test(flavor = "multi_thread")]
async fn no_68_a_flood_of_new_calls_is_refused_and_live_calls_are_not() {
    let toml = "[admission]\nmax_new_calls_per_second = 20\n";
    let program = Arc::new(Program::with(toml, Surroundings::default()).await);
    ringing(&program, 0).await;
    let flood: Vec<_> = (1..=400)
        .map(|n| {
            let program = Arc::clone(&program);
            tokio::spawn(async move { program.post(&initiated(n)).await })
        })
        .collect();
    for count in 0..50 {
        assert!(
            is_ok(&program.post(&key(0, count)).await),
            "an event of a live call"
        );
    }
    assert!(is_ok(&program.post(&hung_up(0)).await));
    let mut refused = 0;
    for reply in flood {
        let reply = reply.await.unwrap();
        match reply.status {
            200 => {}
            503 => {
                assert_eq!(reply.header("retry-after"), Some("1"));
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(refused > 200, "{refused} of 400 were refused");
    assert!(refused < 400, "some got in");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_69_a_flood_of_events_for_one_call_harms_no_other() {
    let program = Arc::new(Program::start().await);
    ringing(&program, 1).await;
    ringing(&program, 2).await;
    let flood: Vec<_> = (0..1_000)
        .map(|count| {
            let program = Arc::clone(&program);
            tokio::spawn(async move { program.post(&key(1, count)).await.status })
        })
        .collect();
    for count in 0..20 {
        assert!(is_ok(&program.post(&key(2, count)).await));
    }
    let mut taken = 0;
    for status in flood {
        let status = status.await.unwrap();
        assert!(status == 200 || status == 503, "{status}");
        taken += usize::from(status == 200);
    }
    let keys = |records: Vec<Record>| records.iter().filter(|record| record.receipt.is_some()).count() - 1;
    assert_eq!(
        keys(history(&program, 1).await),
        taken,
        "200 means recorded, 503 means not"
    );
    assert!(is_ok(&program.post(&hung_up(1)).await), "it can still be ended");
    assert!(is_ok(&program.post(&hung_up(2)).await));
    program.settle().await;
}
