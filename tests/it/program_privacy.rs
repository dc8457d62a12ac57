//! Canaries: numbers and keys that must not be found in any log line, span, metric or API answer.
#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::{Arc, Mutex};

use cordboard::app::Surroundings;
use cordboard_observability::logs::{self, LogFormat, LogSettings};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::Tracer;
use serde_json::json;
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;

use crate::program::{PIN_ROUTE, Program, event, hung_up, initiated, signed};

const CALLER: &str = "15557650123";
const CALLED: &str = "15557659876";
const PIN: &str = "8035174296";
const TEXT: &str = "the blackbird sings at midnight";

/// Log lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything of this thread is logged while these live; the simulated carrier is not ours to judge.
fn listen(lines: &Lines) -> (Dispatch, DefaultGuard) {
    let settings = LogSettings {
        format: LogFormat::Json,
        filter: "trace,cordboard_simulator=off".into(),
    };
    // With one listener alone, a log line that another test's thread meets first, where nobody listens, is
    // switched off everywhere. A second one makes `tracing` ask both.
    let second = Dispatch::new(logs::subscriber(&settings, io::sink).unwrap());
    let writer = lines.clone();
    let subscriber = logs::subscriber(&settings, move || writer.clone()).unwrap();
    (second, tracing::subscriber::set_default(subscriber))
}

fn no_canary_in(place: &str, text: &str) {
    for canary in [CALLER, CALLED, PIN, TEXT] {
        let found = text.find(canary);
        let around = found.map(|at| {
            text.get(at.saturating_sub(200)..at + 40)
                .unwrap_or("…")
                .to_owned()
        });
        assert_eq!(around, None, "{place}");
    }
}

/// One thread, so that the subscriber hears everything.
#[tokio::test]
async fn no_number_key_or_text_reaches_logs_spans_metrics_or_the_api() {
    let lines = Lines::default();
    let _listening = listen(&lines);
    let (tracer, spans) = Tracer::remembering();
    let around = Surroundings {
        metrics: Metrics::default(),
        tracer,
        ..Surroundings::default()
    };
    let settings = format!("{PIN_ROUTE}[messages]\nper_minute = 6000\n[[number]]\nnumber = \"+{CALLED}\"\n");
    let program = Program::with(&settings, around).await;
    texts(&program).await;
    let callers = json!({
        "to": format!("+{CALLED}"), "from": format!("+{CALLER}"), "count": 2,
        "presses": [format!("{PIN}#")], "talk_ms": 600_000, "patience_ms": 60_000,
    });
    program.ring(&callers).await;
    program
        .until("both are in", |program| program.simulator.snapshot().talking == 2)
        .await;
    for leg in program.live_legs().await {
        let (leg, session) = (&leg["call_control_id"], leg["call_session_id"].as_str().unwrap());
        let speak =
            json!({ "leg": { "leg": leg, "action": { "speak": { "payload": TEXT, "voice": "female" } } } });
        let path = format!("/api/v1/calls/{session}");
        let commands = format!("{path}/commands");
        program
            .operator("POST", &commands, Some(&speak.to_string()))
            .await;
        let dial = json!({ "dial": { "connection": "1", "to": format!("+{CALLED}"), "from": format!("+{CALLER}"), "wings": 2 } });
        let refused = program.operator("POST", &commands, Some(&dial.to_string())).await;
        assert_eq!(refused.status, 400);
        no_canary_in("a refusal of the API", &refused.body);
        no_canary_in("a call at the API", &program.get(&path).await.body);
        program.operator("POST", &format!("{path}/hangup"), None).await;
    }
    program.settle().await;
    odd_webhooks(&program).await;
    no_canary_in("/metrics", &program.get("/metrics").await.body);
    no_canary_in("/api/v1/status", &program.get("/api/v1/status").await.body);
    program.stop().await;
    let spans = spans.spans();
    assert!(spans.len() > 20, "{}", spans.len());
    no_canary_in("a span", &format!("{spans:?}"));
    let logged = lines.text();
    assert!(
        logged.lines().count() > 20,
        "the subscriber hears nothing:\n{logged}"
    );
    no_canary_in("a log line", &logged);
}

/// A text of ours and one that came in.
async fn texts(program: &Program) {
    let order = json!({ "to": format!("+{CALLER}"), "text": TEXT }).to_string();
    let ordered = program.operator("POST", "/api/v1/messages", Some(&order)).await;
    assert_eq!(ordered.status, 202, "{}", ordered.body);
    let body = json!({ "from": format!("+{CALLER}"), "to": format!("+{CALLED}"), "text": TEXT }).to_string();
    let request = format!(
        "POST /simulator/messages HTTP/1.1\r\nHost: simulator\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = crate::http_wire::ask(program.simulator.address(), request)
        .await
        .unwrap();
    assert!(reply.status < 300, "{}", reply.body);
    program.settle().await;
    no_canary_in("texts at the API", &program.get("/api/v1/messages").await.body);
}

/// Webhooks that are refused, set aside or ignored carry canaries too.
async fn odd_webhooks(program: &Program) {
    let numbers = json!({ "from": format!("+{CALLER}"), "to": format!("+{CALLED}"), "digits": PIN, "direction": "incoming" });
    let foreign = json!({ "connection_id": "1", "from": format!("+{CALLER}"), "direction": "incoming" });
    let broken = json!({ "call_control_id": [format!("+{CALLER}")], "text": TEXT });
    for odd in [
        event("call.initiated", "canary-1", 1, &foreign),
        event("call.initiated", "canary-2", 1, &broken),
        event("call.unheard.of", "canary-3", 1, &numbers),
        event("call.gather.ended", "canary-4", 1, &numbers),
        initiated(1),
        hung_up(1),
    ] {
        assert_eq!(program.post(&odd).await.status, 200, "{odd}");
    }
    let forged = signed(&event("call.initiated", "canary-5", 2, &numbers)).request("/webhooks/telnyx");
    let forged = forged.replace("canary-5", "canary-6");
    let reply = crate::http_wire::ask(program.app.addresses().carrier, forged)
        .await
        .unwrap();
    assert_eq!(reply.status, 401);
    program.settle().await;
}
