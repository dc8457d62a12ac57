//! Calls that operators have placed: the rules, the limits, and whoever answers.
#![allow(clippy::unwrap_used)]

use cordboard::app::Surroundings;
use serde_json::{Value, json};

use crate::http_wire::{Reply, ask};
use crate::program::Program;

const ALLOWED: &str = "[operator]\ndial_allow = [\"+1\", \"+8\", \"+9\"]\ndial_allow_sip = true\n";

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

fn start(to: &str) -> Value {
    json!({ "to": to, "from": "+15550100009", "flow": "announcement" })
}

async fn post(program: &Program, path: &str, body: &Value) -> Reply {
    program.operator("POST", path, Some(&body.to_string())).await
}

#[tokio::test]
async fn no_87_a_bad_start_is_422_with_the_rule_and_without_the_number() {
    let program = Program::with(ALLOWED, Surroundings::default()).await;
    for (to, rule) in [
        ("+19005550100", "premium"),
        ("+881612345678", "satellite"),
        ("+9991234567", "unallocated"),
        ("+155501", "too_short"),
        ("+1234567890123456", "too_long"),
        ("tel:+14155550100", "not_e164"),
        ("sip:a@b;transport=tcp", "sip_form"),
        ("+15550100009", "own_number"),
        ("+4930123456", "not_allowed"),
    ] {
        let reply = post(&program, "/api/v1/calls", &start(to)).await;
        assert_eq!(
            (reply.status, &json_of(&reply)["rule"]),
            (422, &rule.into()),
            "{to}: {}",
            reply.body
        );
        assert!(!reply.body.contains(to), "{}", reply.body);
    }
    for (field, value, rule) in [
        ("from", json!("anonymous"), "from"),
        ("flow", json!("no-such-flow"), "flow"),
        ("flow", json!("a b"), "flow"),
        ("ring_s", json!(4), "ring_s"),
        ("connection", json!(""), "connection"),
        ("wings", json!(2), "body"),
    ] {
        let mut body = start("+14155550100");
        body[field] = value;
        let reply = post(&program, "/api/v1/calls", &body).await;
        assert_eq!(
            (reply.status, &json_of(&reply)["rule"]),
            (422, &rule.into()),
            "{field}: {}",
            reply.body
        );
    }
    assert_eq!(
        program.operator("POST", "/api/v1/calls", Some("{")).await.status,
        400
    );
    assert_eq!(program.commands(), 0, "nobody was called");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_88_starts_are_limited_and_one_key_starts_one_call() {
    let settings = format!("{ALLOWED}max_starts_per_minute = 3\n");
    let program = Program::with(&settings, Surroundings::default()).await;
    let body = start("+14155550100").to_string();
    let keyed = format!(
        "POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: one\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let operator = program.app.addresses().operator;
    let first = ask(operator, keyed.clone()).await.unwrap();
    assert_eq!(first.status, 202, "{}", first.body);
    assert_eq!(
        ask(operator, keyed).await.unwrap().body,
        first.body,
        "the same call"
    );
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(
            post(&program, "/api/v1/calls", &start("+14155550100"))
                .await
                .status,
        );
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 202).count(),
        2,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 429).count(),
        18,
        "{statuses:?}"
    );
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_called_gets_the_flow_and_is_listed_as_a_call() {
    let program = Program::with(ALLOWED, Surroundings::default()).await;
    let placed = json_of(&post(&program, "/api/v1/calls", &start("+14155550100")).await);
    let id = placed["id"].as_str().unwrap().to_owned();
    program
        .until("the carrier is asked to dial", |program| program.commands() > 0)
        .await;
    let shown = json_of(&program.get(&format!("/api/v1/calls/{id}")).await);
    assert_eq!(shown["records"][0]["cause"], "operator");
    assert_eq!(
        shown["records"][0]["effects"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|done| done["command"] == "dial")
            .count(),
        1
    );
    assert_eq!(
        (&shown["flow"], &shown["called"]),
        (&"announcement".into(), &"***00".into()),
        "{shown}"
    );
    program.settle().await;
    let over = json_of(&program.get(&format!("/api/v1/calls/{id}")).await);
    assert_eq!(over["live"], false, "{over}");
    assert_eq!(program.simulator.report().left_behind.legs, Some(0));
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_invited_into_a_room_where_people_are_and_nowhere_else() {
    let program = Program::with(ALLOWED, Surroundings::default()).await;
    let invitation = json!({ "to": "+14155550100", "from": "+15550100009" });
    let nowhere = post(&program, "/api/v1/conferences/nobody/invite", &invitation).await;
    assert_eq!(nowhere.status, 404, "{}", nowhere.body);
    let wanted = json!({ "to": "+15550100042", "count": 2, "talk_ms": 600_000, "patience_ms": 60_000 });
    program.ring(&wanted).await;
    program
        .until("both are in", |program| program.simulator.snapshot().talking == 2)
        .await;
    let list = json_of(&program.get("/api/v1/conferences").await);
    let room = list["conferences"][0]["name"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/conferences/{room}");
    let placed = post(&program, &format!("{path}/invite"), &invitation).await;
    assert_eq!(placed.status, 202, "{}", placed.body);
    let id = json_of(&placed)["id"].as_str().unwrap().to_owned();
    let came = async {
        loop {
            let shown = json_of(&program.get(&path).await);
            let members = shown["members"].as_array().unwrap().clone();
            if members
                .iter()
                .any(|member| member["call"] == id && member["stage"] == "in")
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::program::PATIENCE, came)
        .await
        .expect("the guest is in the room");
    assert_eq!(
        program
            .operator("POST", &format!("{path}/end"), None)
            .await
            .status,
        202
    );
    program.settle().await;
    let idle = post(&program, &format!("{path}/invite"), &invitation).await;
    assert_eq!(idle.status, 409, "{}", idle.body);
    program.stop().await;
}
