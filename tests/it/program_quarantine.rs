//! What is set aside by the running program: kept on disk before the carrier is told, listed for operators, without
//! a number in the answer.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cordboard::app::{QuarantineFile, Surroundings};
use serde_json::{Value, json};

use crate::program::{Directory, Program, event, session};

fn on_disk(directory: &Directory) -> Surroundings {
    std::fs::create_dir_all(directory.path()).unwrap();
    Surroundings {
        quarantine: Some(Arc::new(QuarantineFile::open(directory.path()).unwrap())),
        ..Surroundings::default()
    }
}

async fn listed(program: &Program, path: &str) -> Value {
    let reply = program.get(path).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(!reply.body.contains("+1555"), "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_23_48_and_60_what_makes_no_sense_is_kept_with_its_bytes_and_listed_after_a_restart() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    let nonsense = json!({ "data": { "event_type": 7, "payload": "+15550100001" } });
    assert_eq!(program.post(&nonsense).await.status, 200);
    let ring = json!({ "direction": "incoming", "state": "parked" });
    assert_eq!(
        program
            .post(&event("call.initiated", "one-id", 1, &ring))
            .await
            .status,
        200
    );
    let other = event("call.dtmf.received", "one-id", 1, &json!({ "digit": "7" }));
    assert_eq!(program.post(&other).await.status, 200);
    let program = program.again("", || on_disk(&directory)).await;
    let all = listed(&program, "/api/v1/quarantine").await;
    let facts: Vec<(&str, &str)> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["kind"].as_str().unwrap(), item["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(facts[0], ("input", "other_content"));
    assert_eq!(facts[1].0, "webhook");
    assert_eq!(all["items"][0]["address"], format!("call:{}", session(1)));
    assert_eq!(all["items"][0]["bytes"], other.to_string().len());
    assert_eq!(all["next"], Value::Null);
    assert_eq!(all["closed_flows"], json!([]));
    let first = listed(&program, "/api/v1/quarantine?limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let second = listed(&program, &format!("/api/v1/quarantine?limit=1&cursor={cursor}")).await;
    assert_eq!(second["items"][0], all["items"][1]);
    assert_eq!(program.get("/api/v1/quarantine?limit=0").await.status, 400);
    assert_eq!(program.get("/api/v1/quarantine?colour=red").await.status, 400);
    program.stop().await;
}
