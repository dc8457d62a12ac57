//! A toy program that serves every scenario with TwiML, and the REST API as a client sees it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Uri};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard_simulator::{
    Face, LoadScenario, Pace, Profile, Report, Scenario, Settings, Simulator, TwilioAccount, contract,
};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::toy::serve;

const SEED: u64 = 9;

/// REST with the account's own name and password.
#[derive(Clone)]
struct Rest {
    client: Client<HttpConnector, Full<Bytes>>,
    root: String,
}

impl Rest {
    fn new(simulator: &Simulator) -> Self {
        let account = TwilioAccount::default();
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            root: format!(
                "http://{}/2010-04-01/Accounts/{}",
                simulator.address(),
                account.sid
            ),
        }
    }

    async fn send(&self, method: &str, url: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let account = TwilioAccount::default();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(
                "authorization",
                format!(
                    "Basic {}",
                    STANDARD.encode(format!("{}:{}", account.sid, account.token))
                ),
            )
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        self.send("POST", &format!("{}/{path}.json", self.root), fields)
            .await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", &format!("{}/{path}", self.root), &[]).await
    }
}

struct Program {
    rest: Rest,
    memory: Mutex<Memory>,
    /// Where it serves.
    host: OnceLock<String>,
}

#[derive(Default)]
struct Memory {
    waiting: BTreeSet<String>,
    busy: BTreeSet<String>,
    stopped: BTreeSet<String>,
    /// Sequence numbers of status callbacks, by call.
    sequences: HashMap<String, Vec<u32>>,
}

async fn start(simulator: &Simulator) -> Arc<Program> {
    let program = Arc::new(Program {
        rest: Rest::new(simulator),
        memory: Mutex::default(),
        host: OnceLock::new(),
    });
    let app = Router::new()
        .route("/{*path}", post(webhook))
        .with_state(Arc::clone(&program));
    let address = serve(app).await;
    program.host.set(format!("http://{address}")).unwrap();
    simulator
        .set_webhook_url(format!("http://{address}/voice"))
        .unwrap();
    program
}

type Fields = BTreeMap<String, String>;

