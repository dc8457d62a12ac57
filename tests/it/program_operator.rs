//! The operator's door of the running program: who is there, who is over, what may be asked of whom.
#![allow(clippy::unwrap_used)]

use cordboard::app::Surroundings;
use cordboard_core::Address;
use serde_json::{Value, json};

use crate::http_wire::Reply;
use crate::program::{Program, hung_up, initiated, session};

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

/// Simulated callers who stay, and the legs that the carrier lists.
async fn callers(program: &Program, count: usize) -> Vec<Value> {
    let wanted = json!({ "to": "+15550100042", "count": count, "talk_ms": 600_000, "patience_ms": 60_000 });
    program.ring(&wanted).await;
    program
        .until("everybody is in", |program| {
            program.simulator.snapshot().talking == count as u64
        })
        .await;
    program.live_legs().await
}

fn text(leg: &Value, field: &str) -> String {
    leg[field].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_82_whoever_is_unknown_is_404_and_whoever_is_over_is_409() {
    let program = Program::start().await;
    let speak = json!({ "leg": { "leg": "v3:raw-1", "action": { "speak": { "payload": "hi", "voice": "female" } } } });
    let speak = speak.to_string();
    let requests = |name: &str| {
        [
            ("POST", format!("/api/v1/calls/{name}/hangup"), None),
            (
                "POST",
                format!("/api/v1/calls/{name}/commands"),
                Some(speak.as_str()),
            ),
        ]
    };
    for (method, path, body) in requests(&session(1)) {
        let reply = program.operator(method, &path, body).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(json_of(&reply)["error"].is_string());
    }
    for path in [
        format!("/api/v1/calls/{}", session(1)),
        "/api/v1/conferences/nobody".into(),
        "/api/v1/nothing".into(),
    ] {
        assert_eq!(program.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(
        program
            .operator("POST", "/api/v1/conferences/nobody/end", None)
            .await
            .status,
        404
    );

    program.post(&initiated(1)).await;
    program.post(&hung_up(1)).await;
    program.settle().await;
    for (method, path, body) in requests(&session(1)) {
        assert_eq!(program.operator(method, &path, body).await.status, 409, "{path}");
    }
    let shown = json_of(&program.get(&format!("/api/v1/calls/{}", session(1))).await);
    assert_eq!(shown["live"], false);
    assert_eq!(
        shown["records"].as_array().unwrap().first().unwrap()["cause"],
        "call.initiated"
    );
    program.settle().await;
    program.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_command_is_400_and_says_why() {
    let program = Program::start().await;
    program.post(&initiated(1)).await;
    let path = format!("/api/v1/calls/{}/commands", session(1));
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "\"hangup\"",
        "{\"leg\":{}}",
        "{\"fly\":{\"leg\":\"v3:raw-1\"}}",
        "{\"leg\":{\"leg\":\"v3:raw-1\",\"action\":{\"speak\":{\"payload\":\"hi\",\"voice\":\"f\",\"wings\":2}}}}",
    ];
    for body in bodies {
        let reply = program.operator("POST", &path, Some(body)).await;
        assert_eq!(reply.status, 400, "{body:?}: {}", reply.body);
        let why = json_of(&reply)["error"].as_str().unwrap().to_owned();
        assert!(why.contains("no command") && why.len() < 1_000, "{why}");
    }
    let call = Address::Call(session(1).as_str().into());
    let records = program.app.house().journal.history(&call);
    assert!(
        records
            .await
            .unwrap()
            .iter()
            .all(|record| record.cause.label() != "operator")
    );
    program.stop().await;
}

#[tokio::test]
async fn no_85_names_with_odd_bytes_or_without_end_are_400() {
    let program = Program::start().await;
    for name in [
        "a%20b",
        "a%0Ab",
        "%F0%9F%A6%80",
        "a%00b",
        &"x".repeat(257),
        "a%7Fb",
    ] {
        for path in [
            format!("/api/v1/calls/{name}"),
            format!("/api/v1/conferences/{name}"),
        ] {
            assert_eq!(program.get(&path).await.status, 400, "{path}");
        }
        for path in [
            format!("/api/v1/calls/{name}/hangup"),
            format!("/api/v1/conferences/{name}/end"),
        ] {
            assert_eq!(program.operator("POST", &path, None).await.status, 400, "{path}");
        }
    }
    let endless = program
        .get(&format!("/api/v1/calls/{}", "x".repeat(10 * 1_024)))
        .await;
    assert!(matches!(endless.status, 400 | 414 | 431), "{}", endless.status);
    assert_eq!(program.app.house().journal.counts().records, 0);
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_hangs_a_caller_up_and_speaks_to_another() {
    let program = Program::start().await;
    let legs = callers(&program, 2).await;
    let (first, second) = (&legs[0], &legs[1]);
    let speak = json!({ "leg": {
        "leg": text(second, "call_control_id"),
        "action": { "speak": { "payload": "You are alone now.", "voice": "female" } },
    }});
    let hang_up = format!("/api/v1/calls/{}/hangup", text(first, "call_session_id"));
    assert_eq!(program.operator("POST", &hang_up, None).await.status, 202);
    program
        .until("one is left", |program| {
            program.simulator.snapshot().legs_live == 1
        })
        .await;
    let commands = program.commands();
    let path = format!("/api/v1/calls/{}/commands", text(second, "call_session_id"));
    let reply = program.operator("POST", &path, Some(&speak.to_string())).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    program
        .until("the carrier has the command", |program| {
            program.commands() > commands
        })
        .await;
    let shown = program
        .get(&format!("/api/v1/calls/{}", text(second, "call_session_id")))
        .await;
    assert!(
        shown.body.contains("\"speak\"") && !shown.body.contains("alone"),
        "{}",
        shown.body
    );

    program
        .until("one call and its room are left", |program| {
            program.app.house().occupancy().actors == 2
        })
        .await;
    let status = json_of(&program.get("/api/v1/status").await);
    assert_eq!(status["memory"]["actors"], 2, "{status}");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_a_conference_and_everybody_in_it_is_hung_up() {
    let program = Program::start().await;
    let legs = callers(&program, 3).await;
    let call = json_of(
        &program
            .get(&format!("/api/v1/calls/{}", text(&legs[0], "call_session_id")))
            .await,
    );
    let room = call.to_string();
    let room = room
        .split("conference:")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let shown = json_of(&program.get(&format!("/api/v1/conferences/{room}")).await);
    assert_eq!(shown["live"], true);
    let end = program
        .operator("POST", &format!("/api/v1/conferences/{room}/end"), None)
        .await;
    assert_eq!(end.status, 202, "{}", end.body);
    program.settle().await;
    let report = program.simulator.report();
    assert_eq!((report.left_behind.legs, report.conferences.ended), (Some(0), 1));
    program.stop().await;
}

#[tokio::test]
async fn a_call_carries_a_link_to_its_trace_when_there_is_somewhere_to_look() {
    let settings = "[observability]\njaeger_url = \"http://localhost:16686/\"\n";
    let program = Program::with(settings, Surroundings::default()).await;
    program.post(&initiated(1)).await;
    program.post(&hung_up(1)).await;
    program.settle().await;
    let shown = json_of(&program.get(&format!("/api/v1/calls/{}", session(1))).await);
    let trace = session(1).replace('-', "");
    assert_eq!(shown["trace"], format!("http://localhost:16686/trace/{trace}"));
    program.stop().await;
}
