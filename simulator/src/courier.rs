//! Delivers webhooks: waits, signs, posts, repeats, gives up. Every attempt is booked in the ledger.
//!
//! Which fault a webhook meets was decided by `world`; which answer means what is in `policy`.

pub(crate) mod policy;
pub(crate) mod signature;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::json;

use crate::carrier::emitted::Webhook;
use crate::settings::Settings;
use crate::world::World;
use policy::{Attempt, Next, Policy};
use signature::Signer;

/// Answers are read up to here so that the connection can be used again.
const ANSWER_LIMIT: usize = 64 * 1024;
/// Idle connections kept per target.
const IDLE_CONNECTIONS: usize = 256;

/// One webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) webhook: Arc<Webhook>,
    pub(crate) starts: Instant,
    /// The first attempt disappears on the way.
    pub(crate) lose_first: bool,
    /// A second delivery of the same event, as carriers make them.
    pub(crate) repeat: bool,
}

/// The delivering side of the carrier.
#[derive(Debug)]
pub(crate) struct Courier {
    client: Client<HttpConnector, Full<Bytes>>,
    pub(crate) signer: Signer,
    policy: Policy,
    timeout: Duration,
    failover: Option<String>,
}

impl Courier {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.webhook_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Self {
            client,
            signer: Signer::new(&settings.signing_seed),
            policy: Policy {
                budget: settings.webhook_budget,
            },
            timeout: settings.webhook_timeout,
            failover: settings.failover_url.clone(),
        }
    }

    /// Delivers until the program accepts, refuses, or the time for retries is over.
    pub(crate) async fn deliver(&self, world: &World, delivery: &Delivery) {
        tokio::time::sleep_until(delivery.starts.into()).await;
        world.book(|ledger| ledger.counters.webhooks_sent += 1);
        let started = Instant::now();
        let mut attempt = 1;
        let mut to_failover = false;
        loop {
            let outcome = if delivery.lose_first && attempt == 1 {
                // The carrier notices a lost request only when its time is over.
                tokio::time::sleep(self.timeout).await;
                Attempt::Failed
            } else {
                self.attempt(world, delivery, attempt, to_failover).await
            };
            match self
                .policy
                .next(attempt, outcome, started.elapsed(), self.failover.is_some())
            {
                Next::Done => return,
                Next::GiveUp => {
                    tracing::debug!(event = %delivery.webhook.id, attempt, "webhook given up");
                    return world.book(|ledger| ledger.counters.webhooks_rejected += 1);
                }
                Next::Retry { after, failover } => {
                    to_failover = failover;
                    tokio::time::sleep(after).await;
                }
            }
            attempt += 1;
            world.book(|ledger| ledger.counters.webhooks_retried += 1);
        }
    }

    async fn attempt(&self, world: &World, delivery: &Delivery, attempt: u32, to_failover: bool) -> Attempt {
        let webhook = &delivery.webhook;
        if world.is_out() {
            world.attempt_in_outage(webhook);
            tokio::time::sleep(self.timeout).await;
            return Attempt::Failed;
        }
        let url = match (to_failover, &self.failover) {
            (true, Some(url)) => url.clone(),
            _ => match webhook.url.clone().or_else(|| world.webhook_url()) {
                Some(url) => url,
                None => return Attempt::Refused,
            },
        };
        let Some(request) = self.build(webhook, &url, attempt) else {
            return Attempt::Refused;
        };
        let sent = Instant::now();
        if !delivery.repeat {
            let ends = webhook.event_type == "call.hangup";
            world.book(|ledger| ledger.attempt(webhook.leg, webhook.id, ends, sent));
        }
        let outcome = self.post(request).await;
        world.book(|ledger| match outcome {
            Attempt::Accepted => ledger.acked(webhook.leg, webhook.id, sent.elapsed()),
            Attempt::Refused | Attempt::Failed => ledger.attempt_failed(webhook.leg, webhook.id),
        });
        outcome
    }

    /// One request of the Twilio face, over the same connections.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Option<Response<Incoming>> {
        self.client.request(request).await.ok()
    }

    fn build(&self, webhook: &Webhook, url: &str, attempt: u32) -> Option<Request<Full<Bytes>>> {
        let body =
            json!({ "data": webhook.data, "meta": { "attempt": attempt, "delivered_to": url } }).to_string();
        // A fresh timestamp per attempt: a retry must not fall out of the receiver's tolerance.
        let timestamp = Timestamp::now().as_second();
        let signature = self.signer.sign(timestamp, body.as_bytes());
        Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "telnyx-webhooks")
            .header("telnyx-timestamp", timestamp.to_string())
            .header("telnyx-signature-ed25519", signature)
            .body(Full::new(Bytes::from(body)))
            .ok()
    }

    async fn post(&self, request: Request<Full<Bytes>>) -> Attempt {
        let answered = tokio::time::timeout(self.timeout, async {
            let response = self.client.request(request).await.ok()?;
            let status = response.status().as_u16();
            // The body means nothing, but an unread one costs the connection.
            let _ = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
            Some(status)
        });
        match answered.await {
            Ok(Some(status)) => Attempt::from_status(status),
            Ok(None) | Err(_) => Attempt::Failed,
        }
    }
}
