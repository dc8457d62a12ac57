//! Lists, timelines and news of the operator API, and the document that describes them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::http_wire::Reply;
use crate::program::{PATIENCE, Program, hung_up, initiated, key, session};

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

fn ids(page: &Value) -> Vec<String> {
    let calls = page["calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| call["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn calls_are_listed_newest_first_in_pages_live_and_ended_apart() {
    let program = Program::start().await;
    for n in 1..=5 {
        program.post(&initiated(n)).await;
    }
    program.post(&hung_up(2)).await;
    let first = json_of(&program.get("/api/v1/calls?limit=3").await);
    assert_eq!(ids(&first), [session(5), session(4), session(3)]);
    let call = &first["calls"][0];
    assert_eq!(
        (&call["phase"], &call["live"], &call["flow"]),
        (&"ringing".into(), &true.into(), &"conference".into())
    );
    assert_eq!(
        (&call["caller"], &call["called"]),
        (&"***01".into(), &"***01".into())
    );
    let path = format!("/api/v1/calls?limit=3&cursor={}", first["next"].as_str().unwrap());
    let second = json_of(&program.get(&path).await);
    assert_eq!((ids(&second), &second["next"]), (vec![session(1)], &Value::Null));
    let ended = json_of(&program.get("/api/v1/calls?state=ended").await);
    assert_eq!(ids(&ended), [session(2)]);
    assert_eq!(ended["calls"][0]["end_reason"], "hung_up");
    assert_eq!(ended["calls"][0]["hangup_cause"], "normal_clearing");
    for (filter, count) in [
        ("phase=ringing", 4),
        ("phase=conference", 0),
        ("flow=conference", 4),
        ("flow=x", 0),
    ] {
        let page = json_of(&program.get(&format!("/api/v1/calls?{filter}")).await);
        assert_eq!(ids(&page).len(), count, "{filter}");
    }
    program.stop().await;
}

#[tokio::test]
async fn no_84_odd_pages_and_filters_are_400() {
    let program = Program::start().await;
    for query in [
        "limit=-1",
        "limit=0",
        "limit=1000000000",
        "limit=x",
        "cursor=garbage",
        "cursor=",
        "state=dead",
        "fase=ringing",
    ] {
        let reply = program.get(&format!("/api/v1/calls?{query}")).await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.body);
        assert!(json_of(&reply)["error"].is_string());
    }
    for query in ["limit=0", "state=ended"] {
        assert_eq!(
            program.get(&format!("/api/v1/conferences?{query}")).await.status,
            400,
            "{query}"
        );
    }
    let path = format!("/api/v1/calls/{}/events?wait=31", session(1));
    assert_eq!(program.get(&path).await.status, 400);
    program.stop().await;
}

#[tokio::test]
async fn a_timeline_tells_causes_phases_commands_and_outcomes() {
    let program = Program::start().await;
    program.post(&initiated(1)).await;
    program.post(&hung_up(1)).await;
    program.settle().await;
    let shown = json_of(&program.get(&format!("/api/v1/calls/{}", session(1))).await);
    let records = shown["records"].as_array().unwrap();
    assert_eq!(records[0]["cause"], "call.initiated");
    assert_eq!(
        (&records[0]["phase"], &records[0]["effects"][0]["command"]),
        (&"ringing".into(), &"answer".into())
    );
    let text = shown.to_string();
    for part in [
        "normal_clearing by caller",
        "\"ended\":\"hung_up\"",
        "\"phase\":\"ended\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("+1555"), "{text}");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_call_hears_of_the_next_record_when_it_comes() {
    let program = Program::start().await;
    program.post(&initiated(1)).await;
    let path =
        |after: u64, wait: u64| format!("/api/v1/calls/{}/events?after={after}&wait={wait}", session(1));
    let news = json_of(&program.get(&path(0, 0)).await);
    assert_eq!(
        (&news["live"], &news["records"][0]["seq"]),
        (&true.into(), &1.into())
    );
    let mut after = news["next"].as_u64().unwrap();
    let follow = async {
        loop {
            let news = json_of(&program.get(&path(after, 30)).await);
            after = news["next"].as_u64().unwrap();
            if news["records"].to_string().contains("call.dtmf.received") {
                return;
            }
        }
    };
    let (followed, ()) = tokio::join!(tokio::time::timeout(PATIENCE, follow), async {
        program
            .until("somebody follows", |program| {
                program.app.house().watchers.watched() == 1
            })
            .await;
        program.post(&key(1, 1)).await;
    });
    followed.unwrap();
    program.post(&hung_up(1)).await;
    let over = json_of(&program.get(&path(after, 30)).await);
    assert!(over["records"].to_string().contains("call.hangup"), "{over}");
    program.settle().await;
    let after = json_of(&program.get(&path(0, 0)).await)["next"].as_u64().unwrap();
    let began = std::time::Instant::now();
    let quiet = json_of(&program.get(&path(after, 30)).await);
    assert_eq!(
        (&quiet["live"], quiet["records"].as_array().unwrap().len()),
        (&false.into(), 0)
    );
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "nobody waits for a call that is over"
    );
    assert_eq!(program.app.house().watchers.watched(), 0);
    assert_eq!(program.get("/api/v1/calls/nobody/events").await.status, 404);
    program.stop().await;
}

fn operations(document: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_some() {
                all.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    all
}

#[tokio::test]
async fn every_described_page_is_there_and_every_page_is_described() {
    let program = Program::start().await;
    let document = json_of(&program.get("/api/v1/openapi.json").await);
    let operations = operations(&document);
    assert!(operations.len() >= 17, "{operations:?}");
    let paths: BTreeSet<&str> = operations.iter().map(|(_, path)| path.as_str()).collect();
    for path in [
        "/api/v1/status",
        "/api/v1/calls",
        "/api/v1/calls/{session}/events",
        "/api/v1/conferences/{name}/say",
        "/api/v1/queues/{name}",
    ] {
        assert!(paths.contains(path), "{path}");
    }
    for (method, path) in &operations {
        let path = path
            .replace("{session}", "nobody")
            .replace("{name}", "nobody")
            .replace("{id}", "nobody");
        let reply = program.operator(method, &path, Some("{}")).await;
        assert_ne!(reply.status, 405, "{method} {path}");
        assert!(
            !reply.body.contains("no such page"),
            "{method} {path}: {}",
            reply.body
        );
        let delete = program.operator("DELETE", &path, None).await;
        assert_eq!(delete.status, 405, "{path}");
        assert!(delete.header("allow").is_some(), "{path}");
    }
    program.stop().await;
}

#[test]
fn the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() {
    let text = cordboard::api::document().to_pretty_json().unwrap();
    let read = oas3::from_json(&text).expect("a valid document");
    assert_eq!(read.validate_version().unwrap().to_string(), "3.1.0");
    let document: Value = serde_json::from_str(&text).unwrap();
    let references: BTreeSet<&str> = text
        .split("\"$ref\": \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut names = BTreeSet::new();
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(id.clone()), "two operations are called {id}");
        let in_path: BTreeSet<&str> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        let described: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(in_path, described, "{method} {path}");
        assert!(
            operation["responses"]
                .as_object()
                .is_some_and(|answers| !answers.is_empty())
        );
    }
}
