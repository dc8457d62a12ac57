//! The whole program and a simulated carrier in one process, on free ports: the set-up of the `program_…` tests.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cordboard::app::{App, Surroundings};
use cordboard::config::{Config, Secret};
use cordboard_actors::Occupancy;
use cordboard_simulator::{ConferenceScenario, Face, Report, Settings, Signer, Simulator, TwilioAccount};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::http_wire::{Reply, ask};

/// No test waits longer for the program; a loaded machine is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The secret under which the program's own state travels.
pub(crate) const SECRET: &str = "program-tests";

/// Everybody who types a PIN meets whoever types the same.
pub(crate) const PIN_ROUTE: &str = "[[route]]\nflow = \"conference\"\nroom = \"pin\"\n";

/// A running program with its carrier.
pub(crate) struct Program {
    pub(crate) app: App,
    pub(crate) simulator: Simulator,
    directory: Directory,
    /// Its door, where the callers come through the other carrier.
    twilio: Option<SocketAddr>,
}

/// A directory of its own for each journal, gone with its owner.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cordboard-program-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Program {
    pub(crate) async fn start() -> Self {
        Self::with("", Surroundings::default()).await
    }

    /// With these settings on top of the set-up's own.
    pub(crate) async fn with(toml: &str, around: Surroundings) -> Self {
        let simulator = Simulator::start(Settings::default()).await.unwrap();
        let directory = Directory::new();
        let app = Self::launch(&simulator, &directory, toml, around).await;
        Self {
            app,
            simulator,
            directory,
            twilio: None,
        }
    }

    /// The same through the other carrier, whose legs ask what to do.
    pub(crate) async fn through_twilio(toml: &str, around: Surroundings) -> Self {
        // Twilio signs the address that it was given, so that has to be known before the program starts.
        let door = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = door.local_addr().unwrap();
        drop(door);
        let settings = Settings {
            face: Face::Twilio,
            twilio: TwilioAccount::at(&format!("http://{address}/webhooks/twilio")),
            ..Settings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
        let directory = Directory::new();
        let app = Self::launch_for_twilio(address, &simulator, &directory, toml, around).await;
        Self {
            app,
            simulator,
            directory,
            twilio: Some(address),
        }
    }

    async fn launch_for_twilio(
        address: SocketAddr,
        simulator: &Simulator,
        directory: &Directory,
        toml: &str,
        around: Surroundings,
    ) -> App {
        let account = TwilioAccount::default();
        let mut config = Config::from_toml("the test's settings".as_ref(), toml).unwrap();
        config.server.listen = address;
        config.operator.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.server.shutdown_notice = Duration::ZERO;
        config.twilio.base_url = format!("http://{}/2010-04-01", simulator.address());
        config.twilio.account_sid = Some(account.sid);
        config.twilio.auth_token = Some(Secret::new(account.token));
        config.twilio.public_url = Some(format!("http://{address}"));
        config.client_state_secret = Some(Secret::new(SECRET));
        config.journal.directory.clone_from(&directory.0);
        App::start(&config, around).await.unwrap()
    }

    /// Over a carrier that nobody reaches: commands wait, calls stay as they are.
    pub(crate) async fn unreachable_carrier(around: Surroundings) -> Self {
        let simulator = Simulator::start(Settings::default()).await.unwrap();
        let directory = Directory::new();
        let toml = "[calls]\ncommand_timeout = \"10m\"\nhangup_timeout = \"10m\"\nstep_timeout = \"10m\"\n";
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let app = Self::launch_at(&format!("http://{port}/v2"), &simulator, &directory, toml, around).await;
        Self {
            app,
            simulator,
            directory,
            twilio: None,
        }
    }

    /// Stops the program and starts it anew, the carrier and its calls go on meanwhile.
    pub(crate) async fn again(self, toml: &str, around: impl FnOnce() -> Surroundings) -> Self {
        self.app.stop().await;
        let app = match self.twilio {
            Some(address) => {
                Self::launch_for_twilio(address, &self.simulator, &self.directory, toml, around()).await
            }
            None => Self::launch(&self.simulator, &self.directory, toml, around()).await,
        };
        Self { app, ..self }
    }

    async fn launch(simulator: &Simulator, directory: &Directory, toml: &str, around: Surroundings) -> App {
        Self::launch_at(&simulator.base_url(), simulator, directory, toml, around).await
    }

    async fn launch_at(
        carrier: &str,
        simulator: &Simulator,
        directory: &Directory,
        toml: &str,
        around: Surroundings,
    ) -> App {
        let mut config = Config::from_toml("the test's settings".as_ref(), toml).unwrap();
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (config.server.listen, config.operator.listen) = (loopback, loopback);
        config.server.shutdown_notice = Duration::ZERO;
        config.telnyx.base_url = carrier.to_owned();
        config.telnyx.api_key = Some(Secret::new("program-tests-key"));
        config.client_state_secret = Some(Secret::new(SECRET));
        config.telnyx.public_key = Some(simulator.public_key_base64());
        config.telnyx.connection_ids = vec![connection()];
        config.journal.directory.clone_from(&directory.0);
        let app = App::start(&config, around).await.unwrap();
        simulator.set_webhook_url(app.webhook_url()).unwrap();
        app
    }

    /// Runs a scenario and waits until nothing is under way on either side.
    pub(crate) async fn run(&self, scenario: ConferenceScenario) -> Report {
        let run = self.simulator.run_conferences(scenario, CancellationToken::new());
        tokio::time::timeout(PATIENCE, run)
            .await
            .expect("callers that never finish");
        self.settle().await;
        self.simulator.report()
    }

    /// Waits until nothing is under way on either side.
    pub(crate) async fn settle(&self) {
        assert!(
            self.simulator.quiesce(PATIENCE).await,
            "{:?}",
            self.simulator.snapshot()
        );
        assert_eq!(self.app.house().settle(PATIENCE).await, Occupancy::default());
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let wait = async {
            while !so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(
            waited.is_ok(),
            "it never came to be that {what}: {:?}",
            self.simulator.snapshot()
        );
    }

    /// Posts a webhook that the carrier's key has signed just now.
    pub(crate) async fn post(&self, event: &Value) -> Reply {
        self.post_to("/webhooks/telnyx", &signed(event)).await
    }

    pub(crate) async fn post_to(&self, path: &str, signed: &Signed) -> Reply {
        ask(self.app.addresses().carrier, signed.request(path))
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.operator("GET", path, None).await
    }

    /// Asks the operator door.
    pub(crate) async fn operator(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        let body = body.unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(self.app.addresses().operator, request).await.unwrap()
    }

    /// Has simulated callers ring, by the control page of the simulator.
    pub(crate) async fn ring(&self, callers: &Value) {
        let body = callers.to_string();
        let request = format!(
            "POST /simulator/callers HTTP/1.1\r\nHost: simulator\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let reply = ask(self.simulator.address(), request).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.body);
    }

    /// Live legs at the carrier, as it lists them.
    pub(crate) async fn live_legs(&self) -> Vec<Value> {
        let request = format!(
            "GET /v2/connections/{}/active_calls HTTP/1.1\r\nHost: simulator\r\nAuthorization: Bearer any\r\n\r\n",
            connection()
        );
        let reply = ask(self.simulator.address(), request).await.unwrap();
        let page: Value = serde_json::from_str(&reply.body).unwrap();
        page["data"].as_array().unwrap().clone()
    }

    /// Commands that the carrier has received.
    pub(crate) fn commands(&self) -> u64 {
        self.simulator.snapshot().commands
    }

    pub(crate) async fn stop(self) {
        self.app.stop().await;
        self.simulator.shutdown().await;
    }
}

pub(crate) fn connection() -> String {
    Settings::default().connection_id
}

/// A body with the headers that make it authentic.
#[derive(Clone)]
pub(crate) struct Signed {
    body: String,
    headers: String,
}

impl Signed {
    pub(crate) fn request(&self, path: &str) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}",
            self.headers,
            self.body.len(),
            self.body
        )
    }
}

