//! RELIABILITY 4.2, no. 1 to 21: who is believed.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use cordboard_actors::ports::Rejection;
use ed25519_dalek::SigningKey;
use http::{HeaderMap, HeaderValue};

use super::signing::{NOW_SECS, PUBLIC_KEY, headers, keys, now, sign, signed_headers, signing_key};
use crate::carriers::telnyx::{KeyError, WebhookKeys};

const BODY: &[u8] = br#"{"data":{"event_type":"call.initiated"}}"#;

fn verify(headers: &HeaderMap) -> Result<(), Rejection> {
    keys().verify(headers, BODY, now())
}

fn timestamp() -> String {
    NOW_SECS.to_string()
}

fn with_signature(signature: &str) -> HeaderMap {
    headers(&timestamp(), signature)
}

fn with_bytes(bytes: &[u8]) -> HeaderMap {
    with_signature(&STANDARD.encode(bytes))
}

#[test]
fn an_authentic_delivery_is_believed() {
    assert_eq!(verify(&signed_headers(BODY)), Ok(()));
}

#[test]
fn the_published_key_pair_belongs_together() {
    assert_eq!(
        STANDARD.encode(signing_key().verifying_key().to_bytes()),
        PUBLIC_KEY
    );
}

#[test]
fn missing_empty_and_repeated_headers_are_refused() {
    for name in ["telnyx-timestamp", "telnyx-signature-ed25519"] {
        let mut missing = signed_headers(BODY);
        missing.remove(name);
        assert_eq!(verify(&missing), Err(Rejection::MissingHeader), "1/2: no {name}");
        let mut empty = signed_headers(BODY);
        empty.insert(name, HeaderValue::from_static(""));
        assert_eq!(verify(&empty), Err(Rejection::MissingHeader), "3: empty {name}");
        let mut twice = signed_headers(BODY);
        let value = twice[name].clone();
        twice.append(name, value);
        assert_eq!(verify(&twice), Err(Rejection::RepeatedHeader), "4: {name} twice");
    }
}

#[test]
fn malformed_signatures_are_refused() {
    let bytes = sign(&timestamp(), BODY);
    for (name, signature) in [
        ("5 not base64", "%%%%".to_owned()),
        ("6 base64url", URL_SAFE.encode([0xfb_u8; 64])),
        ("6 unpadded", STANDARD_NO_PAD.encode(bytes)),
        ("6 spaces around", format!(" {} ", STANDARD.encode(bytes))),
        ("7 63 bytes", STANDARD.encode(&bytes[..63])),
        ("7 65 bytes", STANDARD.encode([&bytes[..], &[0]].concat())),
    ] {
        assert_eq!(
            verify(&with_signature(&signature)),
            Err(Rejection::MalformedSignature),
            "{name}"
        );
    }
}

