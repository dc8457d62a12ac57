//! Both carriers at once, texts through Twilio: signed forms in, REST out, reports to addresses of our own.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard::app::{App, Surroundings};
use cordboard::config::{Config, Secret};
use cordboard_simulator::{Face, Settings, Simulator};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::http_wire::{Reply, ask};
use crate::program::{Directory, PATIENCE};

const OURS: &str = "+15550200000";
const AT_TELNYX: &str = "+15550200001";
const ALICE: &str = "+15550100001";

/// The program with both carriers' keys, and a simulated carrier whose texts go by Twilio.
struct Both {
    app: App,
    simulator: Simulator,
    public_url: String,
    account: String,
    token: String,
    _directory: Directory,
}

impl Both {
    async fn start() -> Self {
        // Twilio signs the address that it was given, so that has to be known before the program starts.
        let door = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = door.local_addr().unwrap();
        drop(door);
        let settings = Settings {
            face: Face::Twilio,
            ..Settings::default()
        };
        let twilio = settings.twilio.clone();
        let simulator = Simulator::start(settings).await.unwrap();
        let directory = Directory::new();
        let toml = format!(
            "[messages]\nper_minute = 6000\n\
             [[number]]\nnumber = \"{OURS}\"\nreplies = \"weather\"\ncarrier = \"twilio\"\n\
             [[number]]\nnumber = \"{AT_TELNYX}\"\nreplies = \"weather\"\n"
        );
        let mut config = Config::from_toml("the test's settings".as_ref(), &toml).unwrap();
        config.server.listen = address;
        config.operator.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.server.shutdown_notice = Duration::ZERO;
        config.telnyx.base_url = simulator.base_url();
        config.telnyx.api_key = Some(Secret::new("program-tests-key"));
        config.telnyx.public_key = Some(simulator.public_key_base64());
        let public_url = format!("http://{address}");
        config.twilio.base_url = format!("http://{}/2010-04-01", simulator.address());
        config.twilio.account_sid = Some(twilio.sid.clone());
        config.twilio.auth_token = Some(Secret::new(&twilio.token));
        config.twilio.public_url = Some(public_url.clone());
        config.journal.directory = directory.path().to_owned();
        let app = App::start(&config, Surroundings::default()).await.unwrap();
        simulator.set_webhook_url(app.twilio_webhook_url()).unwrap();
        Self {
            app,
            simulator,
            public_url,
            account: twilio.sid,
            token: twilio.token,
            _directory: directory,
        }
    }

    /// Posts fields to a path of the carrier door, signed for this address and with these fields.
    async fn post(&self, path: &str, fields: &[(&str, &str)], signed_path: &str) -> Reply {
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        let mut mac = Hmac::<Sha1>::new_from_slice(self.token.as_bytes()).unwrap();
        mac.update(format!("{}{signed_path}", self.public_url).as_bytes());
        for (name, value) in sorted {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Host: evil.example\r\nX-Twilio-Signature: {signature}\r\n\
             Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(self.app.addresses().carrier, request).await.unwrap()
    }

    async fn operator(&self, method: &str, path: &str, body: &str) -> Reply {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(self.app.addresses().operator, request).await.unwrap()
    }

    async fn number(&self, which: usize) -> Value {
        let reply = self.operator("GET", "/api/v1/messages", "").await;
        let all: Value = serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{}", reply.body));
        all["numbers"][which].clone()
    }

    async fn until(&self, which: usize, what: &str, count: u64) {
        let wait = async {
            while self.number(which).await[what] != count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(
            waited.is_ok(),
            "{what} never was {count}: {}",
            self.number(which).await
        );
    }

    async fn text(&self, words: &str) {
        let body = json!({ "from": ALICE, "to": OURS, "text": words }).to_string();
        let request = format!(
            "POST /simulator/messages HTTP/1.1\r\nHost: simulator\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let reply = ask(self.simulator.address(), request).await.unwrap();
        assert!(reply.status < 300, "{}", reply.body);
    }

    async fn stop(self) {
        self.app.stop().await;
        self.simulator.shutdown().await;
    }
}

fn incoming<'a>(account: &'a str, sid: &'a str, words: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("MessageSid", sid),
        ("AccountSid", account),
        ("From", ALICE),
        ("To", OURS),
        ("Body", words),
        ("SmsStatus", "received"),
        ("FromCity", ""),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_is_answered_through_twilio_once_and_its_delivery_is_heard_of() {
    let both = Both::start().await;
    both.text("Hours?").await;
    both.until(0, "delivered", 1).await;
    both.text("stop").await;
    both.until(0, "received", 2).await;
    both.text("hours").await;
    both.until(0, "received", 3).await;
    assert!(both.simulator.quiesce(PATIENCE).await);
    let messages = serde_json::to_value(both.simulator.report().messages).unwrap();
    assert_eq!(
        (&messages["sent"], &messages["duplicates"]),
        (&1.into(), &0.into()),
        "{messages}"
    );
    both.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_sends_through_its_own_carrier() {
    let both = Both::start().await;
    for (from, to) in [(OURS, "+15550100002"), (AT_TELNYX, "+15550100003")] {
        let body = json!({ "from": from, "to": to, "text": "Your table is ready.", "key": to });
        let reply = both.operator("POST", "/api/v1/messages", &body.to_string()).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
    }
    both.until(0, "delivered", 1).await;
    both.until(1, "sent", 1).await;
    both.stop().await;
}

#[tokio::test]
async fn a_repeated_webhook_is_answered_alike_and_has_no_effect() {
    let both = Both::start().await;
    let sid = "SM00000000000000000000000000000007";
    let fields = incoming(&both.account, sid, "anybody?");
    for path in ["/webhooks/twilio", "/webhooks/twilio", "/webhooks/twilio/sms"] {
        let reply = both.post(path, &fields, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some("text/xml"));
        assert!(reply.body.ends_with("<Response/>"), "{}", reply.body);
    }
    assert_eq!(both.number(0).await["received"], 1);
    both.stop().await;
}

#[tokio::test]
async fn what_is_signed_for_another_address_or_other_fields_is_refused_in_one_constant_word() {
    let both = Both::start().await;
    let fields = incoming(&both.account, "SM00000000000000000000000000000008", "hello");
    let path = "/webhooks/twilio/sms";
    for (sent_to, signed_for) in [
        ("/webhooks/twilio/sms?x=1", path),
        (path, "/webhooks/twilio/sms?x=1"),
        (path, "/webhooks/twilio"),
        (path, "/webhooks/twilio/sms/"),
    ] {
        let reply = both.post(sent_to, &fields, signed_for).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (403, "forbidden\n"),
            "{sent_to} {signed_for}"
        );
    }
    for unknown in [
        "/webhooks/twilio/",
        "/webhooks/twilio/other",
        "/webhooks/twilio/t/",
    ] {
        assert_eq!(
            both.post(unknown, &fields, unknown).await.status,
            404,
            "{unknown}"
        );
    }
    let stranger = "AC99999999999999999999999999999999";
    let foreign = incoming(stranger, "SM00000000000000000000000000000009", "hello");
    assert_eq!(both.post(path, &foreign, path).await.status, 200, "ignored");
    assert_eq!(both.number(0).await["received"], 0);
    let metrics = both.operator("GET", "/metrics", "").await.body;
    let refused = metrics
        .lines()
        .find(|line| line.contains("rejected") && line.contains("wrong_signature"));
    assert!(refused.is_some_and(|line| line.ends_with(" 4")), "{refused:?}");
    both.stop().await;
}
