//! Queues of the whole program: two callers and one agent, what an operator sees of it, a restart in between.
#![allow(clippy::unwrap_used)]

use cordboard::app::Surroundings;
use serde_json::{Value, json};

use crate::http_wire::{Reply, ask};
use crate::program::{Directory, PATIENCE, Program};
use crate::program_operator_cli::cordboard;
use crate::program_restarts::on_disk;

const FLOW: &str = "flow = \"desk\"\nstart = \"row\"\n[step.row]\ndo = \"queue\"\nqueue = \"desk\"\nmax_waiting = 5\n\
    agents = [{ to = \"+15550403001\", name = \"Ada\" }]\nevery = \"5s\"\nmax_wait = \"2m\"\nwrap_up = \"1s\"\n\
    say = \"You are number {{ position }}.\"\non = { bridged = \"end\", timeout = \"end\", full = \"end\", failed = \"end\" }\n";

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

async fn agent_talks_for(program: &Program, talk_bridged_ms: u64) {
    let target = json!({ "pattern": "+15550403001", "answer": "answers", "talk_bridged_ms": talk_bridged_ms, "one_line": true });
    let body = target.to_string();
    let request = format!(
        "POST /simulator/targets HTTP/1.1\r\nHost: simulator\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = ask(program.simulator.address(), request).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
}

/// Waits until the queue shows this.
async fn shows(program: &Program, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    let mut latest = Value::Null;
    let wait = async {
        loop {
            let reply = program.get("/api/v1/queues/desk?records=5").await;
            if reply.status == 200 {
                latest = json_of(&reply);
                if so(&latest) {
                    break;
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "never {what}: {latest}");
    latest
}

#[tokio::test(flavor = "multi_thread")]
async fn two_callers_share_one_agent_and_an_operator_sees_it_over_a_restart() {
    let (journal, flows) = (Directory::new(), Directory::new());
    std::fs::create_dir_all(flows.path()).unwrap();
    std::fs::write(flows.path().join("desk.toml"), FLOW).unwrap();
    let toml = format!(
        "[flows]\ndirectory = \"{}\"\n\n[[route]]\nflow = \"desk\"\n",
        flows.path().display()
    );
    let mut program = Program::with(&toml, on_disk(&journal)).await;
    agent_talks_for(&program, 4_000).await;
    let callers = json!({ "to": "+15550100051", "count": 2, "goal": [{ "bridged": "*" }, "dismissed"], "talk_ms": 60_000, "patience_ms": 60_000 });
    program.ring(&callers).await;
    let both = |queue: &Value| queue["talking"] == 1 && queue["waiting"] == 1;
    let queue = shows(&program, "one talks, one waits", both).await;
    assert_eq!(queue["agents"][0]["state"], "talking");
    assert_eq!(queue["agents"][0]["agent"], "***01");
    assert_eq!(queue["agents"][0]["name"], "Ada");
    assert_eq!(queue["callers"][1]["position"], 1);
    assert!(!queue.to_string().contains("5550403001"), "{queue}");
    let server = format!("http://{}", program.app.addresses().operator);
    let list = cordboard(&server, &["queues", "list"]).await;
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("desk") && list.contains("waiting"), "{list}");
    let shown = cordboard(&server, &["queues", "show", "desk"]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("Ada") && shown.contains("***01") && shown.contains("talking"),
        "{shown}"
    );
    let metrics = program.get("/metrics").await.body;
    for line in [
        "cordboard_queue_callers_waiting{queue=\"desk\"} 1",
        "cordboard_queue_agents{queue=\"desk\",state=\"talking\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
    program = program.again(&toml, || on_disk(&journal)).await;
    let queue = shows(&program, "nobody is forgotten", |queue| {
        queue["callers"].is_array()
    })
    .await;
    assert_eq!(queue["agents_listed"], 1);
    program.settle().await;
    let report = program.simulator.report();
    assert_eq!(
        (report.calls.completed, report.calls.lost),
        (2, 0),
        "{:#?}",
        report.failures
    );
    assert_eq!(report.commands.duplicate_effects, 0);
    let idle = json_of(&program.get("/api/v1/queues?state=idle").await);
    assert_eq!(idle["queues"][0]["name"], "desk");
    assert_eq!(json_of(&program.get("/api/v1/queues").await)["queues"], json!([]));
    assert_eq!(program.get("/api/v1/queues/nobody").await.status, 404);
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_has_no_page_until_somebody_came() {
    let program = Program::with("", Surroundings::default()).await;
    assert_eq!(json_of(&program.get("/api/v1/queues").await)["queues"], json!([]));
    assert_eq!(program.get("/api/v1/queues?limit=0").await.status, 400);
    program.stop().await;
}
