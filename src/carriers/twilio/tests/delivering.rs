//! Hands deliveries to the decoder as the door does, signed as Twilio signs.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cordboard_actors::ports::{Delivery, Opened, WebhookDecoder};
use cordboard_core::{Event, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method};
use sha1::Sha1;

use crate::carriers::ClientStateKey;
use crate::carriers::twilio::{AuthTokens, CallbackKeys, Form, OpenLegs, PublicUrl, TwilioWebhooks};

pub(super) const TOKEN: &str = "12345";
pub(super) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(super) const PUBLIC_URL: &str = "https://voice.example.com";

pub(super) fn callbacks() -> CallbackKeys {
    CallbackKeys::new(
        PublicUrl::new(PUBLIC_URL).unwrap(),
        ClientStateKey::derive("test secret"),
        None,
    )
}

pub(super) fn open_legs() -> Arc<OpenLegs> {
    Arc::new(OpenLegs::new(Duration::from_secs(1)))
}

pub(super) fn webhooks() -> TwilioWebhooks {
    TwilioWebhooks::new(
        AuthTokens::new(&[TOKEN]).unwrap(),
        ACCOUNT,
        callbacks(),
        open_legs(),
    )
}

/// Base64 of HMAC-SHA1 over any text.
pub(super) fn sign(token: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// What is signed of a form.
pub(super) fn signed(form: &Form) -> String {
    let mut fields = form.fields().to_vec();
    fields.sort();
    fields.dedup();
    fields
        .iter()
        .map(|(name, value)| format!("{name}{value}"))
        .collect()
}

pub(super) fn signature_header(signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-twilio-signature", HeaderValue::from_str(signature).unwrap());
    headers
}

/// A form that is posted to a place below the entrance.
pub(super) fn post(place: &str, form: &Form) -> Opened {
    let path = match place {
        "" => "/webhooks/twilio".to_owned(),
        place => format!("/webhooks/twilio/{place}"),
    };
    let text = format!("{PUBLIC_URL}{path}{}", signed(form));
    let mut headers = signature_header(&sign(TOKEN, &text));
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    open(&Method::POST, &path, None, &headers, form.encoded().into())
}

pub(super) fn open(
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Bytes,
) -> Opened {
    webhooks().open(&Delivery {
        method,
        path,
        query,
        place: path
            .strip_prefix("/webhooks/twilio")
            .unwrap()
            .trim_start_matches('/'),
        headers,
        body: &body,
        now: Timestamp::from_millis(1_772_366_400_000),
    })
}

/// The event that it must be.
pub(super) fn event(opened: Opened) -> Event {
    match opened {
        Opened::Event(event) => *event,
        other => panic!("an event, not {other:?}"),
    }
}
