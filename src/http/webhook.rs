//! The carrier door: `/webhooks/…`, one decoder per carrier.
//!
//! Checks form and size, takes a place at gate 1, reads the bytes, has the carrier's decoder open them and waits
//! until a record contains the event. It answers; what the event means is decided elsewhere.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordboard_actors::ports::{Accepted, Clock, Delivery, Intake, Opened, Quarantine};
use cordboard_actors::quarantine::{Kind, SetAside};
use cordboard_core::{Event, Timestamp};
use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use tokio_util::task::TaskTracker;

use super::body::Unread;
use super::entrance::WebhookRoute;
use super::events::{DoorEvents, WebhookResult, WebhookSeen};
use super::gate::{Gate, Passage};
use super::limits::DoorLimits;
use super::listener::Door;
use super::{answers, body, peer};

/// When a webhook that found the gate full should come again. Carriers wait longer on their own; load tools obey.
const GATE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// When a webhook whose handling panicked should come again.
const PANIC_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How much may be inside at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateLimits {
    /// Webhooks between head and receipt.
    pub webhooks: usize,
    /// Bytes of their bodies, in steps of 16 KiB as they come.
    pub bytes: usize,
    /// Percent of both that one address (IPv6: one /64 network) may use.
    pub percent_per_ip: usize,
}

impl Default for GateLimits {
    fn default() -> Self {
        // At 5,000 webhooks a second and a commit every 2 ms some tens are inside; 2,048 is a journal that stalls
        // for 400 ms. 64 MiB holds 256 bodies of the largest size.
        Self {
            webhooks: 2_048,
            bytes: 64 * 1024 * 1024,
            // A carrier may come through one proxy, and a stranger must leave room for it.
            percent_per_ip: 50,
        }
    }
}

/// What the door hands its webhooks to.
#[derive(Clone)]
pub struct WebhookPorts {
    /// Takes events in.
    pub intake: Arc<dyn Intake>,
    /// Keeps broken ones.
    pub quarantine: Arc<dyn Quarantine>,
    /// The wall clock for signature tolerance.
    pub clock: Arc<dyn Clock>,
    /// Hears what happened.
    pub events: Arc<dyn DoorEvents>,
}

/// See the module.
pub struct WebhookDoor {
    routes: Vec<WebhookRoute>,
    limits: DoorLimits,
    gate: Gate,
    ports: WebhookPorts,
    receipts: TaskTracker,
}

type Answer = Response<Full<Bytes>>;

/// When a webhook's head was complete, on both clocks.
#[derive(Clone, Copy)]
struct Arrival {
    at: Timestamp,
    started: Instant,
}

/// The place of one webhook inside the gate; tells the new number when it is left.
struct Inside {
    passage: Option<Passage>,
    gate: Gate,
    events: Arc<dyn DoorEvents>,
}

impl Inside {
    fn reserve(&mut self, length: usize) -> bool {
        self.passage
            .as_mut()
            .is_some_and(|passage| passage.reserve(length))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        drop(self.passage.take());
        self.events.in_flight(self.gate.inside());
    }
}

/// An answered webhook, for the callbacks.
struct Told {
    seen: WebhookSeen,
    answer: Answer,
}

impl WebhookDoor {
    /// A door with these entrances; of two with the same path the first wins.
    pub fn new(routes: Vec<WebhookRoute>, limits: DoorLimits, gate: GateLimits, ports: WebhookPorts) -> Self {
        // A gate narrower than one body would refuse every chunked webhook for ever.
        let bytes = gate.bytes.max(limits.max_body_bytes);
        Self {
            routes,
            limits,
            gate: Gate::new(gate.webhooks, bytes, gate.percent_per_ip),
            ports,
            receipts: TaskTracker::new(),
        }
    }

    /// Completes when every event handed in has its receipt, clients that left included. Call it after the
    /// listener has stopped.
    pub async fn settled(&self) {
        self.receipts.close();
        self.receipts.wait().await;
    }

    /// Webhooks between head and receipt.
    pub fn in_flight(&self) -> usize {
        self.gate.inside()
    }

    /// The entrance that a path leads to.
    fn entrance(&self, path: &str) -> Option<&WebhookRoute> {
        self.routes.iter().find(|route| route.place(path).is_some())
    }

    async fn webhook(&self, route: &WebhookRoute, request: Request<Incoming>, arrival: Arrival) -> Told {
        let carrier = route.decoder.name();
        let malformed = |status: StatusCode, answer: Answer| {
            self.told(carrier, arrival, WebhookResult::Malformed(status), answer)
        };
        if let Some((status, answer)) = route.refuse(request.method(), request.headers()) {
            return malformed(status, answer);
        }
        let most = self.limits.max_body_bytes;
        let size = request.body().size_hint();
        if size.lower() > most as u64 {
            return malformed(
                StatusCode::PAYLOAD_TOO_LARGE,
                answers::last(StatusCode::PAYLOAD_TOO_LARGE),
            );
        }
        let reserve = size
            .upper()
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(most)
            .min(most);
        let full = |answer: Answer| {
            self.ports.events.gate_refused(carrier);
            self.told(carrier, arrival, WebhookResult::Refused("gate"), answer)
        };
        let Some(mut inside) = self.enter(peer::of(&request), reserve) else {
            return full(answers::come_again(GATE_RETRY_AFTER));
        };
        let (parts, body) = request.into_parts();
        let room = |length| inside.reserve(length);
        match body::read_into(body, most, self.limits.body_timeout, room).await {
            Ok(bytes) => self.open(route, &parts, bytes, inside, arrival).await,
            Err(Unread::Wrong(status)) => malformed(status, answers::last(status)),
            // What was not read stays on the connection, so this answer is its last.
            Err(Unread::NoRoom) => full(closing(answers::come_again(GATE_RETRY_AFTER))),
        }
    }

