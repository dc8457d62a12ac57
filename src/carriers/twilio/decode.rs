//! From a Twilio webhook to one [`Event`], or to a bounded reason why not.
//!
//! The webhook door calls [`TwilioWebhooks`]. What came is told by its fields and by the address it came to; nothing here
//! knows which call an event belongs to, and nothing of a request reaches a log line.

mod message;

use std::sync::atomic::{AtomicU64, Ordering};

use cordboard_actors::ports::{Delivery, Opened, Rejection, WebhookDecoder};
use cordboard_core::{Event, EventBody};
use http::Method;
use http::header::CONTENT_TYPE;

use super::callback::Place;
use super::signature::Signed;
use super::{AuthTokens, CallbackKeys, Form};

/// Why an authentic request is set aside; bounded, for metrics and the quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

/// The server side of Twilio: authenticates webhooks and decodes them.
#[derive(Debug)]
pub struct TwilioWebhooks {
    tokens: AuthTokens,
    account: String,
    callbacks: CallbackKeys,
    diagnosed_at: AtomicU64,
}

impl TwilioWebhooks {
    /// Believes `tokens`, takes what is about `account`, reads the addresses of `callbacks`.
    pub fn new(tokens: AuthTokens, account: impl Into<String>, callbacks: CallbackKeys) -> Self {
        Self {
            tokens,
            account: account.into(),
            callbacks,
            diagnosed_at: AtomicU64::new(0),
        }
    }

    /// The fields, once they are known to be authentic.
    fn authentic(&self, delivery: &Delivery<'_>) -> Result<Form, Rejection> {
        let url = self.callbacks.public_url().of(delivery.path, delivery.query);
        let query = || Form::read(delivery.query.unwrap_or_default().as_bytes());
        let (form, json) = match delivery.method {
            &Method::GET => (query(), false),
            _ if is_form(delivery) => (Form::read(delivery.body), false),
            _ => (Form::default(), true),
        };
        let signed = match (delivery.method, json) {
            (&Method::GET, _) => Signed::Address,
            (_, true) => Signed::Hashed(delivery.body),
            (_, false) => Signed::Form(&form),
        };
        match self.tokens.verify(&url, signed, delivery.headers) {
            Ok(()) => Ok(form),
            Err(why) => {
                if why == Rejection::WrongSignature {
                    self.diagnose(&url, signed, delivery);
                }
                Err(why)
            }
        }
    }

    /// Says what to mend when Twilio signs for another address than the one that is configured.
    fn diagnose(&self, url: &str, signed: Signed<'_>, delivery: &Delivery<'_>) {
        // Each look computes some twenty signatures: a flood of forgeries gets one a second.
        let now = delivery.now.as_secs();
        if self.diagnosed_at.swap(now, Ordering::Relaxed) == now {
            return;
        }
        let Some(variants) = self.tokens.diagnose(url, delivery.path, signed, delivery.headers) else {
            return;
        };
        let labels: Vec<&str> = variants.iter().map(super::Variant::label).collect();
        let told: Vec<String> = variants.iter().map(ToString::to_string).collect();
        tracing::error!(
            variant = labels.join("+"),
            configured = self.callbacks.public_url().as_str(),
            "a webhook of Twilio is refused: its signature fits with {}; set twilio.public_url to the address that \
             Twilio was given, or mend the proxy",
            told.join(" and ")
        );
    }

    fn decode(&self, delivery: &Delivery<'_>, form: &Form) -> Result<Opened, Fault> {
        if form.get("AccountSid").is_some_and(|sid| sid != self.account) {
            return Ok(Opened::Ignored("foreign_account"));
        }
        let Some(place) = self.callbacks.read(delivery.place) else {
            return Ok(Opened::Ignored("foreign_address"));
        };
        if message::is_one(form) {
            return message::read(form, place).map(|event| Opened::Event(Box::new(event)));
        }
        match place {
            Place::Front | Place::Finished { .. } => Ok(Opened::Ignored("call")),
            Place::Text(_) => Err(Fault("no_message")),
        }
    }
}

impl WebhookDecoder for TwilioWebhooks {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn open(&self, delivery: &Delivery<'_>) -> Opened {
        match self.authentic(delivery) {
            Err(why) => Opened::Rejected(why),
            Ok(form) => self
                .decode(delivery, &form)
                .unwrap_or_else(|Fault(reason)| Opened::Quarantined(reason)),
        }
    }
}

fn is_form(delivery: &Delivery<'_>) -> bool {
    let value = delivery.headers.get(CONTENT_TYPE);
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// An event about a text: it belongs to no call, and its numbers say whose it is.
pub(super) fn textual(id: String, body: EventBody) -> Event {
    Event {
        id: id.as_str().into(),
        occurred_at: None,
        connection: None,
        session: None,
        leg: None,
        leg_uuid: None,
        conference: None,
        client_state: None,
        body,
    }
}
