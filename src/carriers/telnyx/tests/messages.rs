//! Texts: the request and its reports' address, what answers mean, odd texts that come in.

use cordboard_actors::ports::{Carrier, Opened};
use cordboard_core::command::SendMessage;
use cordboard_core::phone::Text;
use cordboard_core::{Answer, Attempt, Command, EventBody, RefusalKind, TextKey, TextStatus};
use serde_json::{Value, json};

use super::encoding::issue;
use super::events::{event, fixture, with_payload};
use super::server::{Script, Server, json};
use super::signing::{client_state_key, keys, open, open_at, signed_headers};
use crate::carriers::BaseUrl;
use crate::carriers::telnyx::{ApiKey, TelnyxClient, TelnyxSettings, TelnyxWebhooks};

const TAKEN: &str = r#"{"data":{"record_type":"message","id":"40385f64-5717-4562-b3fc-2c963f66afa6"}}"#;

fn text() -> Command {
    let message = SendMessage::new("+15550200000", "+15550100001", Text::new("Hello"), "api-1");
    Command::SendMessage(Box::new(message))
}

async fn attempt(script: Script) -> Attempt {
    let server = Server::start(vec![script]).await;
    server.client().attempt(&issue(text(), None)).await
}

#[tokio::test]
async fn the_address_of_its_reports_carries_the_key_and_no_number() {
    let server = Server::start(vec![json(200, TAKEN)]).await;
    let settings = TelnyxSettings {
        base_url: BaseUrl::new(&server.base_url()).unwrap(),
        reports: Some("https://voice.example.com/webhooks/telnyx".into()),
        ..TelnyxSettings::new(ApiKey::new("KEY-secret").unwrap())
    };
    let client = TelnyxClient::new(settings, client_state_key());
    let taken = client.attempt(&issue(text(), None)).await;
    assert_eq!(
        taken,
        Attempt::Accepted(Answer::Message("40385f64-5717-4562-b3fc-2c963f66afa6".into()))
    );
    let seen = server.seen().remove(0);
    assert!(seen.starts_with("POST /v2/messages "), "{seen}");
    let body: Value = serde_json::from_str(seen.split_once("\r\n\r\n").unwrap().1).unwrap();
    let address = body["webhook_url"].as_str().unwrap();
    let place = address
        .strip_prefix("https://voice.example.com/webhooks/telnyx/m/")
        .unwrap();
    assert!(!address.contains("5550"));
    let expected = json!({
        "from": "+15550200000", "to": "+15550100001", "text": "Hello", "type": "SMS",
        "webhook_url": address, "use_profile_webhooks": true,
    });
    assert_eq!(body, expected);

    let report = fixture("message.finalized");
    let webhooks = TelnyxWebhooks::new(keys(), client_state_key(), []);
    for (place, key) in [
        (format!("m/{place}"), Some(TextKey::new("api-1"))),
        (format!("m/{}", &place[1..]), None),
        (place.to_owned(), None),
        (String::new(), None),
    ] {
        let opened = open_at(
            &webhooks,
            &place,
            &signed_headers(&report),
            &report.clone().into(),
        );
        let EventBody::MessageStatus(report) = event(opened).body else {
            panic!("a report");
        };
        assert_eq!((report.key, report.status), (key, TextStatus::Delivered));
    }
}

#[tokio::test]
async fn refusals_of_texts_are_classed_and_doubt_is_doubt() {
    for (status, code, kind) in [
        (403, "40300", RefusalKind::OptedOut),
        (400, "40310", RefusalKind::BadDestination),
        (400, "40001", RefusalKind::BadDestination),
        (400, "40305", RefusalKind::Invalid),
        (400, "40302", RefusalKind::Invalid),
        (401, "10009", RefusalKind::Unauthorized),
    ] {
        let body = json!({ "errors": [{ "code": code, "title": "t", "detail": "d" }] }).to_string();
        match attempt(json(status, &body)).await {
            Attempt::Refused(refusal) => assert_eq!(refusal.kind, kind, "{code}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    let full = json!({ "errors": [{ "code": "40318", "title": "Queue full" }] }).to_string();
    for script in [json(400, &full), json(429, "{}")] {
        assert!(matches!(attempt(script).await, Attempt::TryLater { .. }));
    }
    for script in [
        json(500, "{}"),
        json(503, "{}"),
        json(408, "{}"),
        Script::Reset,
        Script::Silence,
    ] {
        assert!(matches!(attempt(script).await, Attempt::InDoubt { .. }));
    }
    for body in ["{}", "<html>", r#"{"data":{"id":""}}"#, r#"{"data":{"id":7}}"#] {
        assert!(
            matches!(attempt(json(200, body)).await, Attempt::InDoubt { .. }),
            "{body}"
        );
    }
}

#[test]
fn no_66_long_and_odd_texts_are_capped_and_kept_as_they_are() {
    for (words, kept) in [
        ("😀".repeat(4_000), 1_600),
        ("S\u{200b}TOP".to_owned(), 5),
        ("\u{202e}drow".to_owned(), 5),
        (String::new(), 0),
    ] {
        let opened = open(with_payload("message.received", "text", json!(words)));
        let EventBody::MessageReceived(received) = event(opened).body else {
            panic!("a text");
        };
        assert_eq!(received.text.expose().chars().count(), kept);
        assert!(!format!("{received:?}").contains("TOP"));
    }
    let plain = event(open(with_payload(
        "message.received",
        "to",
        json!("+15550100009"),
    )))
    .body;
    assert!(matches!(plain, EventBody::MessageReceived(received) if received.to.expose() == "+15550100009"));
}

#[test]
fn reports_that_make_no_sense_are_set_aside_and_unknown_words_say_little() {
    for (field, value) in [
        ("from", json!(7)),
        ("from", json!(null)),
        ("to", json!([])),
        ("to", json!({ "number": "x" })),
        ("id", json!("")),
        ("id", json!(["x"])),
        ("parts", json!("many")),
        ("direction", json!("inbound")),
        ("errors", json!("none")),
    ] {
        let opened = open(with_payload("message.finalized", field, value.clone()));
        assert!(
            matches!(opened, Opened::Quarantined(_)),
            "{field} {value}: {opened:?}"
        );
    }
    for (name, word, expected) in [
        ("message.finalized", "teleported", TextStatus::Unconfirmed),
        ("message.sent", "teleported", TextStatus::Sent),
        ("message.finalized", "sending_failed", TextStatus::SendingFailed),
        (
            "message.finalized",
            "delivery_unconfirmed",
            TextStatus::Unconfirmed,
        ),
    ] {
        let to = json!([{ "phone_number": "+15550100001", "status": word }]);
        let EventBody::MessageStatus(report) = event(open(with_payload(name, "to", to))).body else {
            panic!("{name} is a report");
        };
        assert_eq!(report.status, expected, "{name} {word}");
    }
}
