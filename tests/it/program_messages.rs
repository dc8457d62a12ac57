//! Texts through the whole program: keyword replies, STOP, orders by the operator API, and the rules that refuse.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard::app::Surroundings;
use serde_json::{Value, json};

use crate::http_wire::{Reply, ask};
use crate::program::{PATIENCE, Program, signed};

const OURS: &str = "+15550200000";
const ALICE: &str = "+15550100001";

async fn program() -> Program {
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/messages/weather.toml");
    let toml = format!(
        "[messages]\nper_minute = 6000\nper_pair_hour = 4\n[[number]]\nnumber = \"{OURS}\"\nreplies = \"{flow}\"\n"
    );
    Program::with(&toml, Surroundings::default()).await
}

/// Somebody texts one of our numbers.
async fn text(program: &Program, words: &str) {
    let body = json!({ "from": ALICE, "to": OURS, "text": words }).to_string();
    let request = format!(
        "POST /simulator/messages HTTP/1.1\r\nHost: simulator\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = ask(program.simulator.address(), request).await.unwrap();
    assert!(reply.status < 300, "{}", reply.body);
}

async fn order(program: &Program, body: &Value) -> Reply {
    program
        .operator("POST", "/api/v1/messages", Some(&body.to_string()))
        .await
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

async fn number(program: &Program) -> Value {
    json_of(&program.get("/api/v1/messages").await)["numbers"][0].clone()
}

/// Waits until the number's own books say so.
async fn until(program: &Program, what: &str, count: u64) {
    let wait = async {
        while number(program).await[what] != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(
        waited.is_ok(),
        "{what} never was {count}: {}",
        number(program).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_gets_exactly_one_reply_and_stop_is_honoured() {
    let program = program().await;
    text(&program, "Hours?").await;
    until(&program, "delivered", 1).await;
    text(&program, "stop").await;
    until(&program, "received", 2).await;
    text(&program, "hours").await;
    until(&program, "received", 3).await;
    let refused = order(&program, &json!({ "to": ALICE, "text": "x" })).await;
    assert_eq!(
        (refused.status, json_of(&refused)["rule"].clone()),
        (422, "opted_out".into())
    );
    text(&program, "START").await;
    text(&program, "hello").await;
    until(&program, "delivered", 2).await;
    assert!(program.simulator.quiesce(PATIENCE).await);
    let messages = serde_json::to_value(program.simulator.report().messages).unwrap();
    assert_eq!(
        (&messages["sent"], &messages["duplicates"]),
        (&2.into(), &0.into()),
        "{messages}"
    );
    let list = program.get("/api/v1/messages").await.body;
    assert!(!list.contains(ALICE) && !list.contains("Monday"), "{list}");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_sent_once_per_key_and_kept_over_a_restart() {
    let program = program().await;
    let body = json!({ "to": ALICE, "text": "Your table is ready.", "key": "table-7" });
    let first = order(&program, &body).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let key = json_of(&first)["key"].as_str().unwrap().to_owned();
    until(&program, "delivered", 1).await;
    let again = order(&program, &body).await;
    assert_eq!(
        (again.status, json_of(&again)["status"].clone()),
        (202, "delivered".into())
    );
    let other = order(
        &program,
        &json!({ "to": ALICE, "text": "Other words.", "key": "table-7" }),
    )
    .await;
    assert_eq!(json_of(&other)["key"], key.as_str(), "the first stands");
    let shown = json_of(&program.get(&format!("/api/v1/messages/{key}")).await);
    assert_eq!(
        (&shown["status"], &shown["to"]),
        (&"delivered".into(), &"***01".into())
    );
    assert_eq!(program.get("/api/v1/messages/nobody").await.status, 404);
    assert_eq!(number(&program).await["sent"], 1);
    program.stop().await;
}

#[tokio::test]
async fn no_87_and_88_orders_are_refused_by_rule_and_by_budget() {
    let program = program().await;
    for (to, words, rule) in [
        ("+19005550100", "x", "destination_not_allowed"),
        ("+870773111632", "x", "destination_not_allowed"),
        ("+4915112345678", "x", "destination_not_allowed"),
        ("tel:+15550100001", "x", "bad_destination"),
        ("911", "x", "bad_destination"),
        (OURS, "x", "own_number"),
        (ALICE, " ", "empty"),
    ] {
        let reply = order(&program, &json!({ "to": to, "text": words })).await;
        assert_eq!(
            (reply.status, json_of(&reply)["rule"].clone()),
            (422, rule.into()),
            "{to}"
        );
        assert!(!reply.body.contains("5550100"), "no number is echoed");
    }
    let stranger = json!({ "from": "+15550999999", "to": ALICE, "text": "x" });
    assert_eq!(
        json_of(&order(&program, &stranger).await)["rule"],
        "not_our_number"
    );
    assert_eq!(order(&program, &json!({ "too": 1 })).await.status, 400);
    let mut statuses = Vec::new();
    for n in 0..8 {
        let body = json!({ "to": ALICE, "text": "x", "key": format!("k{n}") });
        statuses.push(order(&program, &body).await.status);
    }
    assert_eq!(statuses, [202, 202, 202, 202, 429, 429, 429, 429]);
    program.stop().await;
}

#[tokio::test]
async fn a_report_nobody_asked_for_is_counted_at_any_address() {
    let program = program().await;
    let event = |id: &str, from: &str| {
        json!({ "data": { "record_type": "event", "event_type": "message.finalized", "id": id,
            "occurred_at": "2026-03-01T12:00:55.123456Z", "payload": {
                "record_type": "message", "id": "e1a2c3d4-0000-4000-8000-0123456789ab", "direction": "outbound",
                "from": { "phone_number": from }, "to": [{ "phone_number": ALICE, "status": "delivered" }] } } })
    };
    for (path, id, from) in [
        ("/webhooks/telnyx", "ev-1", OURS),
        ("/webhooks/telnyx/m/bm90LW91cnM", "ev-2", OURS),
        ("/webhooks/telnyx", "ev-3", "+15550999999"),
    ] {
        let reply = program.post_to(path, &signed(&event(id, from))).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    for path in [
        "/webhooks/telnyx/m/",
        "/webhooks/telnyx/m/a%2Fb",
        "/webhooks/other/m/abc",
    ] {
        assert_eq!(
            program.post_to(path, &signed(&event("ev-4", OURS))).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(number(&program).await["delivered"], 0);
    program.stop().await;
}
