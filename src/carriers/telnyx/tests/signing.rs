//! Signs bodies as the carrier does, with the key pair that telnyx-java publishes for its tests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cordboard_actors::ports::{Delivery, Opened, WebhookDecoder};
use cordboard_core::Timestamp;
use ed25519_dalek::{Signer, SigningKey};
use http::{HeaderMap, HeaderValue};

use crate::carriers::ClientStateKey;
use crate::carriers::telnyx::{TelnyxWebhooks, WebhookKeys};

pub(super) const PUBLIC_KEY: &str = "jrMBoswHlhhVx2W2Www72WU/xn4UMpjreslD0m2u0qs=";
const PRIVATE_SEED: &str = "i1xxSkIuQOY9H8laaRslIoYGTJ1NwBAFdjsQwiwJH04=";

/// The time of every test.
pub(super) const NOW_SECS: u64 = 1_772_366_400;

pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(NOW_SECS * 1000)
}

pub(super) fn signing_key() -> SigningKey {
    let seed: [u8; 32] = STANDARD.decode(PRIVATE_SEED).unwrap().try_into().unwrap();
    SigningKey::from_bytes(&seed)
}

pub(super) fn keys() -> WebhookKeys {
    WebhookKeys::new(&[PUBLIC_KEY]).unwrap()
}

pub(super) fn client_state_key() -> ClientStateKey {
    ClientStateKey::derive("test secret")
}

/// 64 bytes over `timestamp|body`.
pub(super) fn sign(timestamp: &str, body: &[u8]) -> [u8; 64] {
    let message = [timestamp.as_bytes(), b"|", body].concat();
    signing_key().sign(&message).to_bytes()
}

pub(super) fn headers(timestamp: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("telnyx-timestamp", HeaderValue::from_str(timestamp).unwrap());
    headers.insert(
        "telnyx-signature-ed25519",
        HeaderValue::from_str(signature).unwrap(),
    );
    headers
}

pub(super) fn signed_headers(body: &[u8]) -> HeaderMap {
    let timestamp = NOW_SECS.to_string();
    headers(&timestamp, &STANDARD.encode(sign(&timestamp, body)))
}

/// Opens an authentic body, every connection being ours.
pub(super) fn open(body: impl Into<Bytes>) -> Opened {
    open_for(&[], body)
}

/// Opens an authentic body when only `connections` are ours.
pub(super) fn open_for(connections: &[&str], body: impl Into<Bytes>) -> Opened {
    let body = body.into();
    let connections = connections.iter().map(|id| (*id).into());
    let webhooks = TelnyxWebhooks::new(keys(), client_state_key(), connections);
    open_at(&webhooks, "", &signed_headers(&body), &body)
}

/// Hands a delivery to the decoder as the door does.
pub(super) fn open_at(webhooks: &TelnyxWebhooks, place: &str, headers: &HeaderMap, body: &Bytes) -> Opened {
    webhooks.open(&Delivery {
        method: &http::Method::POST,
        path: "/webhooks/telnyx",
        query: None,
        place,
        headers,
        body,
        now: now(),
    })
}
