//! What an operator may not do by accident, or with a stolen token: act twice, through the wrong entity, or dial.
#![allow(clippy::unwrap_used)]

use cordboard::app::Surroundings;
use serde_json::{Value, json};

use crate::http_wire::{Reply, ask};
use crate::program::{Program, initiated, session};

fn dial(to: &str) -> String {
    json!({ "dial": { "connection": "c", "to": to, "from": "+15550100009" } }).to_string()
}

fn speak(leg: &str) -> String {
    json!({ "leg": { "leg": leg, "action": { "speak": { "payload": "hi", "voice": "female" } } } })
        .to_string()
}

fn why(reply: &Reply) -> String {
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    body["error"].as_str().unwrap_or_default().to_owned()
}

/// Records of a call that an operator caused.
async fn asked(program: &Program, n: usize) -> usize {
    let shown = program.get(&format!("/api/v1/calls/{}", session(n))).await;
    shown.body.matches("\"cause\":\"operator\"").count()
}

#[tokio::test]
async fn dials_go_nowhere_unless_the_configuration_names_the_prefix() {
    for (toml, to, status) in [
        ("", "+15550100009", 403),
        ("[operator]\ndial_allow = [\"+1555\"]", "+19000000000", 403),
        ("[operator]\ndial_allow = [\"+1555\"]", "+15550100009", 202),
        ("", "sip:a@example.com", 403),
        ("[operator]\ndial_allow_sip = true", "sip:a@example.com", 202),
    ] {
        let program = Program::with(toml, Surroundings::default()).await;
        program.post(&initiated(1)).await;
        let path = format!("/api/v1/calls/{}/commands", session(1));
        let reply = program.operator("POST", &path, Some(&dial(to))).await;
        assert_eq!(reply.status, status, "{toml} {to}: {}", reply.body);
        assert!(!reply.body.contains(to), "{}", reply.body);
        program.stop().await;
    }
}

#[tokio::test]
async fn a_command_goes_to_whoever_owns_the_leg_it_acts_upon() {
    let program = Program::start().await;
    program.post(&initiated(1)).await;
    program.post(&initiated(2)).await;
    let path = format!("/api/v1/calls/{}/commands", session(1));
    let (own, other) = ("v3:raw-1", "v3:raw-2");
    let reply = program.operator("POST", &path, Some(&speak(other))).await;
    assert_eq!(reply.status, 409);
    assert!(why(&reply).contains(&session(2)), "{}", reply.body);
    let reply = program.operator("POST", &path, Some(&speak("v3:nobody"))).await;
    assert_eq!(reply.status, 409);
    let bridge = json!({ "leg": { "leg": own, "action": { "bridge": { "other": other } } } });
    for body in [speak(own), bridge.to_string()] {
        let reply = program.operator("POST", &path, Some(&body)).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
    }
    program.stop().await;
}

#[tokio::test]
async fn the_same_idempotency_key_gets_the_first_answer_and_one_effect() {
    let program = Program::start().await;
    program.post(&initiated(1)).await;
    let body = speak("v3:raw-1");
    let operator = program.app.addresses().operator;
    let request = |key: &str| {
        format!(
            "POST /api/v1/calls/{}/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            session(1),
            body.len()
        )
    };
    for (key, effects) in [("one", 1), ("one", 1), ("two", 2), ("one", 2)] {
        let reply = ask(operator, request(key)).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (202, "{\"accepted\":true}"));
        assert_eq!(asked(&program, 1).await, effects, "{key}");
    }
    let endless = ask(operator, request(&"k".repeat(129))).await.unwrap();
    assert_eq!(endless.status, 400);
    program.stop().await;
}
