//! A toy orchestrator: answers, creates or joins a conference named after the called number, and checks
//! every signature. It has no memory, but derives its command ids and repeats what failed, so it
//! survives a bad day as far as a program without a reconciler can.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard_simulator::Simulator;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::Api;

/// Attempts per command.
const ATTEMPTS: u32 = 6;
/// Pause after the first failed attempt; grows with each further one.
const PAUSE: Duration = Duration::from_millis(50);

/// What the toy shares between requests.
pub(crate) struct Toy {
    api: Api,
    key: VerifyingKey,
    pub(crate) forged: AtomicUsize,
    seen: mpsc::UnboundedSender<Value>,
    /// Collect the PIN before the conference.
    pins: bool,
}

/// Starts the toy and points the simulator at it. Every event also comes through the channel.
pub(crate) async fn start(simulator: &Simulator, pins: bool) -> (Arc<Toy>, mpsc::UnboundedReceiver<Value>) {
    let (seen, events) = mpsc::unbounded_channel();
    let key: [u8; 32] = STANDARD
        .decode(simulator.public_key_base64())
        .unwrap()
        .try_into()
        .unwrap();
    let toy = Arc::new(Toy {
        api: Api::new(simulator.base_url()),
        key: VerifyingKey::from_bytes(&key).unwrap(),
        forged: AtomicUsize::new(0),
        seen,
        pins,
    });
    let app = Router::new()
        .route("/webhooks", post(webhook))
        .with_state(Arc::clone(&toy));
    let address = serve(app).await;
    simulator
        .set_webhook_url(format!("http://{address}/webhooks"))
        .unwrap();
    (toy, events)
}

/// Serves an app on a free port until the test ends.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn webhook(State(toy): State<Arc<Toy>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if !toy.signed(&headers, &body) {
        toy.forged.fetch_add(1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED;
    }
    let event: Value = serde_json::from_slice(&body).unwrap();
    let _ = toy.seen.send(event.clone());
    tokio::spawn(async move { toy.act(&event["data"]).await });
    StatusCode::OK
}

impl Toy {
    fn signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let signature = STANDARD.decode(text("telnyx-signature-ed25519")).unwrap();
        let mut message = format!("{}|", text("telnyx-timestamp")).into_bytes();
        message.extend_from_slice(body);
        text("user-agent") == "telnyx-webhooks"
            && self
                .key
                .verify_strict(&message, &Signature::from_slice(&signature).unwrap())
                .is_ok()
    }

    async fn act(&self, data: &Value) {
        let payload = &data["payload"];
        let leg = payload["call_control_id"].as_str().unwrap_or_default();
        match data["event_type"].as_str().unwrap() {
            "call.initiated" if payload["direction"] == "incoming" => {
                self.command(&format!("/calls/{leg}/actions/answer"), leg, json!({}))
                    .await;
            }
            "call.answered" if self.pins => {
                let gather = json!({ "payload": "Your PIN, please", "voice": "female", "maximum_digits": 6 });
                self.command(&format!("/calls/{leg}/actions/gather_using_speak"), leg, gather)
                    .await;
            }
            "call.answered" => self.enter(leg, payload["to"].as_str().unwrap()).await,
            "call.gather.ended" if payload["status"] == "valid" => {
                self.enter(leg, payload["digits"].as_str().unwrap()).await;
            }
            _ => {}
        }
    }

    async fn enter(&self, leg: &str, name: &str) {
        let create = json!({ "call_control_id": leg, "name": name });
        let (status, body) = self.command("/conferences", leg, create).await;
        if status == 422 && body["errors"][0]["code"] == "90033" {
            let path = format!("/conferences/{}/actions/join", name.replace('+', "%2B"));
            self.command(&path, leg, json!({ "call_control_id": leg })).await;
        }
    }

    /// Sends a command until it is answered, with one id for all attempts.
    async fn command(&self, path: &str, leg: &str, mut body: Value) -> (u16, Value) {
        body["command_id"] = json!(format!("{path}/{leg}"));
        let mut last = (0, Value::Null);
        for attempt in 1..=ATTEMPTS {
            match self.api.send("POST", path, body.clone()).await {
                Some(answer) if answer.0 < 429 => return answer,
                Some(answer) => last = answer,
                None => {}
            }
            tokio::time::sleep(PAUSE * attempt).await;
        }
        last
    }
}
