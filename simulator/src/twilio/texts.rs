//! Texts of the Twilio face: their way to the phone, status callbacks, and what REST shows.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::{Form, date};
use super::{document, webhook};
use crate::carrier::alphabet;
use crate::target::Receipt;
use crate::world::World;

/// From one station to the next.
const HOP: Duration = Duration::from_millis(150);

/// One text.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) sid: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) status: &'static str,
    pub(crate) direction: &'static str,
    pub(crate) created: Timestamp,
    pub(crate) sent: Option<Timestamp>,
    pub(crate) error: Option<u32>,
    pub(crate) callback: Option<String>,
}

impl Text {
    pub(crate) fn resource(&self, account: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account}/Messages/{}", self.sid);
        json!({
            "sid": self.sid, "account_sid": account, "messaging_service_sid": null, "from": self.from, "to": self.to,
            "body": self.body, "status": self.status, "direction": self.direction,
            "num_segments": alphabet::size(&self.body).parts.to_string(), "num_media": "0",
            "error_code": self.error, "error_message": null, "price": null, "price_unit": "USD",
            "api_version": "2010-04-01", "date_created": date(self.created), "date_sent": self.sent.map(date),
            "date_updated": date(self.sent.unwrap_or(self.created)), "uri": format!("{uri}.json"),
            "subresource_uris": { "media": format!("{uri}/Media.json") },
        })
    }
}

/// Takes a text of the program and sends it on its way; the error code of a refusal.
pub(crate) fn send(
    world: &Arc<World>,
    from: &str,
    to: &str,
    body: &str,
    callback: Option<String>,
    direction: &'static str,
) -> Result<usize, u32> {
    let (number, duplicate) = {
        let mut exchange = world.exchange();
        if exchange.opted_out.contains(&(from.to_owned(), to.to_owned())) {
            return Err(21_610);
        }
        let duplicate = !exchange
            .texts_sent
            .insert((from.to_owned(), to.to_owned(), body.to_owned()));
        let number = exchange.texts.len();
        let sid = exchange.sid("SM", &number.to_string());
        exchange.texts.push(Text {
            sid,
            from: from.to_owned(),
            to: to.to_owned(),
            body: body.to_owned(),
            status: "queued",
            direction,
            created: world.now(),
            sent: None,
            error: None,
            callback,
        });
        exchange.travelling += 1;
        (number, duplicate)
    };
    world.text_sent(duplicate);
    let own = Arc::clone(world);
    world.tasks.spawn(async move { travel(&own, number).await });
    Ok(number)
}

async fn travel(world: &Arc<World>, number: usize) {
    let receipt = {
        let to = world.exchange().texts[number].to.clone();
        world.receipt(&to)
    };
    let way: &[(&'static str, Option<u32>)] = match receipt {
        Receipt::Delivered => &[("sent", None), ("delivered", None)],
        Receipt::Undeliverable => &[("sent", None), ("undelivered", Some(30_003))],
        Receipt::Landline => &[("failed", Some(30_006))],
        Receipt::Unconfirmed => &[("sent", None)],
    };
    for (status, error) in way {
        tokio::time::sleep(HOP).await;
        let text = {
            let mut exchange = world.exchange();
            let text = &mut exchange.texts[number];
            text.status = status;
            text.error = *error;
            text.sent.get_or_insert(world.now());
            text.clone()
        };
        if *status == "delivered" {
            world.text_delivered(&text.to, &text.body);
        }
        if let Some(url) = &text.callback {
            let mut form = Form::default()
                .with("MessageSid", &text.sid)
                .with("SmsSid", &text.sid)
                .with("MessageStatus", *status)
                .with("SmsStatus", *status)
                .with("AccountSid", &world.settings.twilio.sid)
                .with("From", &text.from)
                .with("To", &text.to)
                .with("ApiVersion", "2010-04-01");
            if let Some(error) = error {
                form = form.with("ErrorCode", error.to_string());
            }
            webhook::tell(world, url, "POST", form);
        }
    }
    world.exchange().travelling -= 1;
    world.changed();
}

/// Somebody texts the program: it is asked for a document whose `Message` verbs are the replies.
pub(crate) async fn comes_in(world: Arc<World>, from: String, to: String, body: String) {
    let sid = {
        let mut exchange = world.exchange();
        let pair = (to.clone(), from.clone());
        match body.trim().to_ascii_uppercase().as_str() {
            "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" => {
                exchange.opted_out.insert(pair);
            }
            "START" | "UNSTOP" | "YES" => {
                exchange.opted_out.remove(&pair);
            }
            _ => {}
        }
        let number = exchange.texts.len();
        let sid = exchange.sid("SM", &number.to_string());
        exchange.texts.push(Text {
            sid: sid.clone(),
            from: from.clone(),
            to: to.clone(),
            body: body.clone(),
            status: "received",
            direction: "inbound",
            created: world.now(),
            sent: Some(world.now()),
            error: None,
            callback: None,
        });
        sid
    };
    let Some(url) = world
        .settings
        .twilio
        .sms_url
        .clone()
        .or_else(|| world.webhook_url())
    else {
        return;
    };
    let form = Form::default()
        .with("MessageSid", &sid)
        .with("SmsSid", &sid)
        .with("SmsMessageSid", &sid)
        .with("AccountSid", &world.settings.twilio.sid)
        .with("From", &from)
        .with("To", &to)
        .with("Body", &body)
        .with("NumMedia", "0")
        .with("NumSegments", alphabet::size(&body).parts.to_string())
        .with("SmsStatus", "received")
        .with("ApiVersion", "2010-04-01");
    let Ok(text) = webhook::ask(&world, &url, "POST", form).await else {
        return;
    };
    for verb in document::read(&text).unwrap_or_default() {
        if verb.name == "Message" || verb.name == "Sms" {
            let inner = verb.children.iter().find(|noun| noun.name == "Body");
            let words = inner.map_or(&verb.text, |noun| &noun.text);
            let callback = verb.attribute("statusCallback").map(str::to_owned);
            // A reply to somebody who opted out goes nowhere, and nobody is told.
            let _ = send(&world, &to, &from, words, callback, "outbound-reply");
        }
    }
}