#[test]
fn forged_signatures_are_refused() {
    let bytes = sign(&timestamp(), BODY);
    // The order of the base point, little-endian: S and S + L satisfy the same equation.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut malleable = bytes;
    let mut carry = 0_u16;
    for (byte, add) in malleable[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let mut small_order_r = bytes;
    small_order_r[..32].copy_from_slice(&[
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    let mut non_canonical_r = bytes;
    // p + 1, another spelling of the neutral element's y = 1.
    non_canonical_r[..32].copy_from_slice(&[0xff; 32]);
    non_canonical_r[0] = 0xee;
    non_canonical_r[31] = 0x7f;
    let foreign = SigningKey::from_bytes(&[7; 32]);
    let message = [timestamp().as_bytes(), b"|", BODY].concat();
    let retired = ed25519_dalek::Signer::sign(&foreign, &message).to_bytes();
    for (name, bytes) in [
        ("8 all zero", [0; 64]),
        ("9 S + L", malleable),
        ("10 small-order R", small_order_r),
        ("11 non-canonical R", non_canonical_r),
        ("19 retired key", retired),
    ] {
        assert_eq!(
            verify(&with_bytes(&bytes)),
            Err(Rejection::WrongSignature),
            "{name}"
        );
    }
}

#[test]
fn other_bytes_than_the_signed_ones_are_refused() {
    let signed = signed_headers(BODY);
    for bit in 0..BODY.len() * 8 {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            keys().verify(&signed, &body, now()),
            Err(Rejection::WrongSignature),
            "12: bit {bit}"
        );
    }
    for (name, body) in [
        (
            "13 re-serialised",
            &br#"{ "data": { "event_type": "call.initiated" } }"#[..],
        ),
        (
            "14 byte order mark",
            b"\xef\xbb\xbf{\"data\":{\"event_type\":\"call.initiated\"}}",
        ),
        ("empty", b""),
    ] {
        assert_eq!(
            keys().verify(&signed, body, now()),
            Err(Rejection::WrongSignature),
            "{name}"
        );
    }
}

#[test]
fn odd_timestamps_are_refused_even_when_they_are_signed() {
    for text in [
        "12a",
        " 1772366400",
        "1772366400 ",
        "+1772366400",
        "-1",
        "1e9",
        "0x69a3",
        "1772366400.0",
        "177236640000000000000000000000",
        "1772366400000",
        "1772366400|x",
        "|",
    ] {
        let headers = headers(text, &STANDARD.encode(sign(text, BODY)));
        assert_eq!(
            verify(&headers),
            Err(Rejection::BadTimestamp),
            "15/16/18: {text:?}"
        );
    }
    let mut bytes = signed_headers(BODY);
    bytes.insert("telnyx-timestamp", HeaderValue::from_bytes(b"\xff1").unwrap());
    assert_eq!(verify(&bytes), Err(Rejection::BadTimestamp), "15: not ASCII");
}

#[test]
fn the_boundary_between_timestamp_and_body_cannot_be_shifted() {
    let signature = STANDARD.encode(sign("1772366400", b"1|{}"));
    let shifted = headers("1772366400", &signature);
    assert_eq!(keys().verify(&shifted, b"1|{}", now()), Ok(()));
    let shifted = headers("1772366400|1", &signature);
    assert_eq!(
        keys().verify(&shifted, b"{}", now()),
        Err(Rejection::BadTimestamp),
        "18"
    );
}

#[test]
fn three_hundred_seconds_pass_and_three_hundred_and_one_do_not() {
    for (name, signed_at, expected) in [
        ("17 now-300", NOW_SECS - 300, Ok(())),
        ("17 now+300", NOW_SECS + 300, Ok(())),
        ("17 now-301", NOW_SECS - 301, Err(Rejection::StaleTimestamp)),
        ("17 now+301", NOW_SECS + 301, Err(Rejection::StaleTimestamp)),
        (
            "21 replay after the window",
            NOW_SECS - 86_400,
            Err(Rejection::StaleTimestamp),
        ),
        ("0", 0, Err(Rejection::StaleTimestamp)),
    ] {
        let text = signed_at.to_string();
        let headers = headers(&text, &STANDARD.encode(sign(&text, BODY)));
        assert_eq!(verify(&headers), expected, "{name}");
    }
}

#[test]
fn age_is_checked_before_the_signature() {
    let stale = headers("1", &STANDARD.encode([0; 64]));
    assert_eq!(verify(&stale), Err(Rejection::StaleTimestamp));
}

#[test]
fn a_second_key_is_believed_too() {
    let next = STANDARD.encode(SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
    for order in [[PUBLIC_KEY, &next], [&next, PUBLIC_KEY]] {
        let keys = WebhookKeys::new(&order).unwrap();
        assert_eq!(keys.verify(&signed_headers(BODY), BODY, now()), Ok(()));
    }
}

#[test]
fn keys_that_would_weaken_the_check_are_refused_clearly() {
    let mut identity = [0_u8; 32];
    identity[0] = 1;
    let mut non_canonical = [0xff_u8; 32];
    non_canonical[0] = 0xf0;
    non_canonical[31] = 0x7f;
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
    let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
    for (name, texts, expected) in [
        ("92 none", vec![], KeyError::Missing),
        ("92 empty", vec![String::new()], KeyError::Missing),
        (
            "92 31 bytes",
            vec![base64(&[1; 31])],
            KeyError::WrongLength { number: 1, bytes: 31 },
        ),
        (
            "92 64 bytes",
            vec![base64(&[1; 64])],
            KeyError::WrongLength { number: 1, bytes: 64 },
        ),
        ("92 PEM", vec![pem.to_owned()], KeyError::Pem(1)),
        (
            "92 not base64",
            vec!["not a key!".to_owned()],
            KeyError::NotBase64(1),
        ),
        ("92 weak", vec![base64(&identity)], KeyError::Weak(1)),
        ("92 weak: zero", vec![base64(&[0; 32])], KeyError::Weak(1)),
        (
            "92 the same twice",
            vec![PUBLIC_KEY.into(), format!("{PUBLIC_KEY}\n")],
            KeyError::Same,
        ),
        ("92 three", vec![PUBLIC_KEY.to_owned(); 3], KeyError::TooMany(3)),
    ] {
        assert_eq!(WebhookKeys::new(&texts).unwrap_err(), expected, "{name}");
    }
    let second = WebhookKeys::new(&[PUBLIC_KEY.to_owned(), base64(&non_canonical)]).unwrap_err();
    assert!(
        matches!(second, KeyError::NotCanonical(2)),
        "92 non-canonical: {second:?}"
    );
    assert!(second.to_string().contains("public key 2"), "{second}");
    assert!(
        WebhookKeys::new(&[format!("{PUBLIC_KEY}\r\n")]).is_ok(),
        "92 trailing newline"
    );
}
