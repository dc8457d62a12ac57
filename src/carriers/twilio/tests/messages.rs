//! Texts: requests and what their answers mean, texts that come in, reports, pages.

use cordboard_actors::ports::{Carrier, Opened, Rejection};
use cordboard_core::command::{Query, SendMessage};
use cordboard_core::phone::Text;
use cordboard_core::{
    Answer, Attempt, Command, EventBody, Issued, RefusalKind, TextKey, TextStatus, Timestamp,
};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::delivering::{
    ACCOUNT, PUBLIC_URL, TOKEN, callbacks, event, open, open_legs, post, sign, signature_header,
};
use crate::carriers::BaseUrl;
use crate::carriers::scripted::{Script, Server, json as answer, limits, with_headers};
use crate::carriers::twilio::{Credentials, Form, TwilioClient, TwilioSettings};

const SID: &str = "SM0123456789abcdef0123456789abcdef";

fn client(server: &Server) -> TwilioClient {
    let settings = TwilioSettings {
        base_url: BaseUrl::new(&server.url("/2010-04-01")).unwrap(),
        limits: limits(),
        ..TwilioSettings::new(Credentials::new(ACCOUNT, TOKEN).unwrap())
    };
    TwilioClient::new(settings, callbacks(), open_legs())
}

fn text() -> SendMessage {
    SendMessage::new(
        "+15550200000",
        "+15550100001",
        Text::new("Hello + wörld & more"),
        "api-1",
    )
}

fn issue(message: SendMessage) -> Issued {
    Issued {
        id: "c-1".into(),
        command: Command::SendMessage(Box::new(message)),
        client_state: None,
        give_up_at: Timestamp::from_millis(0),
    }
}

async fn send(scripts: Vec<Script>, message: SendMessage) -> (Attempt, Server) {
    let server = Server::start(scripts).await;
    let attempt = client(&server).attempt(&issue(message)).await;
    (attempt, server)
}

fn taken() -> Script {
    answer(201, &json!({ "sid": SID, "status": "queued" }).to_string())
}

fn incoming() -> Form {
    Form::read(
        format!(
            "ToCountry=US&MessageSid={SID}&SmsSid={SID}&SmsMessageSid={SID}&AccountSid={ACCOUNT}&From=%2B15550100001\
             &To=%2B15550200000&Body=Is+it+5%3F&NumMedia=2&NumSegments=1&MediaUrl0=https%3A%2F%2Fm.example%2F1\
             &MediaContentType0=image%2Fpng&MediaUrl1=https%3A%2F%2Fm.example%2F2&SmsStatus=received&FromCity="
        )
        .as_bytes(),
    )
}

fn report(status: &str) -> Form {
    Form::default()
        .with("MessageSid", SID)
        .with("MessageStatus", status)
        .with("AccountSid", ACCOUNT)
        .with("From", "+15550200000")
        .with("To", "+15550100001")
}

#[tokio::test]
async fn a_text_is_a_form_with_an_address_of_its_own_for_reports() {
    let (attempt, server) = send(vec![taken()], text()).await;
    assert_eq!(attempt, Attempt::Accepted(Answer::Message(SID.into())));
    let seen = server.seen().remove(0);
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with(&format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json ")),
        "{head}"
    );
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    assert!(head.contains("authorization: basic "), "{head}");
    let form = Form::read(body.as_bytes());
    assert_eq!(form.get("Body"), Some("Hello + wörld & more"));
    assert_eq!(form.get("From"), Some("+15550200000"));
    let address = form.get("StatusCallback").unwrap();
    assert!(!address.contains("5550"), "{address}");
    let place = address
        .strip_prefix(&format!("{PUBLIC_URL}/webhooks/twilio/"))
        .unwrap();
    let EventBody::MessageStatus(report) = event(post(place, &report("delivered"))).body else {
        panic!("a report");
    };
    assert_eq!(report.key, Some(TextKey::new("api-1")));
}

#[tokio::test]
async fn a_messaging_service_is_named_beside_the_number() {
    let mut message = text();
    message.messaging_profile = Some(format!("MG{}", "0".repeat(32)));
    let (_, server) = send(vec![taken()], message).await;
    let seen = server.seen().remove(0);
    let form = Form::read(seen.split_once("\r\n\r\n").unwrap().1.as_bytes());
    assert_eq!(
        form.get("MessagingServiceSid"),
        Some(format!("MG{}", "0".repeat(32)).as_str())
    );
    assert_eq!(form.get("From"), Some("+15550200000"));
}

