//! A toy switchboard that serves every scenario on a calm carrier: menu, callback, texts, ring group, mailbox, queue.
//!
//! It keeps a little state per session, believes in the usual order of events and repeats nothing: enough to show that
//! the scenarios can be reached, not how to write such a program.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard_simulator::{Settings, Simulator, contract};
use serde_json::{Value, json};

use crate::client::Api;
use crate::toy::serve;

/// What the switchboard remembers.
#[derive(Default)]
struct Memory {
    /// Control id of the caller's leg, its number and the number it called, by session.
    callers: HashMap<String, (String, String, String)>,
    /// Legs that ring or are up for a session.
    agents: HashMap<String, HashSet<String>>,
    waiting: VecDeque<String>,
    /// Agents of the queue that are talking.
    talking: HashSet<String>,
    stopped: HashSet<String>,
}

pub(crate) struct Desk {
    api: Api,
    memory: Mutex<Memory>,
    /// Replies once more to every text: a mistake to be found.
    doubles: bool,
}

/// Starts the switchboard and points the simulator at it.
pub(crate) async fn start(simulator: &Simulator, doubles: bool) {
    let desk = Arc::new(Desk {
        api: Api::new(simulator.base_url()),
        memory: Mutex::default(),
        doubles,
    });
    let app = Router::new().route("/webhooks", post(webhook)).with_state(desk);
    let address = serve(app).await;
    simulator
        .set_webhook_url(format!("http://{address}/webhooks"))
        .unwrap();
}

