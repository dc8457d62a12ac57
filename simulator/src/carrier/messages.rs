//! Text messages: sending, delivery reports, and messages that come in.
//!
//! Sending has no command id at this carrier: two requests are two messages. A repetition of number, number
//! and text is reported to the ledger.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::{Emitted, Notice, Timer, Webhook};
use super::leg::stamp;
use super::request::{Body, text, texts};
use super::rules;
use super::{Carrier, Step, alphabet};
use crate::target::Receipt;

/// From acceptance to the next carrier, and from there to the phone.
const HOP: Duration = Duration::from_millis(150);
/// Parts of a message at most.
const MOST_PARTS: usize = 10;

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Queued,
    Sent,
    Over(Receipt),
    Received,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    id: Uuid,
    from: String,
    to: String,
    text: String,
    media: Vec<String>,
    profile: String,
    webhook_url: Option<String>,
    received_at: Timestamp,
    sent_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    progress: Progress,
}

impl Message {
    fn resource(&self, organization: Uuid) -> Value {
        let time = |at: Option<Timestamp>| at.map(stamp);
        let size = alphabet::size(&self.text);
        let media: Vec<Value> = self
            .media
            .iter()
            .map(|url| json!({ "url": url, "content_type": null, "size": null, "sha256": null }))
            .collect();
        let (direction, status) = match self.progress {
            Progress::Queued => ("outbound", "queued"),
            Progress::Sent => ("outbound", "sent"),
            Progress::Over(Receipt::Delivered) => ("outbound", "delivered"),
            Progress::Over(Receipt::Undeliverable) => ("outbound", "delivery_failed"),
            Progress::Over(Receipt::Landline) => ("outbound", "sending_failed"),
            Progress::Over(Receipt::Unconfirmed) => ("outbound", "delivery_unconfirmed"),
            Progress::Received => ("inbound", "webhook_delivered"),
        };
        json!({
            "record_type": "message", "id": self.id, "direction": direction,
            "type": if self.media.is_empty() { "SMS" } else { "MMS" },
            "messaging_profile_id": self.profile, "organization_id": organization,
            "from": { "phone_number": self.from, "carrier": "", "line_type": "" },
            "to": [{ "phone_number": self.to, "carrier": "", "line_type": "", "status": status }],
            "cc": [], "text": self.text, "subject": null, "media": media,
            "parts": size.parts.clamp(1, MOST_PARTS), "num_chars": self.text.chars().count(),
            "encoding": size.encoding, "cost": null, "cost_breakdown": null, "errors": self.errors(), "tags": [],
            "received_at": stamp(self.received_at), "sent_at": time(self.sent_at),
            "completed_at": time(self.completed_at), "valid_until": null, "wait_seconds": 0.0,
            "webhook_url": self.webhook_url, "webhook_failover_url": null,
        })
    }
}

impl Message {
    /// What the event of the end says went wrong.
    fn errors(&self) -> Value {
        let (code, title, detail) = match self.progress {
            Progress::Over(Receipt::Undeliverable) => (
                "40008",
                "Undeliverable",
                "The recipient's network did not deliver the message.",
            ),
            Progress::Over(Receipt::Landline) => (
                "40001",
                "Not routable",
                "The destination number is a landline or cannot receive messages.",
            ),
            _ => return json!([]),
        };
        json!([{ "code": code, "title": title, "detail": detail }])
    }
}

impl Carrier {
    pub(super) fn send_message(&mut self, step: &mut Step, body: &Body) -> Outcome {
        rules::check(rules::conference::MESSAGE, body)?;
        let from = text(body, "from").unwrap_or_default();
        if from.is_empty() && text(body, "messaging_profile_id").is_none() {
            return Err(ApiError::coded(
                "40305",
                "from",
                "given, or a messaging_profile_id instead",
            ));
        }
        let to = text(body, "to").unwrap_or_default();
        if !to.starts_with('+') {
            return Err(ApiError::coded("40310", "to", "a phone number with its +"));
        }
        if self.opted_out.contains(&(from.to_owned(), to.to_owned())) {
            return Err(ApiError::stopped());
        }
        if alphabet::size(text(body, "text").unwrap_or_default()).parts > MOST_PARTS {
            return Err(ApiError::coded("40302", "text", "short enough for 10 parts"));
        }
        let media = texts(body, "media_urls");
        if text(body, "text").unwrap_or_default().is_empty() && media.is_empty() {
            return Err(ApiError::coded("40316", "text", "given, or media_urls instead"));
        }
        let mut message = self.new_message(step, from, text(body, "to").unwrap_or_default(), body);
        message.media = media;
        let number = self.messages.len();
        let answer = Answer::data(message.resource(self.organization()));
        let words = (message.from.clone(), message.to.clone(), message.text.clone());
        step.notice(Notice::MessageSent {
            repeated: !self.texts_sent.insert(words),
        });
        self.by_message.insert(message.id.to_string(), number);
        self.messages.push(message);
        self.travelling += 1;
        step.timer(HOP, Timer::MessageMoves(number));
        Ok(answer)
    }

