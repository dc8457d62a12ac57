//! Calls that we place, to their end: what became of whom we called, through restarts, and that nothing is left behind.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard::app::Surroundings;
use serde_json::{Value, json};

use crate::http_wire::{Reply, ask};
use crate::program::{Directory, PATIENCE, Program};
use crate::program_replay::replay;
use crate::program_restarts::on_disk;

const ALLOWED: &str = "[operator]\ndial_allow = [\"+1\"]\ndial_allow_sip = true\n";

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

/// Says who is behind a number.
async fn behind(program: &Program, target: &Value) {
    let body = target.to_string();
    let request = format!(
        "POST /simulator/targets HTTP/1.1\r\nHost: simulator\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = ask(program.simulator.address(), request).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
}

/// Asks for a call under a key; its id.
async fn place(program: &Program, path: &str, body: &Value, key: &str) -> String {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = ask(program.app.addresses().operator, request).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.body);
    json_of(&reply)["id"].as_str().unwrap().to_owned()
}

async fn shown(program: &Program, id: &str) -> Value {
    json_of(&program.get(&format!("/api/v1/calls/{id}")).await)
}

/// Waits until a call is in this phase.
async fn stands(program: &Program, id: &str, phase: &str) {
    let wait = async {
        while shown(program, id).await["phase"] != phase {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "never {phase}: {}", shown(program, id).await);
}

/// Dials among the records of a call.
fn dials(call: &Value) -> usize {
    let records = call["records"].as_array().unwrap();
    let effects = records
        .iter()
        .flat_map(|record| record["effects"].as_array().unwrap());
    effects.filter(|effect| effect["command"] == "dial").count()
}

/// Nothing is left on either side, and today's build would do the same again.
async fn ends_clean(program: Program, directory: &Directory) {
    program.settle().await;
    let report = program.simulator.report();
    assert_eq!(
        (report.left_behind.legs, report.left_behind.conferences),
        (Some(0), Some(0))
    );
    assert_eq!(report.commands.duplicate_effects, 0);
    program.stop().await;
    let output = replay(directory.path(), &["--all"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_placed_call_says_what_became_of_it() {
    let program = Program::with(ALLOWED, Surroundings::default()).await;
    end_like(program, "declined").await;
}

/// Twilio says of whoever declines that the line is busy.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_call_placed_through_the_other_carrier_says_so_too() {
    end_like(
        Program::through_twilio(ALLOWED, Surroundings::default()).await,
        "busy",
    )
    .await;
}

async fn end_like(program: Program, rejected: &str) {
    let mut placed = Vec::new();
    for (to, answer, reason) in [
        ("+14155550101", "busy", "busy"),
        ("+14155550102", "rejects", rejected),
        ("+14155550103", "unallocated", "unreachable"),
        ("+14155550104", "failed", "unreachable"),
        ("+14155550105", "answers", "completed"),
        ("sip:desk@example.com", "no_answer", "no_answer"),
    ] {
        behind(&program, &json!({ "pattern": to, "answer": answer })).await;
        let body = json!({ "to": to, "from": "+15550100009", "flow": "announcement", "ring_s": 5 });
        placed.push((place(&program, "/api/v1/calls", &body, answer).await, reason));
    }
    program.settle().await;
    for (id, reason) in placed {
        let call = shown(&program, &id).await;
        assert_eq!(
            (&call["live"], &call["end_reason"]),
            (&false.into(), &reason.into()),
            "{call}"
        );
        assert_eq!(dials(&call), 1);
    }
    assert_eq!(program.simulator.report().left_behind.legs, Some(0));
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placed_call_goes_on_through_restarts_and_its_key_places_no_second_one() {
    let directory = Directory::new();
    let program = Program::with(ALLOWED, on_disk(&directory)).await;
    behind(
        &program,
        &json!({ "pattern": "+14155550101", "answer": "answers", "after_ms": 2_000 }),
    )
    .await;
    let body = json!({ "to": "+14155550101", "from": "+15550100009", "flow": "announcement" });
    let id = place(&program, "/api/v1/calls", &body, "one").await;
    program
        .until("it rings", |program| program.simulator.snapshot().commands > 0)
        .await;
    let program = program.again(ALLOWED, || on_disk(&directory)).await;
    assert_eq!(place(&program, "/api/v1/calls", &body, "one").await, id);
    stands(&program, &id, "say").await;
    let program = program.again(ALLOWED, || on_disk(&directory)).await;
    program.settle().await;
    assert_eq!(
        place(&program, "/api/v1/calls", &body, "one").await,
        id,
        "over, and still placed"
    );
    let call = shown(&program, &id).await;
    assert_eq!(
        (&call["end_reason"], dials(&call)),
        (&"completed".into(), 1),
        "{call}"
    );
    let text = call.to_string();
    assert!(text.contains("place a call, flow announcement"), "{text}");
    assert!(text.contains("say (say): "), "{text}");
    assert!(!text.contains("14155550101"), "{text}");
    ends_clean(program, &directory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_is_called_while_the_program_restarts_comes_into_the_room() {
    let directory = Directory::new();
    let program = Program::with(ALLOWED, on_disk(&directory)).await;
    let wanted = json!({ "to": "+15550100042", "count": 2, "talk_ms": 600_000, "patience_ms": 60_000 });
    program.ring(&wanted).await;
    program
        .until("both are in", |program| program.simulator.snapshot().talking == 2)
        .await;
    let list = json_of(&program.get("/api/v1/conferences").await);
    let room = format!(
        "/api/v1/conferences/{}",
        list["conferences"][0]["name"].as_str().unwrap()
    );
    behind(
        &program,
        &json!({ "pattern": "+14155550101", "answer": "answers", "after_ms": 2_000 }),
    )
    .await;
    let guest = json!({ "to": "+14155550101", "from": "+15550100009" });
    let id = place(&program, &format!("{room}/invite"), &guest, "guest").await;
    let program = program.again(ALLOWED, || on_disk(&directory)).await;
    assert_eq!(
        place(&program, &format!("{room}/invite"), &guest, "guest").await,
        id
    );
    stands(&program, &id, "conference").await;
    assert_eq!(
        program
            .operator("POST", &format!("{room}/end"), None)
            .await
            .status,
        202
    );
    program.settle().await;
    let call = shown(&program, &id).await;
    assert_eq!((&call["live"], dials(&call)), (&false.into(), 1), "{call}");
    ends_clean(program, &directory).await;
}