async fn webhook(
    State(program): State<Arc<Program>>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> String {
    assert!(headers.contains_key("x-twilio-signature") && headers.contains_key("i-twilio-idempotency-token"));
    let mut fields: Fields = url::form_urlencoded::parse(&body).into_owned().collect();
    let more = query.unwrap_or_default();
    fields.extend(url::form_urlencoded::parse(more.as_bytes()).into_owned());
    let document = program.answer(uri.path(), &fields).await;
    format!("<?xml version=\"1.0\"?><Response>{document}</Response>")
}

impl Program {
    async fn answer(self: &Arc<Self>, path: &str, fields: &Fields) -> String {
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let digits = field("Digits");
        match path {
            "/voice" if fields.contains_key("MessageSid") => self.texted(&field("From"), &field("Body")),
            "/voice" => self.rung(&field("To"), &field("From"), &field("CallSid")).await,
            "/menu" => match digits.as_str() {
                "1" | "2" | "3" => {
                    let to = contract::IVR.addresses[digits.parse::<usize>().unwrap() - 1].1;
                    format!("<Dial timeout=\"5\" action=\"/dialled\"><Sip>{to}</Sip></Dial>")
                }
                _ => "<Redirect>/voice</Redirect>".to_owned(),
            },
            "/dialled" if field("DialCallStatus") == "completed" => "<Hangup/>".to_owned(),
            "/dialled" => "<Say>Nobody is there. Goodbye.</Say>".to_owned(),
            "/number" if digits.len() == 10 && !digits.starts_with('0') => format!(
                "<Gather numDigits=\"1\" timeout=\"3\" action=\"/confirm?n={digits}\"><Say>You typed {digits}. \
                 Press 1 if that is right.</Say></Gather>"
            ),
            "/number" => "<Redirect>/voice</Redirect>".to_owned(),
            "/confirm" if digits == "1" => {
                format!("<Message to=\"+1{}\">We shall call you.</Message><Say>Thank you.</Say>", field("n"))
            }
            "/confirm" => "<Redirect>/voice</Redirect>".to_owned(),
            "/whisper" => "<Gather numDigits=\"1\" timeout=\"2\" action=\"/accepted\"><Say>Press 1.</Say></Gather><Hangup/>".to_owned(),
            "/accepted" if digits == "1" => String::new(),
            "/nobody" => {
                let from = field("from").replace('+', "%2B");
                format!(
                    "<Say>Leave a message.</Say><Record timeout=\"1\" maxLength=\"10\" action=\"/recorded\" \
                     recordingStatusCallback=\"{}/saved?from={from}\"/>",
                    self.host()
                )
            }
            "/progress" => self.agent_moved(&field("CallSid"), &field("To"), &field("CallStatus"), &field("SequenceNumber")).await,
            "/saved" => {
                let text = format!("A message from {}", field("from"));
                let fields = [("To", contract::OWNER), ("From", contract::VOICEMAIL.number), ("Body", &text)];
                assert_eq!(self.rest.post("Messages", &fields).await.0, 201);
                String::new()
            }
            "/left" => {
                self.memory.lock().unwrap().waiting.remove(&field("CallSid"));
                "<Say>Goodbye.</Say>".to_owned()
            }
            _ => "<Hangup/>".to_owned(),
        }
    }

    async fn rung(self: &Arc<Self>, to: &str, from: &str, sid: &str) -> String {
        if to == contract::IVR.number {
            "<Gather numDigits=\"1\" timeout=\"2\" action=\"/menu\"><Say>Sales 1, support 2, porting 3.</Say></Gather><Say>Goodbye.</Say>".to_owned()
        } else if to == contract::CALLBACK.number {
            "<Gather numDigits=\"10\" timeout=\"3\" action=\"/number\"><Say>Your number?</Say></Gather><Say>Goodbye.</Say>".to_owned()
        } else if to == contract::RING_GROUP.number {
            let agents = contract::RING_GROUP
                .addresses
                .iter()
                .map(|(_, to)| format!("<Number url=\"/whisper\">{to}</Number>"));
            format!("<Dial timeout=\"10\">{}</Dial>", agents.collect::<String>())
        } else if to == contract::VOICEMAIL.number {
            let from = from.replace('+', "%2B");
            format!(
                "<Dial timeout=\"5\" action=\"/nobody?from={from}\"><Number>{}</Number></Dial>",
                contract::OWNER
            )
        } else if to == contract::QUEUE.number {
            self.memory.lock().unwrap().waiting.insert(sid.to_owned());
            self.send_agents().await;
            "<Enqueue action=\"/left\">support</Enqueue>".to_owned()
        } else {
            format!("<Dial><Conference>{to}</Conference></Dial>")
        }
    }

    async fn send_agents(&self) {
        loop {
            let agent = {
                let mut memory = self.memory.lock().unwrap();
                if memory.busy.len() >= memory.waiting.len() {
                    return;
                }
                let free = (1..=contract::QUEUE_AGENT_COUNT)
                    .map(contract::queue_agent)
                    .find(|agent| !memory.busy.contains(agent));
                let Some(agent) = free else { return };
                memory.busy.insert(agent.clone());
                agent
            };
            let host = self.host();
            let fields = [
                ("To", agent.as_str()),
                ("From", "+15550400000"),
                (
                    "Twiml",
                    "<Response><Dial timeout=\"3\"><Queue>support</Queue></Dial></Response>",
                ),
                ("StatusCallback", &format!("{host}/progress")),
                ("StatusCallbackEvent", "initiated ringing answered completed"),
            ];
            assert_eq!(self.rest.post("Calls", &fields).await.0, 201);
        }
    }

    fn host(&self) -> &str {
        self.host.get().unwrap()
    }

    async fn agent_moved(&self, sid: &str, agent: &str, status: &str, sequence: &str) -> String {
        {
            let mut memory = self.memory.lock().unwrap();
            memory
                .sequences
                .entry(sid.to_owned())
                .or_default()
                .push(sequence.parse().unwrap());
            if !matches!(status, "completed" | "busy" | "failed" | "no-answer" | "canceled") {
                return String::new();
            }
            memory.busy.remove(agent);
        }
        // Who hung up while waiting never came back for the action.
        let waiting = self.memory.lock().unwrap().waiting.clone();
        for sid in waiting {
            let (_, call) = self.rest.get(&format!("Calls/{sid}.json")).await;
            if call["status"] == "completed" {
                self.memory.lock().unwrap().waiting.remove(&sid);
            }
        }
        self.send_agents().await;
        String::new()
    }

    fn texted(&self, from: &str, body: &str) -> String {
        let mut memory = self.memory.lock().unwrap();
        if body == "STOP" {
            memory.stopped.insert(from.to_owned());
        }
        if memory.stopped.contains(from) {
            return String::new();
        }
        "<Message>We are open.</Message>".to_owned()
    }
}

async fn run(scenario: Scenario, calls: usize, profile: Profile) -> Report {
    let settings = Settings {
        seed: SEED,
        face: Face::Twilio,
        pace: Pace::at(60),
        patience: Some(Duration::from_secs(30)),
        profile,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let program = start(&simulator).await;
    let load = LoadScenario {
        scenario,
        calls,
        rate_per_s: 50.0,
        hold: Duration::from_millis(300),
        ..LoadScenario::default()
    };
    simulator.run_load(load, CancellationToken::new()).await;
    let quiet = simulator.quiesce(Duration::from_secs(20)).await;
    assert!(quiet, "{scenario} (seed {SEED}): {:?}", simulator.snapshot());
    for (call, seen) in &program.memory.lock().unwrap().sequences {
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        let wanted: Vec<u32> = (0..seen.len() as u32).collect();
        assert_eq!(sorted, wanted, "{call} has gaps in its callbacks");
    }
    let report = simulator.report();
    simulator.shutdown().await;
    report
}

/// Everybody gets what the script says.
async fn serves(scenario: Scenario) {
    let report = run(scenario, 60, Profile::Calm).await;
    assert_eq!(
        (report.calls.started, report.calls.completed),
        (60, 60),
        "{scenario} (seed {SEED}): {report:#?}"
    );
    assert_eq!(
        (report.messages.duplicates, report.conferences.duplicates),
        (0, 0)
    );
    assert_eq!(report.webhooks.sent, report.webhooks.acked);
    assert_eq!(
        (report.left_behind.legs, report.left_behind.conferences),
        (Some(0), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_callers_meet_in_conferences() {
    serves(Scenario::Conference).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twilio_caller_whom_nobody_joins_is_in_the_right_room() {
    let report = run(Scenario::Conference, 1, Profile::Calm).await;
    assert_eq!(
        (report.calls.started, report.calls.completed),
        (1, 1),
        "{report:#?}"
    );
    assert_eq!(report.left_behind.conferences, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_callers_of_a_menu_are_looked_after() {
    serves(Scenario::Ivr).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_callers_who_leave_their_number_get_one_text() {
    serves(Scenario::Callback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_texts_are_replied_to_and_stop_is_kept() {
    serves(Scenario::Sms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_ring_groups_give_the_caller_to_who_accepts() {
    serves(Scenario::RingGroup).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_messages_are_recorded_and_told_to_the_owner() {
    serves(Scenario::Voicemail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_queues_give_every_caller_an_agent() {
    serves(Scenario::Queue).await;
}

#[tokio::test]
async fn rest_refuses_in_the_carriers_words() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let rest = Rest::new(&simulator);
    let code = |answer: &(u16, Value)| (answer.0, answer.1["code"].as_u64().unwrap_or_default());
    assert_eq!(code(&rest.get("Calls/CA0.json").await), (404, 20_404));
    assert_eq!(
        code(&rest.post("Calls", &[("From", "+15550400000")]).await),
        (400, 21_201)
    );
    assert_eq!(
        code(
            &rest
                .post("Messages", &[("To", "+15550200001"), ("From", "+15550400000")])
                .await
        ),
        (400, 21_602)
    );
    let stranger = rest
        .client
        .get(format!("{}/Calls.json", rest.root).parse().unwrap())
        .await
        .unwrap();
    assert_eq!(stranger.status(), 401);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_hundred_and_twenty_messages_are_listed_over_pages() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let rest = Rest::new(&simulator);
    for number in 0..120 {
        let to = format!("+1555020{number:04}");
        let (status, sent) = rest
            .post(
                "Messages",
                &[("To", &to), ("From", "+15550400000"), ("Body", "hello")],
            )
            .await;
        assert_eq!((status, &sent["status"]), (201, &Value::from("queued")));
    }
    let (mut seen, mut next) = (
        BTreeSet::new(),
        Some(format!(
            "/2010-04-01/Accounts/{}/Messages.json",
            TwilioAccount::default().sid
        )),
    );
    while let Some(path) = next {
        let (status, page) = rest
            .send("GET", &format!("http://{}{path}", simulator.address()), &[])
            .await;
        assert_eq!(status, 200);
        seen.extend(
            page["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|text| text["sid"].to_string()),
        );
        next = page["next_page_uri"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), 120);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_live_call_is_led_out_of_its_conference_by_another_document() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let rest = Rest::new(&simulator);
    let (_, call) = rest
        .post(
            "Calls",
            &[
                ("To", "+15550300001"),
                ("From", "+15550400000"),
                (
                    "Twiml",
                    "<Response><Dial><Conference>room</Conference></Dial></Response>",
                ),
            ],
        )
        .await;
    let path = format!("Calls/{}", call["sid"].as_str().unwrap());
    loop {
        let (_, room) = rest.get("Conferences/room/Participants.json").await;
        if room["participants"]
            .as_array()
            .is_some_and(|list| list.len() == 1)
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    let (status, _) = rest
        .post(&path, &[("Twiml", "<Response><Say>Goodbye</Say></Response>")])
        .await;
    assert_eq!(status, 200);
    assert!(
        simulator.quiesce(Duration::from_secs(10)).await,
        "{:?}",
        simulator.snapshot()
    );
    let (_, room) = rest.get("Conferences/room.json").await;
    assert_eq!(
        (&room["status"], &room["reason_conference_ended"]),
        (&Value::from("completed"), &Value::from("last-participant-left"))
    );
    let (status, refused) = rest.post(&path, &[("Status", "completed")]).await;
    assert_eq!((status, &refused["code"]), (400, &Value::from(21_220)));
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_bad_day_a_program_that_only_answers_loses_nobody() {
    // Nothing in a menu depends on REST or callbacks, so nothing that the carrier does to those may cost a caller.
    let report = run(Scenario::Ivr, 60, Profile::BadDay).await;
    assert_eq!(report.calls.completed, 60, "(seed {SEED}) {report:#?}");
    assert!(report.faults.contains_key("webhook_drop"), "{:?}", report.faults);
}
