//! A graceful stop: what was accepted is finished, the limit holds, callers stay up at the carrier.
#![allow(clippy::unwrap_used)]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordboard::app::Surroundings;
use cordboard_actors::house::FaultHook;
use cordboard_core::{Address, Input};
use cordboard_observability::metrics::Metrics;
use serde_json::json;

use crate::http_wire::Wire;
use crate::program::{PATIENCE, Program, initiated, session, signed};

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
    let metrics = Metrics::default();
    let around = Surroundings {
        metrics: metrics.clone(),
        ..Surroundings::default()
    };
    let program = Program::with("", around).await;
    let request = signed(&initiated(7)).request("/webhooks/telnyx");
    let (head, tail) = request.split_at(request.len() - 20);
    let mut wire = Wire::open(program.app.addresses().carrier).await;
    wire.send(head).await;
    // A connection whose head has not been read yet counts as idle, and may be closed.
    program
        .until("the head is read", |_| metrics.webhooks.in_flight.get() == 1)
        .await;
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

/// Holds the first event of a new call in its actor until it is let go.
fn holding() -> (FaultHook, Receiver<()>, SyncSender<()>) {
    let (tell, entered) = sync_channel(1);
    let (release, held) = sync_channel::<()>(1);
    let held = Mutex::new(held);
    let hook = move |_: &Address, input: &Input| {
        if matches!(input, Input::Event { event, .. } if event.id.as_str() == "initiated-7") {
            tell.send(()).unwrap();
            let _ = held.lock().unwrap().recv_timeout(PATIENCE);
        }
    };
    (Arc::new(hook), entered, release)
}

/// Taken in before the stop, applied while the doors are closed already: recorded, and the carrier hears 200.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_taken_in_before_the_stop_is_recorded_and_answered() {
    let (fault, entered, release) = holding();
    let around = Surroundings {
        fault: Some(fault),
        ..Surroundings::default()
    };
    let Program { app, simulator, .. } = Program::with("", around).await;
    let door = app.addresses().carrier;
    let house = Arc::clone(app.house());
    let mut wire = Wire::open(door).await;
    wire.send(signed(&initiated(7)).request("/webhooks/telnyx")).await;
    tokio::task::spawn_blocking(move || entered.recv_timeout(PATIENCE))
        .await
        .unwrap()
        .unwrap();
    let stopping = tokio::spawn(app.stop());
    // The listener is closed: intake has stopped.
    while tokio::net::TcpStream::connect(door).await.is_ok() {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    let reply = wire.reply().await.expect("an answer");
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(stopping.await.unwrap().cut, 0);
    let call = Address::Call(session(7).as_str().into());
    assert_eq!(
        house.journal.history(&call).await.unwrap()[0].cause.label(),
        "event"
    );
    simulator.shutdown().await;
}