async fn webhook(State(desk): State<Arc<Desk>>, axum::Json(event): axum::Json<Value>) -> StatusCode {
    tokio::spawn(async move { desk.act(&event["data"]).await });
    StatusCode::OK
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn state(words: &str) -> String {
    STANDARD.encode(words)
}

impl Desk {
    async fn act(&self, data: &Value) {
        let payload = &data["payload"];
        let leg = text(&payload["call_control_id"]);
        let session = text(&payload["call_session_id"]);
        let step = STANDARD
            .decode(text(&payload["client_state"]))
            .unwrap_or_default();
        let step = String::from_utf8(step).unwrap();
        let callers_own = self.caller(&session).is_some_and(|(caller, ..)| caller == leg);
        match data["event_type"].as_str().unwrap() {
            "call.initiated" if payload["direction"] == "incoming" => {
                let caller = (leg.clone(), text(&payload["from"]), text(&payload["to"]));
                self.memory.lock().unwrap().callers.insert(session, caller);
                self.leg(&leg, "answer", json!({})).await;
            }
            "call.answered" if callers_own => self.begin(&leg, &session, &text(&payload["to"])).await,
            "call.answered" if step == "agent" => self.ask(&leg, "Press 1 to accept.", "accept").await,
            "call.answered" if step == "queue-agent" => self.bridge(&session, &leg).await,
            "call.gather.ended" => {
                let digits = text(&payload["digits"]);
                self.gathered(&leg, &session, &step, &digits, &text(&payload["status"]))
                    .await;
            }
            "call.speak.ended" if step == "bye" => self.leg(&leg, "hangup", json!({})).await,
            "call.speak.ended" if step == "greeting" => {
                let body = json!({ "format": "mp3", "channels": "single", "play_beep": true, "timeout_secs": 1,
                    "max_length": 10 });
                self.leg(&leg, "record_start", body).await;
            }
            "call.recording.saved" => self.recorded(&session).await,
            "call.hangup" if callers_own => self.caller_left(&session).await,
            "call.hangup" => self.other_left(&session, &leg, &text(&payload["to"])).await,
            "message.received" => self.texted(payload).await,
            _ => {}
        }
    }

    fn caller(&self, session: &str) -> Option<(String, String, String)> {
        self.memory.lock().unwrap().callers.get(session).cloned()
    }

    async fn leg(&self, leg: &str, verb: &str, body: Value) {
        // Refusals are those of a leg that went meanwhile.
        self.api.post(&format!("/calls/{leg}/actions/{verb}"), body).await;
    }

    async fn speak(&self, leg: &str, words: &str, step: &str) {
        let body = json!({ "payload": words, "voice": "female", "client_state": state(step) });
        self.leg(leg, "speak", body).await;
    }

    async fn ask(&self, leg: &str, words: &str, step: &str) {
        let most = if step == "number" { 10 } else { 1 };
        let body = json!({ "payload": words, "voice": "female", "minimum_digits": most, "maximum_digits": most,
            "timeout_millis": 1_500, "maximum_tries": 2, "client_state": state(step),
            "valid_digits": if step == "menu" { "123" } else { "0123456789" } });
        self.leg(leg, "gather_using_speak", body).await;
    }

    async fn begin(&self, leg: &str, session: &str, number: &str) {
        match number {
            number if number == contract::IVR.number => {
                self.ask(leg, "Sales 1, support 2, porting 3.", "menu").await;
            }
            number if number == contract::CALLBACK.number => self.ask(leg, "Your number?", "number").await,
            number if number == contract::RING_GROUP.number => {
                for (_, agent) in contract::RING_GROUP.addresses {
                    self.dial(session, leg, agent, "agent").await;
                }
            }
            number if number == contract::VOICEMAIL.number => {
                self.dial(session, leg, contract::OWNER, "owner").await;
            }
            _ => {
                let music = json!({ "audio_url": "http://music.example/hold.mp3", "loop": "infinity" });
                self.leg(leg, "playback_start", music).await;
                self.memory.lock().unwrap().waiting.push_back(session.to_owned());
                self.serve_queue().await;
            }
        }
    }

    async fn dial(&self, session: &str, leg: &str, to: &str, step: &str) {
        let body = json!({ "connection_id": Settings::default().connection_id, "from": "+15550400000", "to": to,
            "link_to": leg, "timeout_secs": 5, "client_state": state(step) });
        let (status, answer) = self.api.post("/calls", body).await;
        if status == 200 {
            let dialled = text(&answer["data"]["call_control_id"]);
            let mut memory = self.memory.lock().unwrap();
            memory
                .agents
                .entry(session.to_owned())
                .or_default()
                .insert(dialled);
        }
    }

    /// Connects the caller, or hangs the agent up when the caller has gone meanwhile.
    async fn bridge(&self, session: &str, agent: &str) {
        let caller = self.caller(session).map(|(leg, ..)| leg).unwrap_or_default();
        let path = format!("/calls/{caller}/actions/bridge");
        let body = json!({ "call_control_id": agent });
        if self.api.post(&path, body).await.0 != 200 {
            self.leg(agent, "hangup", json!({})).await;
        }
    }

    async fn gathered(&self, leg: &str, session: &str, step: &str, digits: &str, status: &str) {
        let confirmed = step.strip_prefix("confirm:");
        match (step, status) {
            (_, "call_hangup" | "cancelled") => {}
            ("menu", "valid") => {
                let department = contract::IVR.addresses[digits.parse::<usize>().unwrap() - 1].1;
                self.leg(leg, "transfer", json!({ "to": department, "timeout_secs": 5 }))
                    .await;
            }
            ("number", "valid") if !digits.starts_with('0') => {
                let words = format!("You typed {digits}. Press 1 if that is right, 2 if it is wrong.");
                self.ask(leg, &words, &format!("confirm:{digits}")).await;
            }
            ("number", "valid" | "invalid") => self.ask(leg, "No such number. Your number?", "number").await,
            ("accept", "valid") => {
                self.bridge(session, leg).await;
                self.dismiss_agents(session, leg).await;
            }
            ("accept", _) => self.leg(leg, "hangup", json!({})).await,
            (_, "valid") if confirmed.is_some() && digits == "1" => {
                let number = confirmed.unwrap_or_default();
                self.send(
                    contract::CALLBACK.number,
                    &format!("+1{number}"),
                    "We shall call you.",
                )
                .await;
                self.speak(leg, "Thank you.", "bye").await;
            }
            (_, "valid") if confirmed.is_some() => self.ask(leg, "Your number, again?", "number").await,
            _ => self.speak(leg, "Goodbye.", "bye").await,
        }
    }

    async fn dismiss_agents(&self, session: &str, but: &str) {
        let agents = self
            .memory
            .lock()
            .unwrap()
            .agents
            .remove(session)
            .unwrap_or_default();
        for agent in agents.iter().filter(|agent| *agent != but) {
            self.leg(agent, "hangup", json!({})).await;
        }
    }

    async fn send(&self, from: &str, to: &str, words: &str) {
        let body = json!({ "from": from, "to": to, "text": words });
        self.api.post("/messages", body).await;
    }

    async fn recorded(&self, session: &str) {
        let caller = self.memory.lock().unwrap().callers.get(session).cloned();
        if let Some((leg, from, _)) = caller {
            self.send(
                contract::VOICEMAIL.number,
                contract::OWNER,
                &format!("A message from {from}"),
            )
            .await;
            self.leg(&leg, "hangup", json!({})).await;
        }
    }

    async fn caller_left(&self, session: &str) {
        self.memory
            .lock()
            .unwrap()
            .waiting
            .retain(|waiting| waiting != session);
        self.dismiss_agents(session, "").await;
    }

    /// A department, an agent or the owner is gone or did not come.
    async fn other_left(&self, session: &str, leg: &str, number: &str) {
        if number.starts_with(contract::QUEUE_AGENTS) {
            self.memory.lock().unwrap().talking.remove(number);
            self.serve_queue().await;
        }
        let Some((caller, _, called)) = self.caller(session) else {
            return;
        };
        if called == contract::IVR.number {
            self.speak(&caller, "Nobody is there. Goodbye.", "bye").await;
        } else if called == contract::VOICEMAIL.number {
            self.speak(&caller, "Leave a message.", "greeting").await;
        } else if let Some(agents) = self.memory.lock().unwrap().agents.get_mut(session) {
            agents.remove(leg);
        }
    }

    async fn serve_queue(&self) {
        loop {
            let (session, agent) = {
                let mut memory = self.memory.lock().unwrap();
                let free = (1..=contract::QUEUE_AGENT_COUNT).map(contract::queue_agent);
                let Some(agent) = free.into_iter().find(|agent| !memory.talking.contains(agent)) else {
                    return;
                };
                let Some(session) = memory.waiting.pop_front() else {
                    return;
                };
                memory.talking.insert(agent.clone());
                (session, agent)
            };
            if let Some((leg, ..)) = self.caller(&session) {
                self.dial(&session, &leg, &agent, "queue-agent").await;
            }
        }
    }

    async fn texted(&self, payload: &Value) {
        let (from, to) = (
            text(&payload["from"]["phone_number"]),
            text(&payload["to"][0]["phone_number"]),
        );
        if payload["text"] == "STOP" {
            self.memory.lock().unwrap().stopped.insert(from);
        } else if !self.memory.lock().unwrap().stopped.contains(&from) {
            for count in 0..=u32::from(self.doubles) {
                self.send(
                    &to,
                    &from,
                    &format!("We are open. {}", "!".repeat(count as usize)),
                )
                .await;
            }
        }
    }
}