    fn enter(&self, peer: IpAddr, bytes: usize) -> Option<Inside> {
        let inside = Inside {
            passage: Some(self.gate.enter(peer, bytes)?),
            gate: self.gate.clone(),
            events: Arc::clone(&self.ports.events),
        };
        self.ports.events.in_flight(self.gate.inside());
        Some(inside)
    }

    /// Has the bytes opened and acts on the verdict.
    async fn open(
        &self,
        route: &WebhookRoute,
        head: &Parts,
        bytes: Bytes,
        inside: Inside,
        arrival: Arrival,
    ) -> Told {
        let carrier = route.decoder.name();
        let path = head.uri.path();
        let delivery = Delivery {
            method: &head.method,
            path,
            query: head.uri.query(),
            place: route.place(path).unwrap_or_default(),
            headers: &head.headers,
            body: &bytes,
            now: self.ports.clock.now(),
        };
        match route.decoder.open(&delivery) {
            Opened::Event(event) => {
                let (id, session, kind) = (event.id.clone(), event.session.clone(), event.body.label());
                let later = route.decoder.later(&delivery, &event);
                let (result, answer) = self.accept(route, *event, bytes.clone(), inside).await;
                let recorded = matches!(result, WebhookResult::Recorded | WebhookResult::Duplicate);
                let mut told = self.told(carrier, arrival, result, answer);
                (told.seen.event, told.seen.kind) = (Some(id), kind);
                told.seen.session = session;
                if let Some(later) = later.filter(|_| recorded) {
                    told.answer = route.reply(later.await);
                }
                told
            }
            Opened::Rejected(why) => {
                let answer = answers::plain(route.refusal);
                self.told(carrier, arrival, WebhookResult::Rejected(why), answer)
            }
            Opened::Ignored(why) => {
                let answer = route.reply(Bytes::new());
                self.told(carrier, arrival, WebhookResult::Ignored(why), answer)
            }
            Opened::Quarantined(why) => {
                let (result, answer) = self.set_aside(route, why, bytes.clone()).await;
                self.told(carrier, arrival, result, answer)
            }
        }
    }

    /// Hands an event in and waits for its receipt. In a task of its own: the client that leaves takes neither the
    /// event nor the place at the gate with it.
    async fn accept(
        &self,
        route: &WebhookRoute,
        event: Event,
        raw: Bytes,
        inside: Inside,
    ) -> (WebhookResult, Answer) {
        let intake = Arc::clone(&self.ports.intake);
        let receipt = self.receipts.spawn(async move {
            let accepted = intake.accept(event, raw).await;
            drop(inside);
            accepted
        });
        let accepted = receipt.await.unwrap_or_else(|error| {
            tracing::error!(%error, "handling a webhook failed");
            Accepted::Refused {
                gate: "panic",
                retry_after: PANIC_RETRY_AFTER,
            }
        });
        match accepted {
            Accepted::Recorded(body) => (WebhookResult::Recorded, route.reply(body)),
            Accepted::Duplicate(body) => (WebhookResult::Duplicate, route.reply(body)),
            Accepted::Refused { gate, retry_after } => {
                (WebhookResult::Refused(gate), answers::come_again(retry_after))
            }
        }
    }

    /// Keeps what makes no sense before the carrier is told that we have it.
    async fn set_aside(
        &self,
        route: &WebhookRoute,
        why: &'static str,
        raw: Bytes,
    ) -> (WebhookResult, Answer) {
        let item = SetAside {
            at: self.ports.clock.now(),
            kind: Kind::Webhook,
            reason: why,
            address: None,
            key: None,
            place: None,
            raw,
        };
        match self.ports.quarantine.keep(item).await {
            Ok(()) => (WebhookResult::Quarantined(why), route.reply(Bytes::new())),
            Err(error) => {
                tracing::error!(%error, "a webhook that makes no sense is not kept; the carrier comes again");
                let answer = answers::come_again(PANIC_RETRY_AFTER);
                (WebhookResult::Refused("quarantine"), answer)
            }
        }
    }

    fn told(&self, carrier: &'static str, arrival: Arrival, result: WebhookResult, answer: Answer) -> Told {
        let seen = WebhookSeen {
            carrier,
            event: None,
            kind: "none",
            session: None,
            received_at: arrival.at,
            took: arrival.started.elapsed(),
            result,
        };
        Told { seen, answer }
    }
}

impl Door for WebhookDoor {
    type Body = Full<Bytes>;

    fn name(&self) -> &'static str {
        "carrier"
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let arrival = Arrival {
            at: self.ports.clock.now(),
            started: Instant::now(),
        };
        // The path is compared as it came: an encoded one is another path.
        let path = request.uri().path();
        let Some(route) = self.entrance(path) else {
            return answers::plain(StatusCode::NOT_FOUND);
        };
        let told = self.webhook(route, request, arrival).await;
        self.ports.events.webhook(&told.seen);
        told.answer
    }
}

fn closing(mut answer: Answer) -> Answer {
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
