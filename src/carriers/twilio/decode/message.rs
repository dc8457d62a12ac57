//! Texts that came in, and reports about texts that we sent (API-FACTS 2.4).

use cordboard_core::event::EventBody;
use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::text::{TextMedia, TextReceived, TextReport, TextStatus};
use cordboard_core::{Event, MessageId, PhoneNumber, phone::Text};

use super::{Fault, textual};
use crate::carriers::twilio::Form;
use crate::carriers::twilio::callback::Place;

/// Longest text that is kept, characters: ten segments of the basic alphabet, the carrier's longest.
const MAX_TEXT_CHARS: usize = 1_600;

/// Most attached files that are kept; the carrier takes ten.
const MAX_MEDIA: usize = 10;

/// Longest party, address of a file, content type and error code.
const MAX_PARTY_CHARS: usize = 256;
const MAX_URL_CHARS: usize = 2_048;
const MAX_TYPE_CHARS: usize = 64;
const MAX_CODE_CHARS: usize = 16;

/// Whether the request is about a text: calls have no message id.
pub(super) fn is_one(form: &Form) -> bool {
    form.get("MessageSid").or_else(|| form.get("SmsSid")).is_some()
}

/// The fact out of an authentic request about a text.
pub(super) fn read(form: &Form, place: Place) -> Result<Event, Fault> {
    let sid = form.get("MessageSid").or_else(|| form.get("SmsSid"));
    let sid = sid.filter(|sid| sid.len() <= MAX_ID_BYTES && sid.bytes().all(|b| b.is_ascii_alphanumeric()));
    let sid = sid.ok_or(Fault("bad_id"))?;
    let message = MessageId::new(sid);
    let word = form.get("MessageStatus").or_else(|| form.get("SmsStatus"));
    let word = word.unwrap_or_default().to_ascii_lowercase();
    let from = party(form, "From").ok_or(Fault("no_sender"))?;
    match word.as_str() {
        // A text that comes in has no status but this one, and words or files.
        "received" | "receiving" => {
            let to = party(form, "To").ok_or(Fault("no_receiver"))?;
            let words = form.get("Body").unwrap_or_default();
            let received = TextReceived {
                message,
                from,
                to,
                text: Text::new(words.chars().take(MAX_TEXT_CHARS).collect::<String>()),
                media: media(form),
                segments: segments(form),
            };
            let body = EventBody::MessageReceived(Box::new(received));
            Ok(textual(format!("{sid}:received"), body))
        }
        "" => Err(Fault("no_status")),
        word => {
            let key = match place {
                Place::Text(key) => Some(key),
                Place::Front | Place::Finished { .. } => None,
            };
            let report = TextReport {
                message,
                key,
                // A report goes to the number that sent, which is `From` here as it was there.
                from,
                to: party(form, "To").unwrap_or_else(|| PhoneNumber::new("")),
                status: status(word),
                errors: form.get("ErrorCode").and_then(code).into_iter().collect(),
                segments: segments(form),
                cost: None,
            };
            // Twilio gives its reports no ids; of two with the same status the second says nothing new.
            let plain: String = word
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                .take(MAX_TYPE_CHARS)
                .collect();
            Ok(textual(
                format!("{sid}:{plain}"),
                EventBody::MessageStatus(Box::new(report)),
            ))
        }
    }
}

/// A word that this build does not know comes from a carrier that has the text.
pub(in crate::carriers::twilio) fn status(word: &str) -> TextStatus {
    match word {
        "accepted" | "queued" | "scheduled" => TextStatus::Queued,
        "sending" => TextStatus::Sending,
        "delivered" | "read" | "partially_delivered" => TextStatus::Delivered,
        "failed" | "canceled" => TextStatus::SendingFailed,
        "undelivered" => TextStatus::DeliveryFailed,
        _ => TextStatus::Sent,
    }
}

fn party(form: &Form, name: &str) -> Option<PhoneNumber> {
    let clean: String = form
        .get(name)?
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_PARTY_CHARS)
        .collect();
    (!clean.is_empty()).then(|| PhoneNumber::new(clean))
}

fn segments(form: &Form) -> Option<u32> {
    form.number("NumSegments")
        .and_then(|count| u32::try_from(count).ok())
}

fn media(form: &Form) -> Vec<TextMedia> {
    let count = usize::try_from(form.number("NumMedia").unwrap_or(0)).unwrap_or(usize::MAX);
    (0..count.min(MAX_MEDIA))
        .filter_map(|at| {
            let url = form
                .get(&format!("MediaUrl{at}"))
                .filter(|url| url.len() <= MAX_URL_CHARS)?;
            let kind = form.get(&format!("MediaContentType{at}"));
            Some(TextMedia {
                url: url.to_owned(),
                content_type: kind.map(|kind| kind.chars().take(MAX_TYPE_CHARS).collect()),
            })
        })
        .collect()
}

/// `0` and nothing mean that nothing went wrong.
fn code(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(MAX_CODE_CHARS)
        .collect();
    (!plain.is_empty() && plain != "0").then_some(plain)
}