pub(crate) fn signed(event: &Value) -> Signed {
    let body = event.to_string();
    let now = jiff::Timestamp::now().as_second();
    let signature = Signer::new(&Settings::default().signing_seed).sign(now, body.as_bytes());
    let headers = format!("telnyx-signature-ed25519: {signature}\r\ntelnyx-timestamp: {now}\r\n");
    Signed { body, headers }
}

/// A webhook about caller `n`, whose id is made of `id`.
pub(crate) fn event(kind: &str, id: &str, n: usize, more: &Value) -> Value {
    let mut payload = json!({
        "connection_id": connection(),
        "call_control_id": format!("v3:raw-{n}"),
        "call_leg_id": format!("leg-{n}"),
        "call_session_id": session(n),
        "from": "+15550200001",
        "to": "+15550100001",
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        payload[field] = value.clone();
    }
    json!({ "data": {
        "record_type": "event",
        "event_type": kind,
        "id": id,
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "payload": payload,
    }})
}

pub(crate) fn session(n: usize) -> String {
    format!("0f0f0f0f-0000-4000-8000-{n:012}")
}

pub(crate) fn initiated(n: usize) -> Value {
    let more = json!({ "direction": "incoming", "state": "parked" });
    event("call.initiated", &format!("initiated-{n}"), n, &more)
}

pub(crate) fn hung_up(n: usize) -> Value {
    let more = json!({ "hangup_cause": "normal_clearing", "hangup_source": "caller", "state": "hangup" });
    event("call.hangup", &format!("hangup-{n}"), n, &more)
}

pub(crate) fn key(n: usize, count: usize) -> Value {
    event(
        "call.dtmf.received",
        &format!("key-{n}-{count}"),
        n,
        &json!({ "digit": "1" }),
    )
}
