//! Hostile and broken HTTP at the carrier door, sent byte by byte. The numbers are those of the list of bad inputs
//! that the door was designed against: 25 to 47.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use cordboard::http::{ConnectionFact, DoorLimits};

use crate::http_wire::{CarrierDoor, Reply, Wire, ask, webhook};

const SHORT: Duration = Duration::from_millis(150);

fn head(line: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: door\r\n{fields}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    head(
        "POST /webhooks/telnyx",
        &format!("Content-Type: application/json\r\n{fields}"),
    ) + body
}

/// Name, request, status, and whether the connection must end.
type Case = (&'static str, String, u16, bool);

fn paths() -> Vec<Case> {
    let at = |method: &str, path: &str| head(&format!("{method} {path}"), "");
    vec![
        ("25 GET", at("GET", "/webhooks/telnyx"), 405, false),
        ("25 PUT", at("PUT", "/webhooks/telnyx"), 405, false),
        ("25 DELETE", at("DELETE", "/webhooks/telnyx"), 405, false),
        ("26 unknown path", at("POST", "/webhooks/other"), 404, false),
        ("26 root", at("GET", "/"), 404, false),
        (
            "27 encoded dots",
            at("POST", "/webhooks/..%2fwebhooks/telnyx"),
            404,
            false,
        ),
        ("27 plain dots", at("POST", "/x/../webhooks/telnyx"), 404, false),
        (
            "27 double encoding",
            at("POST", "/webhooks/%2574elnyx"),
            404,
            false,
        ),
        ("27 encoded NUL", at("POST", "/webhooks/telnyx%00"), 404, false),
        ("27 raw NUL", at("POST", "/webhooks/telnyx\0"), 400, true),
        (
            "27 overlong UTF-8",
            at("POST", "/webhooks/\u{c0}\u{af}"),
            400,
            true,
        ),
        (
            "38 long target",
            at("POST", &format!("/{}", "a".repeat(2_048))),
            414,
            true,
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let sized = |lengths: &[&str], body: &str| {
        let fields: String = lengths
            .iter()
            .map(|length| format!("Content-Length: {length}\r\n"))
            .collect();
        post(&fields, body)
    };
    let te = "Transfer-Encoding: chunked\r\n";
    let cl = "Content-Length: 3\r\n";
    vec![
        ("28 length over the limit", sized(&["262145"], ""), 413, true),
        ("29 length too short", sized(&["2"], "ev-and-more"), 200, false),
        (
            "30 CL then TE",
            post(&format!("{cl}{te}"), "0\r\n\r\n"),
            400,
            true,
        ),
        (
            "30 TE then CL",
            post(&format!("{te}{cl}"), "0\r\n\r\n"),
            400,
            true,
        ),
        ("31 equal lengths", sized(&["2", "2"], "ev"), 400, true),
        ("31 different lengths", sized(&["2", "3"], "ev"), 400, true),
        ("31 list of lengths", sized(&["2, 2"], "ev"), 400, true),
    ]
}

fn chunks() -> Vec<Case> {
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
    let extension = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(1024 * 1024));
    vec![
        (
            "32 overflow",
            chunked("fffffffffffffffff\r\na\r\n0\r\n\r\n"),
            400,
            true,
        ),
        ("32 negative", chunked("-1\r\na\r\n0\r\n\r\n"), 400, true),
        ("32 extension of 1 MiB", chunked(&extension), 400, true),
        ("32 not hexadecimal", chunked("zz\r\n"), 400, true),
        ("32 honest chunks", chunked("2\r\nev\r\n0\r\n\r\n"), 200, true),
    ]
}

fn heads() -> Vec<Case> {
    let many: String = (0..70).map(|n| format!("X-{n}: a\r\n")).collect();
    let long = format!("X: {}\r\n", "a".repeat(17_000));
    let endless = format!("POST / HTTP/1.1\r\nX: {}", "a".repeat(20_000));
    let host = |host: &str| format!("GET / HTTP/1.1\r\n{host}\r\n");
    vec![
        ("38 too many headers", post(&many, ""), 431, true),
        ("38 head over 16 KiB", post(&long, ""), 431, true),
        ("38 endless header line", endless, 431, true),
        ("39 folded line", post("X: a\r\n b\r\n", ""), 400, true),
        ("39 bare CR", post("X: a\rY: b\r\n", ""), 400, true),
        ("39 bare LF", post("X: a\nY: b\r\n", ""), 400, true),
        ("39 blank before the colon", post("X : a\r\n", ""), 400, true),
        ("39 NUL in a value", post("X: a\0b\r\n", ""), 400, true),
        ("40 no Host", host(""), 400, true),
        ("40 two Hosts", host("Host: a\r\nHost: a\r\n"), 400, true),
        (
            "40 hostile Host",
            host("Host: <script>alert(1)</script>\r\n"),
            400,
            true,
        ),
        ("40 empty Host", host("Host: \r\n"), 400, true),
        (
            "41 h2c preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
            400,
            true,
        ),
        ("41 garbage", "\u{16}\u{3}\u{1}\r\n\r\n".into(), 400, true),
    ]
}

fn media() -> Vec<Case> {
    let json = "Content-Type: application/json\r\n";
    let with = |fields: &str| head("POST /webhooks/telnyx", &format!("{fields}Content-Length: 2\r\n")) + "ev";
    let encoded = |encoding: &str| with(&format!("{json}Content-Encoding: {encoding}\r\n"));
    vec![
        ("43 gzip", encoded("gzip"), 415, true),
        ("43 two encodings", encoded("identity, gzip"), 415, true),
        ("43 no encoding, said so", encoded("identity"), 200, false),
        (
            "44 second content type",
            with(&format!("{json}Content-Type: text/plain\r\n")),
            415,
            true,
        ),
        ("44 no content type", with(""), 415, true),
        (
            "44 a form",
            with("Content-Type: application/x-www-form-urlencoded\r\n"),
            415,
            true,
        ),
        (
            "44 with a charset",
            with("Content-Type: Application/JSON; charset=utf-8\r\n"),
            200,
            false,
        ),
    ]
}

#[tokio::test]
async fn every_bad_request_gets_its_status_and_an_ended_connection_where_framing_is_lost() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    for (name, request, status, ends) in [paths(), bodies(), chunks(), heads(), media()].concat() {
        let mut wire = Wire::open(door.address).await;
        wire.send(&request).await;
        let reply = wire.reply().await.unwrap_or_else(|| panic!("{name}: no answer"));
        assert_eq!(reply.status, status, "{name}: {reply:?}");
        assert!(
            !reply.body.contains("script") && !reply.body.contains("telnyx"),
            "{name}: echoed"
        );
        if ends {
            assert_eq!(reply.header("connection"), Some("close"), "{name}");
            assert!(wire.is_closed().await, "{name}: still open");
        }
    }
    assert_eq!(
        ask(door.address, head("GET /webhooks/telnyx", ""))
            .await
            .unwrap()
            .header("allow"),
        Some("POST")
    );
}

#[tokio::test]
async fn no_28_a_chunked_body_over_the_limit_is_413_before_its_end() {
    let door = CarrierDoor::open(DoorLimits {
        max_body_bytes: 1_000,
        ..DoorLimits::default()
    })
    .await;
    let mut wire = Wire::open(door.address).await;
    wire.send(post(
        "Transfer-Encoding: chunked\r\n",
        &format!("7d0\r\n{}", "a".repeat(1_500)),
    ))
    .await;
    assert_eq!(wire.reply().await.unwrap().status, 413);
    assert!(wire.is_closed().await);
}

#[tokio::test]
async fn no_28_the_answer_reaches_a_client_that_is_still_sending() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    let mut wire = Wire::open(door.address).await;
    let body = "a".repeat(3 * 1024 * 1024);
    wire.send(webhook(&body, "")).await;
    assert_eq!(wire.reply().await.unwrap().status, 413);
}

