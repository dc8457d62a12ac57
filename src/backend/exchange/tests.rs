//! The client against small servers on loopback that answer as told.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{BackendClient, BackendReply, BackendRequest, BackendSettings};
use crate::backend::{Forbidden, SigningSecret};

/// Serves one connection with these bytes; tells where, and later what was asked.
async fn server(answer: &'static [u8]) -> (String, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/next", listener.local_addr().unwrap());
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        let mut piece = [0; 4096];
        while !asked.ends_with(b"}") {
            match stream.read(&mut piece).await.unwrap() {
                0 => break,
                count => asked.extend_from_slice(&piece[..count]),
            }
        }
        tell.send(String::from_utf8(asked).unwrap()).unwrap();
        stream.write_all(answer).await.unwrap();
        if answer.is_empty() {
            // Silent, but there: the client's own limit must end it.
            std::future::pending::<()>().await;
        }
    });
    (url, told)
}

fn client() -> BackendClient {
    BackendClient::new(BackendSettings {
        secret: Some(SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()),
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        answer_limit: 1024,
    })
}

fn question<'a>(url: &'a str, headers: &'a [(String, String)]) -> BackendRequest<'a> {
    BackendRequest {
        id: "msg_1",
        url,
        method: Method::POST,
        headers,
        body: Bytes::from_static(br#"{"step":"ask"}"#),
        timestamp: 1_614_265_330,
        trace_parent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        timeout: Duration::from_secs(5),
    }
}

#[tokio::test]
async fn a_question_is_signed_and_carries_its_trace() {
    let (url, told) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let mine = [
        ("X-Key".to_owned(), "k".to_owned()),
        ("Host".to_owned(), "evil".to_owned()),
    ];
    let reply = client().ask(&question(&url, &mine)).await;
    let body = Bytes::from_static(b"{}");
    assert_eq!(
        reply,
        BackendReply::Answered {
            status: StatusCode::OK,
            body
        }
    );
    let asked = told.await.unwrap();
    let secret = SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    for line in [
        "webhook-id: msg_1".to_owned(),
        "webhook-timestamp: 1614265330".to_owned(),
        format!(
            "webhook-signature: {}",
            secret.sign("msg_1", 1_614_265_330, br#"{"step":"ask"}"#)
        ),
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        "x-key: k".to_owned(),
    ] {
        assert!(asked.contains(&line), "{line} is missing in {asked}");
    }
    assert!(!asked.contains("evil"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let answer = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let (url, _told) = server(answer).await;
    let reply = client().ask(&question(&url, &[])).await;
    let body = Bytes::new();
    assert_eq!(
        reply,
        BackendReply::Answered {
            status: StatusCode::FOUND,
            body
        }
    );
}

#[tokio::test]
async fn what_may_have_arrived_is_in_doubt() {
    let (silent, _told) = server(b"").await;
    let mut asked = question(&silent, &[]);
    asked.timeout = Duration::from_millis(300);
    assert_eq!(client().ask(&asked).await, BackendReply::InDoubt("timeout"));

    let (cut, _told) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{").await;
    assert_eq!(
        client().ask(&question(&cut, &[])).await,
        BackendReply::InDoubt("reset")
    );

    let endless = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{}",
        " ".repeat(2048)
    );
    let (long, _told) = server(endless.leak().as_bytes()).await;
    assert_eq!(
        client().ask(&question(&long, &[])).await,
        BackendReply::InDoubt("answer_too_large")
    );
}

#[tokio::test]
async fn what_never_left_is_not_in_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(
        client().ask(&question(&url, &[])).await,
        BackendReply::NotSent("connect")
    );
    let broken = [("bad header".to_owned(), "x".to_owned())];
    assert_eq!(
        client().ask(&question(&url, &broken)).await,
        BackendReply::NotSent("bad_request")
    );
}

#[tokio::test]
async fn a_private_address_gets_no_packet() {
    let (url, told) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let strict = BackendClient::new(BackendSettings::default());
    assert_eq!(
        strict.ask(&question(&url, &[])).await,
        BackendReply::Forbidden(Forbidden::NotPublic)
    );
    let name = url.replace("127.0.0.1", "localhost").replace("http:", "https:");
    assert_eq!(
        strict.ask(&question(&name, &[])).await,
        BackendReply::Forbidden(Forbidden::NotPublic)
    );
    assert!(told.is_empty());
}
