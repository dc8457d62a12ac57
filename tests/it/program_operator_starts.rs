//! Calls that operators have placed: the rules, the limits, and whoever answers.
#![allow(clippy::unwrap_used)]

use cordboard::app::Surroundings;
use serde_json::{Value, json};

use crate::http_wire::Reply;
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
