//! RELIABILITY 4.2, no. 48 to 55: signed, and yet no event.

use cordboard_actors::ports::{Opened, Rejection};
use rand::RngExt;
use serde_json::{Value, json};

use super::events::{fixture, with_payload};
use super::signing::{client_state_key, keys, open, open_at};
use crate::carriers::telnyx::TelnyxWebhooks;

/// The fixture with one member of `data` replaced.
pub(super) fn with_data(name: &str, field: &str, value: Value) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&fixture(name)).unwrap();
    json["data"][field] = value;
    serde_json::to_vec(&json).unwrap()
}

/// The fixture as text, one piece of it replaced.
pub(super) fn with_text(name: &str, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(fixture(name)).unwrap();
    assert!(text.contains(from), "{name} does not contain {from}");
    text.replacen(from, to, 1).into_bytes()
}

fn assert_quarantined(cases: Vec<(&str, Vec<u8>, &'static str)>) {
    for (name, body, reason) in cases {
        assert_eq!(open(body), Opened::Quarantined(reason), "{name}");
    }
}

#[test]
fn what_is_not_signed_is_never_parsed() {
    let webhooks = TelnyxWebhooks::new(keys(), client_state_key(), []);
    let opened = open_at(
        &webhooks,
        "",
        &http::HeaderMap::new(),
        &fixture("call.initiated").into(),
    );
    assert_eq!(opened, Opened::Rejected(Rejection::MissingHeader));
}

#[test]
fn bodies_that_are_no_event_are_set_aside() {
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000)).into_bytes();
    let deep_field = format!(
        "{{\"x\":{}{},\"data\":null}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let mut trailing = fixture("call.answered");
    trailing.extend_from_slice(b"x");
    let cut = fixture("call.answered");
    assert_quarantined(vec![
        ("48 empty", Vec::new(), "empty"),
        ("48 blank", b"  \n".to_vec(), "not_json"),
        ("49 null", b"null".to_vec(), "not_an_object"),
        ("49 array", b"[]".to_vec(), "not_an_object"),
        ("49 string", b"\"\"".to_vec(), "not_an_object"),
        ("49 number", b"0".to_vec(), "not_an_object"),
        ("49 boolean", b"true".to_vec(), "not_an_object"),
        ("49 empty object", b"{}".to_vec(), "no_data"),
        ("50 cut", cut[..cut.len() / 2].to_vec(), "not_json"),
        ("50 trailing bytes", trailing, "not_json"),
        (
            "50 two documents",
            [cut.clone(), cut.clone()].concat(),
            "not_json",
        ),
        (
            "50 not UTF-8",
            with_text("call.answered", "answered", "answered")
                .iter()
                .map(|b| if *b == b'B' { 0xff } else { *b })
                .chain([0xff])
                .collect(),
            "not_json",
        ),
        (
            "14 byte order mark",
            [b"\xef\xbb\xbf".to_vec(), cut].concat(),
            "not_json",
        ),
        ("51 deep arrays", deep("[", "]"), "too_deep"),
        ("51 deep objects", deep("{\"a\":", "}"), "too_deep"),
        ("51 deep in an unknown field", deep_field.into_bytes(), "too_deep"),
    ]);
}

#[test]
fn repeated_keys_are_set_aside() {
    assert_quarantined(vec![
        (
            "52 event_type twice",
            with_text(
                "call.answered",
                "\"event_type\":",
                "\"event_type\": \"call.hangup\", \"event_type\":",
            ),
            "duplicate_key",
        ),
        (
            "52 id twice",
            with_text("call.answered", "\"id\":", "\"id\": \"x\", \"id\":"),
            "duplicate_key",
        ),
        (
            "52 data twice",
            with_text("call.answered", "\"data\":", "\"data\": null, \"data\":"),
            "duplicate_key",
        ),
        (
            "52 payload twice",
            with_text("call.answered", "\"payload\":", "\"payload\": {}, \"payload\":"),
            "duplicate_key",
        ),
        (
            "52 session twice",
            with_text(
                "call.answered",
                "\"call_session_id\":",
                "\"call_session_id\": \"x\", \"call_session_id\":",
            ),
            "duplicate_key",
        ),
        (
            "52 key spelled with an escape",
            with_text("call.answered", "\"id\":", "\"\\u0069d\": \"x\", \"id\":"),
            "duplicate_key",
        ),
    ]);
}