#[tokio::test]
async fn no_29_a_body_that_never_comes_whole_is_408() {
    let door = CarrierDoor::open(DoorLimits {
        body_timeout: SHORT,
        ..DoorLimits::default()
    })
    .await;
    let mut wire = Wire::open(door.address).await;
    wire.send(post("Content-Length: 10\r\n", "short")).await;
    assert_eq!(wire.reply().await.unwrap().status, 408);
    assert!(wire.is_closed().await);
    assert!(door.intake.recorded.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_33_a_huge_body_is_refused_without_100_continue_and_a_small_one_is_invited() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    let huge = post("Expect: 100-continue\r\nContent-Length: 99999999999\r\n", "");
    assert_eq!(ask(door.address, huge).await.unwrap().status, 413);
    let mut wire = Wire::open(door.address).await;
    wire.send(post("Expect: 100-continue\r\nContent-Length: 2\r\n", ""))
        .await;
    assert_eq!(wire.reply().await.unwrap().status, 100);
    wire.send("ev").await;
    assert_eq!(wire.reply().await.unwrap().status, 200);
}

/// Sends `drip` again and again until the door answers or closes; tells after how long.
async fn drip(wire: &mut Wire, drip: &str, pause: Duration) -> (Option<Reply>, Duration) {
    let begun = Instant::now();
    let mut beat = tokio::time::interval(pause);
    loop {
        tokio::select! {
            reply = wire.reply() => return (reply, begun.elapsed()),
            _ = beat.tick() => {}
        }
        wire.send(drip).await;
    }
}

#[tokio::test]
async fn no_34_35_a_slow_head_and_a_silent_connection_are_closed_at_the_head_timeout() {
    let door = CarrierDoor::open(DoorLimits {
        head_timeout: SHORT,
        ..DoorLimits::default()
    })
    .await;
    let mut slow = Wire::open(door.address).await;
    slow.send("POST /webhooks/telnyx HTTP/1.1\r\nX: ").await;
    let (reply, after) = drip(&mut slow, "a", SHORT / 5).await;
    assert_eq!(reply, None);
    assert!(after >= SHORT / 2, "closed after {after:?}");
    let mut silent = Wire::open(door.address).await;
    assert!(silent.is_closed().await);
}

#[tokio::test]
async fn no_36_a_body_of_single_bytes_is_408_at_the_body_timeout() {
    let door = CarrierDoor::open(DoorLimits {
        body_timeout: SHORT,
        ..DoorLimits::default()
    })
    .await;
    let mut wire = Wire::open(door.address).await;
    wire.send(post("Content-Length: 1000\r\n", "")).await;
    let (reply, _) = drip(&mut wire, "a", SHORT / 5).await;
    assert_eq!(reply.unwrap().status, 408);
}

#[tokio::test]
async fn no_37_idle_connections_are_capped_and_give_way_to_real_traffic() {
    let limits = DoorLimits {
        max_connections: 50,
        max_connections_per_ip: 20,
        ..DoorLimits::default()
    };
    let door = CarrierDoor::open(limits).await;
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(Wire::open(door.address).await);
    }
    for n in 0..5 {
        let reply = ask(door.address, webhook(&format!("ev-{n}"), "")).await;
        assert_eq!(reply.unwrap().status, 200);
    }
    assert!(idle[0].is_closed().await, "the oldest idle connection made room");
    let facts = door.ear.facts.lock().unwrap();
    let count = |wanted| facts.iter().filter(|fact| **fact == wanted).count();
    assert!(count(ConnectionFact::MadeRoom) >= 40, "{facts:?}");
    assert_eq!(count(ConnectionFact::TurnedAway), 0);
}

