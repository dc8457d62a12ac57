//! A raw HTTP client that can be as rude as a test needs, and a carrier door with a decoder and an intake made up
//! for it. Used by the `http_…` tests.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cordboard::http::{
    ConnectionFact, Door, DoorEvents, DoorLimits, GateLimits, Listener, Stopped, WebhookDoor, WebhookPorts,
    WebhookResult, WebhookRoute, WebhookSeen,
};
use cordboard_actors::ports::{
    Accepted, Clock, Delivery, Intake, Opened, Quarantine, Rejection, WebhookDecoder,
};
use cordboard_actors::quarantine::{Item, Kind, NotKept, SetAside};
use cordboard_core::{Event, EventBody, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// One client connection.
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = patiently(TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends bytes; a door that has closed already is no error here.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = patiently(self.stream.write_all(bytes.as_ref())).await;
    }

    /// Ends our side; the door can still answer.
    pub(crate) async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next answer; `None` when the connection ends before one is complete.
    pub(crate) async fn reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap();
        let mut reply = Reply {
            status,
            head,
            body: String::new(),
        };
        let length = reply
            .header("content-length")
            .map_or(0, |text| text.parse::<usize>().unwrap());
        while self.read.len() < end + length {
            self.fill().await?;
        }
        reply.body = String::from_utf8_lossy(&self.read[end..end + length]).into_owned();
        self.read.drain(..end + length);
        Some(reply)
    }

    /// Whether the door ends the connection without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && self.fill().await.is_none()
    }

    async fn fill(&mut self) -> Option<()> {
        let mut space = [0; 4_096];
        let count = patiently(self.stream.read(&mut space)).await.unwrap_or(0);
        self.read.extend_from_slice(&space[..count]);
        (count > 0).then_some(())
    }
}

pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("a test waited too long")
}

/// A `POST /webhooks/telnyx` with this body and these further header lines.
pub(crate) fn webhook(body: &str, headers: &str) -> String {
    format!(
        "POST /webhooks/telnyx HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Option<Reply> {
    let mut wire = Wire::open(address).await;
    wire.send(request).await;
    wire.reply().await
}

/// Believes every body; the body's first word decides what it is.
pub(crate) struct WordDecoder;

impl WebhookDecoder for WordDecoder {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn open(&self, delivery: &Delivery<'_>) -> Opened {
        match delivery.body.as_ref() {
            b"reject" => Opened::Rejected(Rejection::WrongSignature),
            b"stale" => Opened::Rejected(Rejection::StaleTimestamp),
            b"ignore" => Opened::Ignored("foreign_connection"),
            b"quarantine" => Opened::Quarantined("not_json"),
            name => Opened::Event(Box::new(Event {
                id: String::from_utf8_lossy(&name[..name.len().min(60)])
                    .as_ref()
                    .into(),
                occurred_at: None,
                connection: None,
                session: Some("session".into()),
                leg: None,
                leg_uuid: None,
                conference: None,
                client_state: None,
                body: EventBody::CallCost,
            })),
        }
    }
}

/// Records what it is given; an event's id decides the answer. Waits for a permit of `hold`, if there is one.
#[derive(Default)]
pub(crate) struct BookIntake {
    pub(crate) hold: Option<Semaphore>,
    pub(crate) entered: Notify,
    pub(crate) recorded: Mutex<Vec<String>>,
}

#[async_trait]
impl Intake for BookIntake {
    async fn accept(&self, event: Event, _raw: Bytes) -> Accepted {
        self.entered.notify_one();
        if let Some(hold) = &self.hold {
            hold.acquire().await.unwrap().forget();
        }
        let id = event.id.as_str().to_owned();
        assert_ne!(id, "panic", "as the test wishes");
        if id == "refuse" {
            return Accepted::Refused {
                gate: "admission",
                retry_after: Duration::from_secs(7),
            };
        }
        let mut recorded = self.recorded.lock().unwrap();
        if recorded.contains(&id) {
            return Accepted::Duplicate(Bytes::new());
        }
        recorded.push(id.clone());
        Accepted::Recorded(if id == "talk" {
            Bytes::from_static(b"{}")
        } else {
            Bytes::new()
        })
    }
}

/// Keeps what it hears.
#[derive(Default)]
pub(crate) struct Ear {
    pub(crate) results: Mutex<Vec<WebhookResult>>,
    pub(crate) facts: Mutex<Vec<ConnectionFact>>,
    pub(crate) in_flight: Mutex<Vec<usize>>,
    pub(crate) quarantined: Mutex<Vec<(&'static str, Vec<u8>)>>,
}

impl DoorEvents for Ear {
    fn webhook(&self, seen: &WebhookSeen) {
        self.results.lock().unwrap().push(seen.result);
    }

    fn in_flight(&self, webhooks: usize) {
        self.in_flight.lock().unwrap().push(webhooks);
    }

    fn connection(&self, _door: &'static str, fact: ConnectionFact) {
        self.facts.lock().unwrap().push(fact);
    }
}

#[async_trait]
impl Quarantine for Ear {
    async fn keep(&self, item: SetAside) -> Result<(), NotKept> {
        self.quarantined
            .lock()
            .unwrap()
            .push((item.reason, item.raw.to_vec()));
        Ok(())
    }

    async fn keys(&self, _kind: Kind) -> Result<Vec<String>, NotKept> {
        Ok(Vec::new())
    }

    async fn list(&self, _before: Option<i64>, _limit: usize) -> Result<Vec<Item>, NotKept> {
        Ok(Vec::new())
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

/// A carrier door on a free port.
pub(crate) struct CarrierDoor {
    pub(crate) address: SocketAddr,
    pub(crate) door: Arc<WebhookDoor>,
    pub(crate) intake: Arc<BookIntake>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<Stopped>,
}

impl CarrierDoor {
    pub(crate) async fn open(limits: DoorLimits) -> Self {
        Self::with(limits, GateLimits::default(), BookIntake::default()).await
    }

    pub(crate) async fn with(limits: DoorLimits, gate: GateLimits, intake: BookIntake) -> Self {
        let (intake, ear) = (Arc::new(intake), Arc::new(Ear::default()));
        let ports = WebhookPorts {
            intake: Arc::clone(&intake) as _,
            quarantine: Arc::clone(&ear) as _,
            clock: Arc::new(FixedClock),
            events: Arc::clone(&ear) as _,
        };
        let routes = vec![WebhookRoute::telnyx(Arc::new(WordDecoder))];
        let door = Arc::new(WebhookDoor::new(routes, limits, gate, ports));
        let (address, stop, served) = serve(Arc::clone(&door), limits, Arc::clone(&ear) as _).await;
        Self {
            address,
            door,
            intake,
            ear,
            stop,
            served,
        }
    }

    /// How the listener ended, once told to stop.
    pub(crate) async fn stopped(&mut self) -> Stopped {
        patiently(&mut self.served).await.unwrap()
    }
}

/// Serves a door on a free port of the loopback.
pub(crate) async fn serve<D: Door>(
    door: Arc<D>,
    limits: DoorLimits,
    events: Arc<dyn DoorEvents>,
) -> (SocketAddr, CancellationToken, JoinHandle<Stopped>) {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), limits).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let served = tokio::spawn(listener.serve(door, events, stop.clone()));
    (address, stop, served)
}
