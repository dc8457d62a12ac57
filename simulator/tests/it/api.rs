//! The API as a client sees it: status codes, error bodies, lists, withheld answers, control paths.

use std::time::Duration;

use cordboard_simulator::{Profile, Settings, Simulator};
use serde_json::{Value, json};

use crate::client::Api;

async fn calm() -> (Simulator, Api) {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let api = Api::new(simulator.base_url());
    (simulator, api)
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (
        answer.0,
        answer.1["errors"][0]["code"].as_str().unwrap_or_default(),
    )
}

/// Lets callers ring through the control path and gives the live calls.
async fn ring(simulator: &Simulator, api: &Api, count: usize) -> Vec<Value> {
    let control = Api::new(format!("http://{}/simulator", simulator.address()));
    let wanted = json!({ "to": "+15550100000", "count": count, "patience_ms": 60_000 });
    let (status, body) = control.post("/callers", wanted).await;
    assert_eq!((status, &body["started"]), (202, &json!(count)));
    while simulator.snapshot().ringing < count as u64 {
        tokio::task::yield_now().await;
    }
    let path = format!(
        "/connections/{}/active_calls?page[limit]=250",
        Settings::default().connection_id
    );
    let (_, calls) = api.get(&path.replace('[', "%5B").replace(']', "%5D")).await;
    calls["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_wrong_or_missing_token_is_refused() {
    let settings = Settings {
        api_key: Some("RIGHT".to_owned()),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let api = Api::new(simulator.base_url());
    assert_eq!(code(&api.get("/conferences").await), (401, "10009"));
    simulator.shutdown().await;
}

#[tokio::test]
async fn unknown_paths_bad_json_and_bad_pages_get_the_error_shape() {
    let (simulator, api) = calm().await;
    assert_eq!(code(&api.get("/nothing/here").await), (404, "10005"));
    assert_eq!(code(&api.post("/calls", json!([])).await), (400, "10015"));
    let answer = api.get("/conferences?page%5Bsize%5D=900").await;
    assert_eq!(code(&answer), (422, "10015"));
    assert_eq!(answer.1["errors"][0]["source"]["parameter"], "page[size]");
    let answer = api
        .post("/calls", json!({ "to": "+15550300000", "from": "+15550100000" }))
        .await;
    assert_eq!(code(&answer), (422, "10004"));
    assert_eq!(answer.1["errors"][0]["source"]["pointer"], "/connection_id");
    simulator.shutdown().await;
}

#[tokio::test]
async fn an_empty_body_answers_a_call_and_get_call_tells_of_it() {
    let (simulator, api) = calm().await;
    let calls = ring(&simulator, &api, 1).await;
    let id = calls[0]["call_control_id"].as_str().unwrap();
    let encoded = id.replace(':', "%3A");
    let (status, body) = api
        .post(&format!("/calls/{encoded}/actions/answer"), Value::Null)
        .await;
    assert_eq!((status, &body["data"]["result"]), (200, &json!("ok")));
    let (_, call) = api.get(&format!("/calls/{id}")).await;
    assert_eq!(
        (&call["data"]["is_alive"], &call["data"]["record_type"]),
        (&json!(true), &json!("call"))
    );
    api.post(&format!("/calls/{id}/actions/hangup"), json!({})).await;
    let (_, call) = api.get(&format!("/calls/{id}")).await;
    assert_eq!(call["data"]["is_alive"], false);
    assert!(call["data"]["end_time"].is_string());
    simulator.shutdown().await;
}

#[tokio::test]
async fn active_calls_are_paged_by_cursor() {
    let (simulator, api) = calm().await;
    ring(&simulator, &api, 5).await;
    let connection = Settings::default().connection_id;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/connections/{connection}/active_calls?page%5Blimit%5D=2{after}");
        let (_, page) = api.get(&path).await;
        assert_eq!(page["meta"]["total_items"], 5);
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|call| call["call_control_id"].to_string()),
        );
        match page["meta"]["cursors"]["after"].as_str() {
            Some(cursor) => after = format!("&page%5Bafter%5D={cursor}"),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    assert_eq!(
        code(&api.get("/connections/1/active_calls").await),
        (422, "10015")
    );
    simulator.shutdown().await;
}

#[tokio::test]
async fn conferences_are_listed_by_name_and_participants_are_shown() {
    let (simulator, api) = calm().await;
    let calls = ring(&simulator, &api, 1).await;
    let id = calls[0]["call_control_id"].as_str().unwrap();
    api.post(&format!("/calls/{id}/actions/answer"), json!({})).await;
    let (_, created) = api
        .post("/conferences", json!({ "call_control_id": id, "name": "demo" }))
        .await;
    let conference = created["data"]["id"].as_str().unwrap();
    let listed = |query: &str| format!("/conferences?filter%5Bname%5D=demo&{query}");
    let (_, list) = api.get(&listed("filter%5Bstatus%5D=in_progress")).await;
    assert_eq!(
        (&list["meta"]["total_results"], &list["data"][0]["id"]),
        (&json!(1), &json!(conference))
    );
    let (_, list) = api.get(&listed("filter%5Bstatus%5D=completed")).await;
    assert_eq!(list["meta"]["total_results"], 0);
    let (_, list) = api
        .get("/conferences/demo/participants?filter%5Bmuted%5D=false")
        .await;
    let participant = list["data"][0]["id"].as_str().unwrap();
    assert_eq!(list["data"][0]["call_control_id"], id);
    let path = format!("/conferences/{conference}/participants/{participant}");
    let (_, patched) = api
        .send("PATCH", &path, json!({ "end_conference_on_exit": true }))
        .await
        .unwrap();
    assert_eq!(patched["data"]["end_conference_on_exit"], true);
    api.post(&format!("/conferences/{conference}/actions/end"), json!({}))
        .await;
    let (_, ended) = api.get(&format!("/conferences/{conference}")).await;
    assert_eq!(
        (&ended["data"]["status"], &ended["data"]["end_reason"]),
        (&json!("completed"), &json!("ended_via_api"))
    );
    assert_eq!(code(&api.get("/conferences/none").await), (404, "90058"));
    simulator.shutdown().await;
}

#[tokio::test]
async fn in_hell_requests_meet_every_fault_and_every_one_is_counted() {
    let settings = Settings {
        profile: Profile::Hell,
        withheld: Duration::from_millis(1),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let api = Api::new(simulator.base_url());
    let (mut refused, mut withheld) = (0_u64, 0_u64);
    for _ in 0..300 {
        match api.send("GET", "/conferences", Value::Null).await {
            None => withheld += 1,
            Some((429 | 500 | 503, _)) => refused += 1,
            Some((status, _)) => assert_eq!(status, 200),
        }
    }
    let faults = simulator.report().faults;
    let count = |names: &[&str]| names.iter().filter_map(|name| faults.get(*name)).sum::<u64>();
    assert!(refused > 30 && withheld > 30, "{faults:?}");
    assert_eq!(refused, count(&["http_429", "http_5xx", "http_5xx_effect"]));
    // A client that meets a closed connection may have tried again on its own, never the other way round.
    assert!(count(&["http_timeout", "http_timeout_effect"]) >= withheld);
    simulator.shutdown().await;
}

#[tokio::test]
async fn the_control_paths_report_and_refuse() {
    let (simulator, _) = calm().await;
    let control = Api::new(format!("http://{}/simulator", simulator.address()));
    assert_eq!(control.get("/health").await.1["status"], "ok");
    let (_, report) = control.get("/report").await;
    assert_eq!(report["calls"]["started"], 0);
    assert_eq!(report["left_behind"]["actors"], Value::Null);
    assert_eq!(control.post("/callers", json!({ "too": "+1" })).await.0, 400);
    assert_eq!(
        control
            .post("/callers", json!({ "to": "+1", "count": 0 }))
            .await
            .0,
        400
    );
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_load_rings_through_the_control_path_and_acknowledged_events_are_listed() {
    let (simulator, api) = calm().await;
    let control = Api::new(format!("http://{}/simulator", simulator.address()));
    let wanted = json!({ "calls": 4, "rate_per_s": 1_000.0, "callers_per_conference": 2 });
    assert_eq!(control.post("/load", wanted).await.0, 202);
    while simulator.snapshot().ringing < 4 {
        tokio::task::yield_now().await;
    }
    for wrong in [
        json!({ "calls": 0, "rate_per_s": 1.0 }),
        json!({ "calls": 1, "rate_per_s": 0.0 }),
    ] {
        assert_eq!(code(&control.post("/load", wrong).await).0, 400);
    }
    assert_eq!(control.get("/acked").await, (200, json!([])), "nobody listens");
    assert_eq!(api.get("/conferences").await.0, 200);
    simulator.shutdown().await;
}
