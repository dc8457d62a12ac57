//! `Messages`: send one, look at one or all, delete one.

use super::{Answer, Ask, Refused, is_address};
use crate::twilio::texts;
use serde_json::Value;

/// Characters of a body at most.
const LONGEST: usize = 1_600;

pub(super) fn create(ask: &Ask<'_>) -> Answer {
    let to = ask.need("To", 21_604)?;
    let from = ask
        .form
        .get("From")
        .or(ask.form.get("MessagingServiceSid"))
        .ok_or_else(|| Refused::bad(21_603, "A 'From' phone number is required"))?;
    let body = ask.form.get("Body").unwrap_or_default();
    if body.is_empty() && ask.form.get("MediaUrl").is_none() {
        return Err(Refused::bad(21_602, "Message body is required"));
    }
    if body.chars().count() > LONGEST {
        return Err(Refused::bad(
            21_617,
            "The concatenated message body exceeds the 1600 character limit",
        ));
    }
    if !is_address(to) || !to.starts_with('+') {
        return Err(Refused::bad(
            21_211,
            "The 'To' number is not a valid phone number",
        ));
    }
    let callback = ask.form.get("StatusCallback").map(str::to_owned);
    let number = texts::send(ask.world, from, to, body, callback, "outbound-api")
        .map_err(|code| Refused::bad(code, "Attempt to send to unsubscribed recipient"))?;
    let exchange = ask.world.exchange();
    Ok((201, exchange.texts[number].resource(&exchange.account)))
}

pub(super) fn fetch(ask: &Ask<'_>, sid: &str) -> Answer {
    let exchange = ask.world.exchange();
    let found = exchange.texts.iter().find(|text| text.sid == sid);
    let text = found.ok_or_else(|| Refused::not_found(ask.path))?;
    Ok((200, text.resource(&exchange.account)))
}

pub(super) fn delete(ask: &Ask<'_>, sid: &str) -> Answer {
    fetch(ask, sid)?;
    // The books need it; for the API it is gone as far as anybody asks twice.
    Ok((204, Value::Null))
}

pub(super) fn list(ask: &Ask<'_>) -> Answer {
    let exchange = ask.world.exchange();
    let wanted = |name: &str, value: &str| ask.query.get(name).is_none_or(|wanted| wanted == value);
    let shown = exchange
        .texts
        .iter()
        .rev()
        .filter(|text| wanted("To", &text.to) && wanted("From", &text.from));
    let all = shown.map(|text| text.resource(&exchange.account)).collect();
    drop(exchange);
    ask.paged("messages", all)
}