#[test]
fn envelopes_with_a_wrong_member_are_set_aside() {
    let answered = |field, value| with_data("call.answered", field, value);
    let odd_type = json!("call.\nx");
    assert_quarantined(vec![
        ("54 no data", br#"{"meta":{"attempt":1}}"#.to_vec(), "no_data"),
        ("54 data a string", br#"{"data":"x"}"#.to_vec(), "wrong_type"),
        (
            "54 data an array",
            br#"{"data":["event","call.answered","1"]}"#.to_vec(),
            "wrong_type",
        ),
        ("54 data a number", br#"{"data":1}"#.to_vec(), "wrong_type"),
        (
            "54 no event type",
            answered("event_type", Value::Null),
            "bad_event_type",
        ),
        (
            "54 empty event type",
            answered("event_type", json!("")),
            "bad_event_type",
        ),
        (
            "54 event type a number",
            answered("event_type", json!(1)),
            "wrong_type",
        ),
        (
            "54 newline in the event type",
            answered("event_type", odd_type),
            "bad_event_type",
        ),
        ("54 no payload", answered("payload", Value::Null), "no_payload"),
        (
            "54 payload an array",
            answered("payload", json!([])),
            "no_payload",
        ),
        ("54 no id", answered("id", Value::Null), "no_id"),
        ("54 empty id", answered("id", json!("")), "bad_id"),
        (
            "54 an unknown type without an id",
            with_data("call.ai_gather.ended", "id", Value::Null),
            "no_id",
        ),
    ]);
}

#[test]
fn events_that_lack_what_their_type_needs_are_set_aside() {
    for (event, field, reason) in [
        ("call.hangup", "call_control_id", "no_route"),
        ("call.initiated", "call_session_id", "no_route"),
        ("call.initiated", "to", "no_called_number"),
        ("call.initiated", "direction", "bad_direction"),
        ("call.transcription", "transcription_data", "no_transcription"),
        ("conference.created", "conference_id", "no_route"),
        ("conference.participant.left", "call_control_id", "no_route"),
        ("conference.participant.left", "conference_id", "no_route"),
        ("call.recording.saved", "call_session_id", "no_route"),
    ] {
        let body = with_payload(event, field, Value::Null);
        assert_eq!(
            open(body),
            Opened::Quarantined(reason),
            "54 {event} without {field}"
        );
    }
    let sideways = with_payload("call.initiated", "direction", json!("sideways"));
    assert_eq!(
        open(sideways),
        Opened::Quarantined("bad_direction"),
        "54 an unknown direction"
    );
}

#[test]
fn values_of_another_type_are_set_aside() {
    let beyond = json!(9_223_372_036_854_775_808_u64);
    let others = [
        json!(5),
        beyond,
        json!(-0.0),
        json!(true),
        json!(["x"]),
        json!({"a": 1}),
    ];
    for (event, fields) in [
        (
            "call.answered",
            &[
                "call_session_id",
                "call_control_id",
                "call_leg_id",
                "connection_id",
                "conference_id",
                "client_state",
                "from",
                "to",
            ][..],
        ),
        (
            "call.hangup",
            &["hangup_cause", "hangup_source", "sip_hangup_cause"],
        ),
        ("call.gather.ended", &["digits", "status"]),
        ("conference.ended", &["reason", "conference_id"]),
    ] {
        for field in fields {
            for value in &others {
                let opened = open(with_payload(event, field, value.clone()));
                assert_eq!(
                    opened,
                    Opened::Quarantined("wrong_type"),
                    "55 {event} {field} {value}"
                );
            }
        }
    }
    for value in [json!(5), json!("x"), json!([])] {
        let opened = open(with_payload(
            "call.transcription",
            "transcription_data",
            value.clone(),
        ));
        assert_eq!(opened, Opened::Quarantined("wrong_type"), "55 {value}");
    }
    for (text, reason) in [
        ("9223372036854775808", "wrong_type"),
        ("-0", "wrong_type"),
        ("1e400", "not_json"),
    ] {
        let body = with_text("call.answered", "\"+15550100002\"", text);
        assert_eq!(open(body), Opened::Quarantined(reason), "55 {text}");
    }
}

/// Whatever is signed is answered with an event or a bounded reason, never with a panic.
#[test]
#[allow(clippy::print_stdout, reason = "the seed is shown when the test fails")]
fn no_mutation_of_a_real_event_panics() {
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let mut random = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
    let (first, second) = (fixture("call.initiated"), fixture("conference.recording.saved"));
    for _ in 0..2_000 {
        let mut body = if random.random() {
            first.clone()
        } else {
            second.clone()
        };
        for _ in 0..random.random_range(1..4) {
            if body.is_empty() {
                break;
            }
            let at = random.random_range(0..body.len());
            match random.random_range(0..4) {
                0 => body[at] = random.random(),
                1 => drop(body.remove(at)),
                2 => body.insert(at, *b"{}[]\",:\\0".get(random.random_range(0..9)).unwrap()),
                _ => body.truncate(at.max(1)),
            }
        }
        assert!(!matches!(open(body), Opened::Rejected(_)), "seed {seed}");
    }
}
