//! A graceful stop: what was accepted is finished, the limit holds, callers stay up at the carrier.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use cordboard::app::Surroundings;
use serde_json::json;

use crate::http_wire::Wire;
use crate::program::{Program, initiated, signed};

/// The limit that the tests set.
const LIMIT: Duration = Duration::from_secs(6);

async fn with_callers(count: usize) -> Program {
    let toml = format!("[server]\nshutdown_deadline = \"{}s\"\n", LIMIT.as_secs());
    let program = Program::with(&toml, Surroundings::default()).await;
    let wanted = json!({ "to": "+15550100042", "count": count, "talk_ms": 600_000, "patience_ms": 60_000 });
    program.ring(&wanted).await;
    program
        .until("everybody is in", |program| {
            program.simulator.snapshot().talking == count as u64
        })
        .await;
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_stay_up_at_the_carrier() {
    let program = with_callers(4).await;
    let before = program.simulator.snapshot();
    let began = Instant::now();
    let farewell = program.app.stop().await;
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    assert_eq!(farewell.left.actors, 5, "four calls and their room: {farewell:?}");
    let after = program.simulator.snapshot();
    assert_eq!((after.legs_live, after.conferences_live), (4, 1));
    assert_eq!(after.commands, before.commands, "nobody is hung up");
    program.simulator.shutdown().await;
}

/// A webhook whose body is still on its way when the stop begins gets an answer, not a cut.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_answered() {
    let program = with_callers(1).await;
    let request = signed(&initiated(7)).request("/webhooks/telnyx");
    let (head, tail) = request.split_at(request.len() - 20);
    let mut wire = Wire::open(program.app.addresses().carrier).await;
    wire.send(head).await;
    let Program { app, simulator, .. } = program;
    let began = Instant::now();
    let (farewell, reply) = tokio::join!(app.stop(), async {
        wire.send(tail).await;
        wire.reply().await
    });
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    let status = reply.expect("an answer").status;
    assert!(status == 200 || status == 503, "{status}");
    assert_eq!(farewell.cut, 0);
    simulator.shutdown().await;
}

/// Silent and half-sent connections do not hold the program up.
#[tokio::test(flavor = "multi_thread")]
async fn idle_and_stuck_connections_do_not_outlive_the_limit() {
    let program = with_callers(1).await;
    let carrier = program.app.addresses().carrier;
    let mut silent = Wire::open(carrier).await;
    let mut stuck = Wire::open(carrier).await;
    stuck.send("POST /webhooks/telnyx HTTP/1.1\r\nHost: d").await;
    let began = Instant::now();
    program.app.stop().await;
    assert!(
        began.elapsed() < LIMIT + Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    assert!(silent.is_closed().await);
    // A stuck head may be told why before it is cut.
    let _ = stuck.reply().await;
    program.simulator.shutdown().await;
}

#[tokio::test]
async fn nothing_is_accepted_any_more_once_it_has_stopped() {
    let program = Program::start().await;
    let (carrier, operator) = (program.app.addresses().carrier, program.app.addresses().operator);
    program.app.stop().await;
    for door in [carrier, operator] {
        assert!(tokio::net::TcpStream::connect(door).await.is_err(), "{door}");
    }
    program.simulator.shutdown().await;
}
