//! RELIABILITY 4.2, no. 53 to 65: single fields that are odd, in events that are sound.

use cordboard_actors::ports::Opened;
use cordboard_core::event::GatherStatus;
use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::{Digits, EventBody, Timestamp};
use serde_json::{Value, json};

use super::bad_input::{with_data, with_text};
use super::events::{event, with_payload};
use super::signing::open;

#[test]
fn ids_are_opaque_but_bounded() {
    let odd = "../../x;DROP TABLE calls--' \u{202e}é";
    let event_with = |id: &str| open(with_payload("call.answered", "call_session_id", json!(id)));
    assert_eq!(
        event(event_with(odd)).session,
        Some(odd.into()),
        "59 anything printable"
    );
    let longest = "x".repeat(MAX_ID_BYTES);
    assert_eq!(
        event(event_with(&longest)).session,
        Some(longest.as_str().into()),
        "59 longest"
    );
    for (name, id) in [
        ("59 empty", String::new()),
        ("59 one too long", "x".repeat(MAX_ID_BYTES + 1)),
        ("59 4 KiB", "x".repeat(4096)),
        ("59 NUL", "a\0b".to_owned()),
        ("59 newline", "a\nb".to_owned()),
        ("59 delete", "a\u{7f}b".to_owned()),
    ] {
        assert_eq!(event_with(&id), Opened::Quarantined("bad_id"), "{name}");
    }
}

#[test]
fn unknown_types_and_fields_are_no_fault() {
    let unknown = event(open(with_data(
        "call.answered",
        "event_type",
        json!("call.teleported"),
    )));
    let body = EventBody::Unknown {
        event_type: "call.teleported".into(),
    };
    assert_eq!(unknown.body, body, "53");
    assert!(
        unknown.session.is_some() && unknown.leg.is_some(),
        "53 its ids are kept"
    );
    let long = event(open(with_data(
        "call.answered",
        "event_type",
        json!("é".repeat(5000)),
    )));
    let EventBody::Unknown { event_type } = long.body else {
        panic!("53 not unknown");
    };
    assert!(event_type.len() <= 128, "53 capped");
    // What a later version of the carrier adds, of any type, in known and unknown events.
    for name in ["call.answered", "call.ai_gather.ended"] {
        let extra = with_payload(name, "brand_new", json!([{"x": [1.5, null]}]));
        assert!(matches!(open(extra), Opened::Event(_)), "54 {name}");
    }
    for field in ["digits", "status", "from", "recording_urls"] {
        let extra = with_payload("call.ai_gather.ended", field, json!({"x": 1}));
        assert!(
            matches!(open(extra), Opened::Event(_)),
            "53 {field} of an unknown type may be anything"
        );
    }
}

#[test]
fn text_is_capped_and_cleaned() {
    let from = |value: Value| match event(open(with_payload("call.initiated", "from", value))).body {
        EventBody::CallInitiated { from, .. } => from.expose().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(from(json!("9".repeat(200 * 1024))).len(), 256, "56");
    assert_eq!(
        from(json!("\u{0}+1555\r\n0100002\u{1b}")),
        "+15550100002",
        "57 control characters"
    );
    assert_eq!(from(Value::Null), "", "a withheld number");
    let masked = format!(
        "{:?}",
        event(open(with_payload(
            "call.initiated",
            "from",
            json!("+1555\u{202e}0100002")
        )))
    );
    assert!(
        !masked.contains("0100002") && !masked.contains('\u{202e}'),
        "57 {masked}"
    );
    let reason =
        |text: &str| match event(open(with_payload("call.recording.error", "reason", json!(text)))).body {
            EventBody::RecordingFailed { reason } => reason,
            other => panic!("{other:?}"),
        };
    assert_eq!(reason("a\nb"), "a\\nb", "57");
    assert_eq!(reason(&"é".repeat(10_000)).len(), 200, "56");
    let surrogate = with_text("call.initiated", "\"+15550100002\"", "\"\\ud800\"");
    assert_eq!(
        open(surrogate),
        Opened::Quarantined("not_json"),
        "57 a lone surrogate"
    );
    let pair = with_text("call.initiated", "\"+15550100002\"", "\"\\ud83d\\ude00\"");
    assert!(
        matches!(open(pair), Opened::Event(_)),
        "57 a pair of surrogates is a character"
    );
}

#[test]
fn a_client_state_that_is_not_ours_is_ignored() {
    for (name, text) in [
        ("58 not base64", "%%%".to_owned()),
        ("58 64 KiB", "A".repeat(65536)),
        ("58 a plain one", "aGF2ZSBhIG5pY2UgZGF5ID1d".to_owned()),
        ("58 empty", String::new()),
    ] {
        let event = event(open(with_payload("call.answered", "client_state", json!(text))));
        assert_eq!(event.client_state, None, "{name}");
        assert!(event.session.is_some(), "{name}: found by id");
    }
}

#[test]
fn the_carriers_clock_is_never_trusted() {
    let at = |value: Value| event(open(with_data("call.answered", "occurred_at", value))).occurred_at;
    for (name, value, expected) in [
        (
            "64 1970",
            json!("1970-01-01T00:00:00Z"),
            Some(Timestamp::from_micros(0)),
        ),
        (
            "64 9999",
            json!("9999-12-30T22:00:00Z"),
            Some(Timestamp::from_millis(253_402_207_200_000)),
        ),
        ("64 before 1970", json!("1969-12-31T23:59:59Z"), None),
        (
            "64 an offset",
            json!("2026-03-01T14:00:00+02:00"),
            Some(Timestamp::from_millis(1_772_366_400_000)),
        ),
        ("64 no zone", json!("2026-03-01T12:00:00"), None),
        ("64 absent", Value::Null, None),
        ("64 a number", json!(1_772_366_400), None),
        ("64 words", json!("yesterday"), None),
        ("64 long", json!("2".repeat(10_000)), None),
    ] {
        assert_eq!(at(value), expected, "{name}");
    }
}

#[test]
fn keys_are_capped_and_checked() {
    let gathered =
        |digits: &str| match event(open(with_payload("call.gather.ended", "digits", json!(digits)))).body {
            EventBody::GatherEnded { digits, status } => (digits.expose().to_owned(), status),
            other => panic!("{other:?}"),
        };
    assert_eq!(
        gathered("0123456789ABCDwW*#"),
        ("0123456789ABCDwW*#".into(), GatherStatus::Valid)
    );
    assert_eq!(gathered(&"1".repeat(128)), ("1".repeat(128), GatherStatus::Valid));
    assert_eq!(
        gathered(&"1".repeat(10_000)),
        ("1".repeat(128), GatherStatus::Invalid),
        "65 too many"
    );
    for odd in ["12E4", "12 4", "１２", "1\n", "é"] {
        assert_eq!(
            gathered(odd),
            (String::new(), GatherStatus::Invalid),
            "65 {odd:?}"
        );
    }
    let key = |digit: Value| open(with_payload("call.dtmf.received", "digit", digit));
    for odd in [json!(""), json!("12"), json!("x"), json!("é"), Value::Null] {
        assert_eq!(key(odd.clone()), Opened::Quarantined("bad_digit"), "65 {odd}");
    }
    assert_eq!(key(json!(5)), Opened::Quarantined("wrong_type"), "65 a number");
    let star = event(key(json!("*"))).body;
    assert_eq!(
        star,
        EventBody::DtmfReceived {
            digit: Digits::new("*")
        }
    );
}