#[tokio::test]
async fn refusals_are_classed_by_their_numbers_and_doubt_is_doubt() {
    let error = |status: u16, code: u32| {
        let body = json!({ "code": code, "status": status, "message": "The 'To' number +15550100001 is not good",
            "more_info": "https://www.twilio.com/docs/errors" });
        answer(status, &body.to_string())
    };
    for (status, code, kind) in [
        (400, 21_610, RefusalKind::OptedOut),
        (400, 21_211, RefusalKind::BadDestination),
        (400, 21_614, RefusalKind::BadDestination),
        (400, 21_606, RefusalKind::Invalid),
        (401, 20_003, RefusalKind::Unauthorized),
        (403, 20_005, RefusalKind::Unauthorized),
        (404, 20_404, RefusalKind::NotFound),
    ] {
        let (attempt, _) = send(vec![error(status, code)], text()).await;
        let Attempt::Refused(refusal) = attempt else {
            panic!("{code}: {attempt:?}");
        };
        assert_eq!(
            (refusal.kind, refusal.code, refusal.status),
            (kind, Some(code.to_string()), status)
        );
        assert!(!refusal.detail.contains("5550100001"), "{}", refusal.detail);
    }
    let slow_down = with_headers(429, "retry-after: 7\r\n", r#"{"code":20429}"#);
    let (attempt, _) = send(vec![slow_down], text()).await;
    assert!(
        matches!(attempt, Attempt::TryLater { after: Some(after), why: "429" } if after.as_secs() == 7),
        "{attempt:?}"
    );
    for (script, why) in [
        (error(503, 20_503), "503"),
        (error(500, 20_500), "500"),
        (Script::Reset, "reset"),
        (Script::Silence, "timeout"),
        (Script::Endless, "timeout"),
        (answer(201, "{}"), "bad_answer"),
        (answer(201, r#"{"sid":"../x"}"#), "bad_answer"),
        (answer(200, "OK"), "bad_answer"),
    ] {
        let shown = format!("{script:?}");
        let (attempt, _) = send(vec![script], text()).await;
        let endless = shown.contains("Endless");
        let large = Attempt::InDoubt {
            why: "answer_too_large",
        };
        assert!(
            attempt == Attempt::InDoubt { why } || (endless && attempt == large),
            "{shown}: {attempt:?}"
        );
    }
    let redirect = with_headers(302, "location: https://elsewhere.example/\r\n", "");
    let (attempt, server) = send(vec![redirect], text()).await;
    assert!(matches!(attempt, Attempt::Refused(_)), "{attempt:?}");
    assert_eq!(server.seen().len(), 1, "nobody is followed");
}

#[tokio::test]
async fn a_list_is_read_over_all_its_pages_and_only_those_of_the_account() {
    let entry =
        |n: u32| json!({ "sid": format!("SM{n:032}"), "status": "sent", "direction": "outbound-api" });
    let page = |range: std::ops::Range<u32>, next: Value| {
        let entries: Vec<Value> = range.map(entry).collect();
        answer(
            200,
            &json!({ "messages": entries, "next_page_uri": next }).to_string(),
        )
    };
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let next = |n: u32| {
        json!(format!(
            "{path}?To=%2B15550100001&PageSize=50&Page={n}&PageToken=PASM{n}"
        ))
    };
    let scripts = vec![
        page(0..50, next(1)),
        page(50..100, next(2)),
        page(100..120, Value::Null),
    ];
    let server = Server::start(scripts).await;
    let (from, to) = ("+15550200000".into(), "+15550100001".into());
    let all = client(&server).messages(&from, &to).await.unwrap();
    assert_eq!(all.len(), 120);
    let lines = server.lines();
    assert!(
        lines[0].contains("From=%2B15550200000&To=%2B15550100001&PageSize="),
        "{}",
        lines[0]
    );
    assert!(lines[2].contains("PageToken=PASM2"), "{}", lines[2]);

    for astray in [
        "https://elsewhere.example/2010-04-01/Accounts/x/Messages.json?Page=1",
        "//elsewhere.example/Accounts/AC00000000000000000000000000000001/Messages.json?Page=1",
        "/2010-04-01/Accounts/AC00000000000000000000000000000002/Messages.json?Page=1",
        "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json?Page=1",
    ] {
        let server = Server::start(vec![page(0..1, json!(astray))]).await;
        let found = client(&server).messages(&from, &to).await;
        let sent = server.lines();
        assert_eq!(found, Err(Attempt::InDoubt { why: "bad_answer" }), "{astray}");
        assert_eq!(sent.len(), 1, "{astray}");
    }
    let server = Server::start(vec![page(0..1, next(1))]).await;
    let endless = client(&server).messages(&from, &to).await;
    assert!(
        matches!(endless, Err(Attempt::InDoubt { .. })),
        "a list without end is no list"
    );
}

#[tokio::test]
async fn a_text_in_doubt_is_found_by_its_words_and_its_time_the_oldest_first() {
    let entry = |n: u32, direction: &str, body: &str, date: &str| {
        json!({ "sid": format!("SM{n:032}"), "status": "delivered", "direction": direction, "body": body,
            "date_created": date })
    };
    let (then, before) = (
        "Tue, 31 Aug 2010 20:36:28 +0000",
        "Tue, 31 Aug 2010 20:35:28 +0000",
    );
    let page = json!({ "messages": [
        entry(6, "outbound-api", "Hello", then),
        entry(5, "outbound-api", "Hello!", then),
        entry(4, "inbound", "Hello", then),
        entry(3, "outbound-reply", "Sent from your Twilio trial account - Hello", then),
        entry(2, "outbound-api", "Hello", before),
    ], "next_page_uri": "/not/followed" });
    let server = Server::start(vec![answer(200, &page.to_string())]).await;
    let query = Query::Texts {
        from: "+15550200000".into(),
        to: "+15550100001".into(),
        text: Text::new("Hello"),
        // Two seconds later by our clock, and still the same text.
        since: Timestamp::from_millis(1_283_286_990_000),
    };
    let issued = Issued {
        command: Command::Query(query),
        ..issue(text())
    };
    let Attempt::Accepted(Answer::Texts(found)) = client(&server).attempt(&issued).await else {
        panic!("an answer");
    };
    let ids: Vec<&str> = found.iter().map(|text| text.message.as_str()).collect();
    assert_eq!(ids, [format!("SM{:032}", 3), format!("SM{:032}", 6)]);
    assert!(found.iter().all(|text| text.status == TextStatus::Delivered));
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn a_text_that_comes_in_has_its_words_and_files() {
    for place in ["", "sms"] {
        let event = event(post(place, &incoming()));
        assert_eq!(event.id.as_str(), format!("{SID}:received"));
        let EventBody::MessageReceived(text) = event.body else {
            panic!("a text");
        };
        assert_eq!(
            (text.from.expose(), text.to.expose()),
            ("+15550100001", "+15550200000")
        );
        assert_eq!((text.text.expose(), text.segments), ("Is it 5?", Some(1)));
        let kinds: Vec<_> = text
            .media
            .iter()
            .map(|file| file.content_type.as_deref())
            .collect();
        assert_eq!(kinds, [Some("image/png"), None]);
    }
}

#[test]
fn a_text_may_come_by_get() {
    let form = incoming();
    let query = form.encoded();
    let path = "/webhooks/twilio/sms";
    let text = format!("{PUBLIC_URL}{path}?{query}");
    let headers = signature_header(&sign(TOKEN, &text));
    let opened = open(&Method::GET, path, Some(&query), &headers, "".into());
    assert!(matches!(event(opened).body, EventBody::MessageReceived(_)));
    let changed = query.replace("Body=Is", "Body=As");
    let refused = open(&Method::GET, path, Some(&changed), &headers, "".into());
    assert_eq!(refused, Opened::Rejected(Rejection::WrongSignature));
    let as_post = open(&Method::POST, path, None, &headers, query.into());
    assert_eq!(as_post, Opened::Rejected(Rejection::WrongSignature));
}

#[test]
fn every_status_has_its_own_id_and_its_rank() {
    for (word, status) in [
        ("accepted", TextStatus::Queued),
        ("queued", TextStatus::Queued),
        ("sending", TextStatus::Sending),
        ("sent", TextStatus::Sent),
        ("delivered", TextStatus::Delivered),
        ("read", TextStatus::Delivered),
        ("undelivered", TextStatus::DeliveryFailed),
        ("failed", TextStatus::SendingFailed),
        ("canceled", TextStatus::SendingFailed),
        ("a new word", TextStatus::Sent),
    ] {
        let event = event(post("status", &report(word)));
        let EventBody::MessageStatus(told) = event.body else {
            panic!("a report");
        };
        assert_eq!((told.status, told.key), (status, None), "{word}");
        assert!(event.id.as_str().starts_with(&format!("{SID}:")), "{word}");
    }
    let failed = report("undelivered").with("ErrorCode", "30003");
    let EventBody::MessageStatus(told) = event(post("status", &failed)).body else {
        panic!("a report");
    };
    assert_eq!(told.errors, ["30003"]);
}

#[test]
fn what_is_authentic_and_makes_no_sense_is_set_aside_or_ignored() {
    let foreign = Form::default().with("AccountSid", format!("AC{}", "9".repeat(32)));
    assert_eq!(post("", &foreign), Opened::Ignored("foreign_account"));
    assert_eq!(
        post("t/bm90LW91cnM", &report("sent")),
        Opened::Ignored("foreign_address")
    );
    for (form, why) in [
        (Form::default().with("MessageSid", "../x"), "bad_id"),
        (Form::default().with("MessageSid", SID), "no_sender"),
        (
            Form::default().with("MessageSid", SID).with("From", "+1"),
            "no_status",
        ),
        (
            Form::default()
                .with("MessageSid", SID)
                .with("From", "+1")
                .with("SmsStatus", "received"),
            "no_receiver",
        ),
    ] {
        assert_eq!(post("", &form), Opened::Quarantined(why));
    }
}

#[test]
fn what_is_not_signed_is_never_read() {
    let body = incoming().encoded();
    let opened = open(
        &Method::POST,
        "/webhooks/twilio",
        None,
        &HeaderMap::new(),
        body.into(),
    );
    assert_eq!(opened, Opened::Rejected(Rejection::MissingHeader));
}
