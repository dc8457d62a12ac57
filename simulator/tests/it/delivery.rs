//! Deliveries as a program receives them: retries, refusals, failover, overrides, chaos.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use cordboard_simulator::{ConferenceScenario, Profile, Settings, Simulator};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::client::Api;
use crate::toy;

/// A receiver that answers with the given statuses in turn (the last one for ever) and tells what came.
struct Receiver {
    statuses: Vec<u16>,
    count: AtomicUsize,
    told: mpsc::UnboundedSender<Value>,
}

async fn receiver(statuses: &[u16]) -> (String, mpsc::UnboundedReceiver<Value>) {
    let (told, seen) = mpsc::unbounded_channel();
    let receiver = Arc::new(Receiver {
        statuses: statuses.to_vec(),
        count: AtomicUsize::new(0),
        told,
    });
    let app = Router::new().route("/", post(receive)).with_state(receiver);
    (format!("http://{}/", toy::serve(app).await), seen)
}

async fn receive(State(receiver): State<Arc<Receiver>>, body: Bytes) -> StatusCode {
    let _ = receiver.told.send(serde_json::from_slice(&body).unwrap());
    let at = receiver
        .count
        .fetch_add(1, Ordering::SeqCst)
        .min(receiver.statuses.len() - 1);
    StatusCode::from_u16(receiver.statuses[at]).unwrap()
}

fn one_silent_caller(wait: Duration) -> (Settings, ConferenceScenario) {
    let settings = Settings {
        patience: Some(wait),
        ..Settings::default()
    };
    let scenario = ConferenceScenario {
        conferences: 1,
        callers_per_conference: 1,
        arrival_spread: Duration::ZERO,
        ..ConferenceScenario::default()
    };
    (settings, scenario)
}

#[tokio::test]
async fn a_failed_delivery_comes_again_with_the_same_id_and_the_next_attempt_number() {
    let (url, mut seen) = receiver(&[503, 429, 200]).await;
    let (settings, scenario) = one_silent_caller(Duration::from_secs(3));
    let simulator = Simulator::start(Settings {
        webhook_url: Some(url.clone()),
        ..settings
    })
    .await
    .unwrap();
    let cancel = CancellationToken::new();
    let (attempts, ()) = tokio::join!(
        async {
            let mut attempts = Vec::new();
            for _ in 0..3 {
                attempts.push(seen.recv().await.unwrap());
            }
            cancel.cancel();
            attempts
        },
        simulator.run_conferences(scenario, cancel.clone())
    );
    let ids: HashSet<_> = attempts
        .iter()
        .map(|event| event["data"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    let numbers: Vec<_> = attempts
        .iter()
        .map(|event| event["meta"]["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(attempts[0]["meta"]["delivered_to"], url);
    assert!(simulator.quiesce(Duration::from_secs(5)).await);
    assert_eq!(simulator.report().webhooks.retried, 2);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_refused_delivery_is_not_repeated() {
    let (url, _seen) = receiver(&[400]).await;
    let (settings, scenario) = one_silent_caller(Duration::from_millis(200));
    let simulator = Simulator::start(Settings {
        webhook_url: Some(url),
        ..settings
    })
    .await
    .unwrap();
    simulator
        .run_conferences(scenario, CancellationToken::new())
        .await;
    assert!(simulator.quiesce(Duration::from_secs(5)).await);
    let webhooks = simulator.report().webhooks;
    // initiated and hangup
    assert_eq!(
        (webhooks.sent, webhooks.rejected, webhooks.retried, webhooks.acked),
        (2, 2, 0, 0)
    );
    simulator.shutdown().await;
}

#[tokio::test]
async fn the_failover_address_gets_what_the_first_one_fails_twice() {
    let (first, mut failing) = receiver(&[500]).await;
    let (second, mut seen) = receiver(&[200]).await;
    let (settings, scenario) = one_silent_caller(Duration::from_millis(100));
    let settings = Settings {
        webhook_url: Some(first),
        failover_url: Some(second),
        ..settings
    };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator
        .run_conferences(scenario, CancellationToken::new())
        .await;
    let event = seen.recv().await.unwrap();
    assert_eq!(event["meta"]["attempt"], 3);
    assert_eq!(failing.recv().await.unwrap()["meta"]["attempt"], 1);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_command_may_send_the_legs_webhooks_elsewhere() {
    let (usual, mut seen) = receiver(&[200]).await;
    let (own, mut elsewhere) = receiver(&[200]).await;
    let simulator = Simulator::start(Settings {
        webhook_url: Some(usual),
        ..Settings::default()
    })
    .await
    .unwrap();
    let api = Api::new(simulator.base_url());
    let control = Api::new(format!("http://{}/simulator", simulator.address()));
    control
        .post(
            "/callers",
            json!({ "to": "+15550100000", "goal": "answered", "talk_ms": 10 }),
        )
        .await;
    let initiated = seen.recv().await.unwrap();
    let leg = initiated["data"]["payload"]["call_control_id"].as_str().unwrap();
    let body = json!({ "webhook_urls": { "call.hangup": own } });
    api.post(&format!("/calls/{leg}/actions/answer"), body).await;
    assert_eq!(
        elsewhere.recv().await.unwrap()["data"]["event_type"],
        "call.hangup"
    );
    assert_eq!(seen.recv().await.unwrap()["data"]["event_type"], "call.answered");
    simulator.shutdown().await;
}

#[tokio::test]
async fn bad_webhook_addresses_are_refused_with_the_reason() {
    for url in ["https://example.com/x", "example.com", "http://"] {
        let settings = Settings {
            webhook_url: Some(url.to_owned()),
            ..Settings::default()
        };
        let error = Simulator::start(settings).await.unwrap_err().to_string();
        assert!(error.contains("http://"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_one_seed_are_the_same_in_every_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let settings = Settings {
            profile: Profile::BadDay,
            seed: 42,
            patience: Some(Duration::from_millis(50)),
            ..Settings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
        let scenario = ConferenceScenario {
            conferences: 100,
            callers_per_conference: 1,
            arrival_spread: Duration::from_millis(100),
            ..ConferenceScenario::default()
        };
        simulator
            .run_conferences(scenario, CancellationToken::new())
            .await;
        runs.push(simulator.report().faults);
        simulator.shutdown().await;
    }
    assert!(!runs[0].is_empty());
    assert_eq!(runs[0], runs[1], "seed 42");
}
