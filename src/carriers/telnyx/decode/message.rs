//! Events about text messages (API-FACTS 1.9). Their parties are objects, so they are parsed on their own.

use cordboard_core::event::EventBody;
use cordboard_core::text::{TextMedia, TextReceived, TextReport, TextStatus};
use cordboard_core::{MessageId, PhoneNumber, phone::Text};
use serde::Deserialize;

use super::Fault;
use super::fields::{MAX_PARTY_BYTES, MAX_URL_BYTES, cut};
use crate::carriers::telnyx::client::checked;

/// Longest text that is kept, characters: ten segments of the basic alphabet, the carrier's longest.
const MAX_TEXT_CHARS: usize = 1_600;

/// Most attached files that are kept; the carrier takes ten.
const MAX_MEDIA: usize = 10;

/// Most of the carrier's error codes that are kept, and how long each may be.
const MAX_ERRORS: usize = 4;
const MAX_CODE_CHARS: usize = 16;

#[derive(Deserialize)]
struct Envelope {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    id: String,
    direction: Option<String>,
    from: Option<Party>,
    to: Option<Parties>,
    text: Option<String>,
    media: Option<Vec<Media>>,
    parts: Option<u32>,
    errors: Option<Vec<CarrierError>>,
    cost: Option<Cost>,
}

/// Older captures have plain strings where objects are described.
#[derive(Deserialize)]
#[serde(untagged)]
enum Party {
    Described {
        phone_number: String,
        #[serde(default)]
        status: Option<String>,
    },
    Plain(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Parties {
    Several(Vec<Party>),
    One(Party),
}

#[derive(Deserialize)]
struct Media {
    url: Option<String>,
    content_type: Option<String>,
}

#[derive(Deserialize)]
struct CarrierError {
    code: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Cost {
    amount: Option<String>,
    currency: Option<String>,
}

impl Party {
    fn number(&self) -> PhoneNumber {
        let (Self::Described {
            phone_number: text, ..
        }
        | Self::Plain(text)) = self;
        let clean: String = text.chars().filter(|c| !c.is_control()).collect();
        PhoneNumber::new(cut(&clean, MAX_PARTY_BYTES))
    }

    fn status(&self) -> Option<&str> {
        match self {
            Self::Described { status, .. } => status.as_deref(),
            Self::Plain(_) => None,
        }
    }
}

/// Reads the fact out of an authentic body that is known to be an event of this type.
pub(super) fn read(event_type: &str, body: &[u8]) -> Result<EventBody, Fault> {
    if !matches!(
        event_type,
        "message.received" | "message.sent" | "message.finalized"
    ) {
        return Ok(EventBody::Message {
            event_type: event_type.to_owned(),
        });
    }
    let Envelope {
        data: Data { payload },
    } = serde_json::from_slice(body).map_err(|_| Fault("wrong_type"))?;
    let message = MessageId::new(checked(&payload.id).ok_or(Fault("bad_id"))?);
    let from = payload
        .from
        .as_ref()
        .map(Party::number)
        .ok_or(Fault("no_sender"))?;
    let receiver = match &payload.to {
        Some(Parties::Several(all)) => all.first(),
        Some(Parties::One(one)) => Some(one),
        None => None,
    };
    let receiver = receiver.ok_or(Fault("no_receiver"))?;
    let outgoing = payload.direction.as_deref() == Some("outbound");
    if (event_type == "message.received") == outgoing {
        return Err(Fault("bad_direction"));
    }
    let (to, segments) = (receiver.number(), payload.parts);
    if !outgoing {
        let words: String = payload
            .text
            .unwrap_or_default()
            .chars()
            .take(MAX_TEXT_CHARS)
            .collect();
        return Ok(EventBody::MessageReceived(Box::new(TextReceived {
            message,
            from,
            to,
            text: Text::new(words),
            media: media(payload.media.unwrap_or_default()),
            segments,
        })));
    }
    Ok(EventBody::MessageStatus(Box::new(TextReport {
        message,
        key: None,
        from,
        to,
        status: status(
            receiver.status().unwrap_or_default(),
            event_type == "message.finalized",
        ),
        errors: codes(payload.errors.unwrap_or_default()),
        segments,
        cost: payload.cost.and_then(cost),
    })))
}

/// A word that this build does not know says no more than the event's type does.
fn status(word: &str, last: bool) -> TextStatus {
    match word {
        "queued" | "scheduled" => TextStatus::Queued,
        "sending" => TextStatus::Sending,
        "delivered" => TextStatus::Delivered,
        "sending_failed" | "cancelled" => TextStatus::SendingFailed,
        "delivery_failed" | "expired" => TextStatus::DeliveryFailed,
        "delivery_unconfirmed" => TextStatus::Unconfirmed,
        _ if last => TextStatus::Unconfirmed,
        _ => TextStatus::Sent,
    }
}

fn media(files: Vec<Media>) -> Vec<TextMedia> {
    let sound = files.into_iter().filter_map(|file| {
        let url = file.url.filter(|url| url.len() <= MAX_URL_BYTES)?;
        let content_type = file.content_type.map(|kind| cut(&kind, 64).to_owned());
        Some(TextMedia { url, content_type })
    });
    sound.take(MAX_MEDIA).collect()
}

fn codes(errors: Vec<CarrierError>) -> Vec<String> {
    let code = |error: CarrierError| match error.code? {
        serde_json::Value::String(code) => Some(code),
        serde_json::Value::Number(code) => Some(code.to_string()),
        _ => None,
    };
    let plain = |code: String| -> String {
        let letters = code.chars().filter(char::is_ascii_alphanumeric);
        letters.take(MAX_CODE_CHARS).collect()
    };
    errors
        .into_iter()
        .filter_map(code)
        .map(plain)
        .take(MAX_ERRORS)
        .collect()
}

fn cost(cost: Cost) -> Option<String> {
    let amount = cost.amount?;
    let sound = amount.len() <= 16 && amount.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let currency = cost.currency.unwrap_or_default();
    let currency: String = currency
        .chars()
        .filter(char::is_ascii_alphabetic)
        .take(3)
        .collect();
    sound.then(|| format!("{amount} {currency}").trim_end().to_owned())
}