#[tokio::test]
async fn an_idle_connection_is_kept_between_requests_and_closed_at_the_idle_timeout() {
    let limits = DoorLimits {
        head_timeout: SHORT,
        idle_timeout: SHORT * 4,
        ..DoorLimits::default()
    };
    let door = CarrierDoor::open(limits).await;
    let mut wire = Wire::open(door.address).await;
    let begun = Instant::now();
    wire.send(webhook("one", "")).await;
    assert_eq!(wire.reply().await.unwrap().status, 200);
    assert!(wire.is_closed().await);
    assert!(begun.elapsed() >= SHORT * 3, "closed after {:?}", begun.elapsed());
}

#[tokio::test]
async fn no_45_a_thousand_pipelined_requests_are_answered_in_order() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    let mut wire = Wire::open(door.address).await;
    let requests: String = (0..1_000).map(|n| webhook(&format!("ev-{n}"), "")).collect();
    let (mut read, mut write) = (0, requests.as_bytes().chunks(1_471));
    while read < 1_000 {
        if let Some(part) = write.next() {
            wire.send(part).await;
            continue;
        }
        assert_eq!(wire.reply().await.unwrap().status, 200, "answer {read}");
        read += 1;
    }
    let expected: Vec<String> = (0..1_000).map(|n| format!("ev-{n}")).collect();
    assert_eq!(*door.intake.recorded.lock().unwrap(), expected);
}

#[tokio::test]
async fn requests_cut_at_every_byte_are_read_all_the_same() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    let request = format!("\r\n{}{}", webhook("first", ""), webhook("second", ""));
    for cut in 1..request.len() {
        let mut wire = Wire::open(door.address).await;
        wire.send(&request[..cut]).await;
        tokio::task::yield_now().await;
        wire.send(&request[cut..]).await;
        for _ in 0..2 {
            assert_eq!(wire.reply().await.unwrap().status, 200, "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn no_47_forwarded_headers_change_nothing() {
    let door = CarrierDoor::open(DoorLimits::default()).await;
    let spoofed = webhook(
        "ev",
        "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n",
    );
    let reply = ask(door.address, spoofed).await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert!(!reply.head.contains("evil"));
}