    fn new_message(&self, step: &Step, from: &str, to: &str, body: &Body) -> Message {
        let count = self.messages.len().to_string();
        Message {
            id: self.dice.uuid(&["message", &count]),
            from: from.to_owned(),
            to: to.to_owned(),
            text: text(body, "text").unwrap_or_default().to_owned(),
            media: Vec::new(),
            profile: text(body, "messaging_profile_id").unwrap_or_default().to_owned(),
            webhook_url: text(body, "webhook_url").map(str::to_owned),
            received_at: step.now,
            sent_at: None,
            completed_at: None,
            progress: Progress::Queued,
        }
    }

    /// Somebody texts the program.
    pub(super) fn message_comes_in(&mut self, step: &mut Step, from: &str, to: &str, words: &str) {
        let mut message = self.new_message(step, from, to, &Body::new());
        words.clone_into(&mut message.text);
        // The carrier itself keeps to STOP and START, whatever the program does with them.
        let pair = (to.to_owned(), from.to_owned());
        match words.trim().to_ascii_uppercase().as_str() {
            "STOP" | "STOPALL" | "STOP ALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" => {
                self.opted_out.insert(pair);
            }
            "START" | "UNSTOP" => {
                self.opted_out.remove(&pair);
            }
            _ => {}
        }
        message.progress = Progress::Received;
        let number = self.messages.len();
        self.by_message.insert(message.id.to_string(), number);
        self.messages.push(message);
        self.message_event(step, number, "message.received");
    }

    /// A message gets one hop further.
    pub(super) fn message_moves(&mut self, step: &mut Step, number: usize) {
        let receipt = self.receipt(&self.messages[number].to);
        let message = &mut self.messages[number];
        match message.progress {
            Progress::Queued if receipt == Receipt::Landline => {
                message.progress = Progress::Over(receipt);
                message.completed_at = Some(step.now);
                self.travelling -= 1;
                self.message_event(step, number, "message.finalized");
            }
            Progress::Queued => {
                message.progress = Progress::Sent;
                message.sent_at = Some(step.now);
                self.message_event(step, number, "message.sent");
                step.timer(HOP, Timer::MessageMoves(number));
            }
            Progress::Sent => {
                message.progress = Progress::Over(receipt);
                message.completed_at = Some(step.now);
                self.travelling -= 1;
                if receipt == Receipt::Delivered {
                    step.notice(Notice::MessageDelivered {
                        from: message.from.clone(),
                        to: message.to.clone(),
                        words: message.text.clone(),
                    });
                }
                self.message_event(step, number, "message.finalized");
            }
            Progress::Over(_) | Progress::Received => {}
        }
    }

    fn message_event(&self, step: &mut Step, number: usize, event_type: &'static str) {
        let message = &self.messages[number];
        let key = format!("message-{number}");
        let id = self.dice.uuid(&["event", &key, event_type]);
        let data = json!({ "record_type": "event", "event_type": event_type, "id": id,
            "occurred_at": stamp(step.now), "payload": message.resource(self.organization()) });
        let url = message.webhook_url.clone();
        step.out.push(Emitted::Webhook(Webhook {
            id,
            event_type,
            data,
            leg: None,
            conference: None,
            key,
            index: 0,
            url,
        }));
    }

    pub(super) fn get_message(&self, id: &str) -> Outcome {
        let number = self.by_message.get(id).ok_or_else(ApiError::not_found)?;
        Ok(Answer::read(
            json!({ "data": self.messages[*number].resource(self.organization()) }),
        ))
    }

    fn organization(&self) -> Uuid {
        self.dice.uuid(&["organization"])
    }
}
