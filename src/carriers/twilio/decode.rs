//! From a Twilio webhook to one [`Event`], or to a bounded reason why not.
//!
//! The webhook door calls [`TwilioWebhooks`]. What came is told by its fields and by the address it came to; nothing here
//! knows which call an event belongs to, and nothing of a request reaches a log line.

mod message;

pub(super) use message::status;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use cordboard_actors::ports::{Delivery, LaterAnswer, Opened, Rejection, WebhookDecoder};
use cordboard_core::{Event, EventBody};
use http::Method;
use http::header::CONTENT_TYPE;

use super::callback::Place;
use super::open_legs::parked;
use super::signature::Signed;
use super::ticket::{Kind, Ticket};
use super::voice::{self, Question, Said};
use super::{AuthTokens, CallbackKeys, Form, OpenLegs};

/// Why an authentic request is set aside; bounded, for metrics and the quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

/// The server side of Twilio: authenticates webhooks and decodes them.
#[derive(Debug)]
pub struct TwilioWebhooks {
    tokens: AuthTokens,
    account: String,
    callbacks: CallbackKeys,
    open: Arc<OpenLegs>,
    diagnosed_at: AtomicU64,
}

impl TwilioWebhooks {
    /// Believes `tokens`, takes what is about `account`, reads the addresses of `callbacks`, and keeps the questions of legs
    /// in `open`.
    pub fn new(
        tokens: AuthTokens,
        account: impl Into<String>,
        callbacks: CallbackKeys,
        open: Arc<OpenLegs>,
    ) -> Self {
        Self {
            tokens,
            account: account.into(),
            callbacks,
            open,
            diagnosed_at: AtomicU64::new(0),
        }
    }

    /// The fields, once they are known to be authentic.
    fn authentic(&self, delivery: &Delivery<'_>) -> Result<Form, Rejection> {
        let url = self.callbacks.public_url().of(delivery.path, delivery.query);
        let (form, json) = match fields(delivery) {
            Some(form) => (form, false),
            None => (Form::default(), true),
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
        let said = match place {
            Place::Front => voice::front(form),
            Place::Finished { kind, state } => match Ticket::read(&kind) {
                Some(ticket) => voice::ours(form, &ticket, state),
                None => Err("foreign_ticket"),
            },
            Place::Text(_) => Err("no_message"),
        };
        match said.map_err(Fault)? {
            Said::Event(event) => Ok(Opened::Event(event)),
            Said::Nothing(why) => Ok(Opened::Ignored(why)),
        }
    }

    /// The leg that asks what to do by this webhook, if one does.
    fn question(&self, place: Place, form: &Form, event: &Event) -> Option<Question> {
        match place {
            Place::Front => voice::front_question(form, event),
            Place::Finished { kind, state } => voice::question(form, &Ticket::read(&kind)?, &state),
            Place::Text(_) => None,
        }
    }

    /// The document of an announcement.
    fn announcement(&self, place: &Place) -> Option<Bytes> {
        let Place::Finished { kind, .. } = place else {
            return None;
        };
        let ticket = Ticket::read(kind).filter(|ticket| ticket.kind == Kind::Announcement)?;
        let text = self.open.announcements.find(&ticket.about?)?;
        Some(Bytes::copy_from_slice(text.as_bytes()))
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

    fn later(&self, delivery: &Delivery<'_>, event: &Event) -> Option<LaterAnswer> {
        if let (EventBody::CallHangup { .. }, Some(leg)) = (&event.body, &event.leg) {
            self.open.held.forget(leg);
        }
        let place = self.callbacks.read(delivery.place)?;
        if let Some(document) = self.announcement(&place) {
            return Some(Box::pin(std::future::ready(document)));
        }
        let form = fields(delivery).unwrap_or_default();
        let question = self.question(place, &form, event)?;
        let turn = self.open.held.ask(&question.leg, &event.id, question.after);
        let (open, callbacks) = (Arc::clone(&self.open), self.callbacks.clone());
        Some(Box::pin(async move {
            let park = |_: &_, number| parked(&callbacks, &question.state, number);
            let text = open.held.answer(turn, park).await;
            Bytes::copy_from_slice(text.as_bytes())
        }))
    }
}

/// The fields of a form, wherever it has them; `None` when it has another content.
fn fields(delivery: &Delivery<'_>) -> Option<Form> {
    match delivery.method {
        &Method::GET => Some(Form::read(delivery.query.unwrap_or_default().as_bytes())),
        _ => is_form(delivery).then(|| Form::read(delivery.body)),
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
