//! The carrier door: `POST /webhooks/…`, one decoder per path.
//!
//! Checks form and size, takes a place at gate 1, reads the bytes, has the carrier's decoder open them and waits
//! until a record contains the event. It answers; what the event means is decided elsewhere.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordboard_actors::ports::{Accepted, Clock, Intake, Opened, Quarantine, WebhookDecoder};
use cordboard_actors::quarantine::{Kind, SetAside};
use cordboard_core::{Event, Timestamp};
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use tokio_util::task::TaskTracker;

use super::body::Unread;
use super::events::{DoorEvents, WebhookResult, WebhookSeen};
use super::gate::{Gate, Passage};
use super::limits::DoorLimits;
use super::listener::Door;
use super::{answers, body, peer};

/// When a webhook that found the gate full should come again. Carriers wait longer on their own; load tools obey.
const GATE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Longest place below an entrance: a tag and a key, in Base64.
const MAX_PLACE_BYTES: usize = 256;

/// When a webhook whose handling panicked should come again.
const PANIC_RETRY_AFTER: Duration = Duration::from_secs(1);

/// One carrier's entrance.
pub struct WebhookRoute {
    /// Exact path, such as `/webhooks/telnyx`.
    pub path: &'static str,
    /// The only content type it takes (parameters such as `charset` are allowed).
    pub content_type: &'static str,
    /// Content type of answers that have a body.
    pub reply_type: &'static str,
    /// Who believes and decodes.
    pub decoder: Arc<dyn WebhookDecoder>,
}

impl WebhookRoute {
    /// `POST /webhooks/telnyx`: JSON in, empty answers out.
    pub fn telnyx(decoder: Arc<dyn WebhookDecoder>) -> Self {
        Self {
            path: "/webhooks/telnyx",
            content_type: "application/json",
            reply_type: "application/json",
            decoder,
        }
    }
}

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
    routes: HashMap<&'static str, WebhookRoute>,
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
    /// A door with these entrances; of two with the same path the later wins.
    pub fn new(routes: Vec<WebhookRoute>, limits: DoorLimits, gate: GateLimits, ports: WebhookPorts) -> Self {
        // A gate narrower than one body would refuse every chunked webhook for ever.
        let bytes = gate.bytes.max(limits.max_body_bytes);
        Self {
            routes: routes.into_iter().map(|route| (route.path, route)).collect(),
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

    /// The entrance of a path, and the place below it: reports about one message come to `…/m/<place>`.
    fn entrance<'p>(&self, path: &'p str) -> Option<(&WebhookRoute, &'p str)> {
        if let Some(route) = self.routes.get(path) {
            return Some((route, ""));
        }
        let (path, place) = path.rsplit_once("/m/")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let sound = (1..=MAX_PLACE_BYTES).contains(&place.len()) && place.bytes().all(plain);
        sound.then(|| self.routes.get(path).map(|route| (route, place)))?
    }

    async fn webhook(
        &self,
        route: &WebhookRoute,
        place: &str,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Told {
        let carrier = route.decoder.name();
        let malformed = |status: StatusCode, answer: Answer| {
            self.told(carrier, arrival, WebhookResult::Malformed(status), answer)
        };
        if request.method() != Method::POST {
            return malformed(StatusCode::METHOD_NOT_ALLOWED, answers::allow("POST"));
        }
        if let Some(answer) = refuse_form(request.headers(), route.content_type) {
            return malformed(StatusCode::UNSUPPORTED_MEDIA_TYPE, answer);
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
            Ok(bytes) => {
                self.open((route, place), &parts.headers, bytes, inside, arrival)
                    .await
            }
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
        (route, place): (&WebhookRoute, &str),
        headers: &HeaderMap,
        bytes: Bytes,
        inside: Inside,
        arrival: Arrival,
    ) -> Told {
        let carrier = route.decoder.name();
        match route
            .decoder
            .open_at(place, headers, &bytes, self.ports.clock.now())
        {
            Opened::Event(event) => {
                let (id, session) = (event.id.clone(), event.session.clone());
                let (result, answer) = self.accept(route, *event, bytes, inside).await;
                let mut told = self.told(carrier, arrival, result, answer);
                told.seen.event = Some(id);
                told.seen.session = session;
                told
            }
            Opened::Rejected(why) => {
                let answer = answers::plain(StatusCode::UNAUTHORIZED);
                self.told(carrier, arrival, WebhookResult::Rejected(why), answer)
            }
            Opened::Ignored(why) => {
                self.told(carrier, arrival, WebhookResult::Ignored(why), answers::empty())
            }
            Opened::Quarantined(why) => {
                let (result, answer) = self.set_aside(why, bytes).await;
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
            Accepted::Recorded(body) => (WebhookResult::Recorded, reply(route, body)),
            Accepted::Duplicate(body) => (WebhookResult::Duplicate, reply(route, body)),
            Accepted::Refused { gate, retry_after } => {
                (WebhookResult::Refused(gate), answers::come_again(retry_after))
            }
        }
    }

    /// Keeps what makes no sense before the carrier is told that we have it.
    async fn set_aside(&self, why: &'static str, raw: Bytes) -> (WebhookResult, Answer) {
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
            Ok(()) => (WebhookResult::Quarantined(why), answers::empty()),
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
        let Some((route, place)) = self.entrance(path) else {
            return answers::plain(StatusCode::NOT_FOUND);
        };
        let place = place.to_owned();
        let told = self.webhook(route, &place, request, arrival).await;
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

fn reply(route: &WebhookRoute, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body.clone()));
    if !body.is_empty() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(route.reply_type));
    }
    response
}

/// Content type and encoding; nothing is ever inflated.
fn refuse_form(headers: &HeaderMap, content_type: &str) -> Option<Answer> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let mut answer = answers::last(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        answer
            .headers_mut()
            .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Some(answer);
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let essence = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case(content_type)
    };
    match (types.next(), types.next()) {
        (Some(only), None) if essence(only) => None,
        _ => Some(answers::last(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}
