//! The operator door: who gets in, and what stands behind it.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::routing::{get, post};
use cordboard::http::{DoorLimits, OperatorAccess, OperatorDoor, Readiness, Silent};

use crate::http_wire::{Reply, ask, serve};

const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8081);

async fn open(token: Option<&str>) -> (SocketAddr, Arc<AtomicBool>) {
    let stopping = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopping);
    let api = Router::new()
        .route("/api/v1/calls", get(|| async { "[]" }))
        .route("/api/v1/echo", post(|body: String| async move { body }));
    let readiness = move || match flag.load(Ordering::SeqCst) {
        true => Readiness::NotReady("stopping"),
        false => Readiness::Ready,
    };
    let door = OperatorDoor::new(
        OperatorAccess::new(HERE, false, token).unwrap(),
        DoorLimits {
            max_body_bytes: 100,
            ..DoorLimits::default()
        },
        api,
        Arc::new(readiness),
        Arc::new(|| "# EOF\n".to_owned()),
    );
    let (address, _, _) = serve(Arc::new(door), DoorLimits::default(), Arc::new(Silent)).await;
    (address, stopping)
}

async fn get_with(address: SocketAddr, path: &str, fields: &str) -> Reply {
    ask(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn health_readiness_and_metrics_answer_and_readiness_goes_off_while_stopping() {
    let (address, stopping) = open(None).await;
    let answer = async |path: &'static str| {
        let reply = get_with(address, path, "").await;
        (reply.status, reply.body)
    };
    assert_eq!(answer("/healthz").await, (200, "alive\n".into()));
    assert_eq!(answer("/readyz").await, (200, "ready\n".into()));
    assert_eq!(answer("/metrics").await, (200, "# EOF\n".into()));
    stopping.store(true, Ordering::SeqCst);
    assert_eq!(answer("/readyz").await, (503, "stopping\n".into()));
    assert_eq!(answer("/healthz").await, (200, "alive\n".into()));
    let reply = ask(
        address,
        "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(reply.unwrap().status, 405);
}

#[tokio::test]
async fn only_the_mounted_paths_reach_the_router() {
    let (address, _) = open(None).await;
    for (path, status) in [
        ("/api/v1/calls", 200),
        ("/api/v1/nothing", 404),
        ("/api/v2/calls", 404),
        ("/api/v1", 404),
        ("/", 404),
        ("/webhooks/telnyx", 404),
        ("/healthz/", 404),
    ] {
        assert_eq!(get_with(address, path, "").await.status, status, "{path}");
    }
    let echo = |body: &str| {
        let length = body.len();
        format!("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    assert_eq!(ask(address, echo("hello")).await.unwrap().body, "hello");
    assert_eq!(ask(address, echo(&"a".repeat(101))).await.unwrap().status, 413);
}

#[tokio::test]
async fn no_72_73_without_the_right_token_in_the_header_it_is_401() {
    let (address, _) = open(Some("s3cret-s3cret-s3cret")).await;
    for (path, fields, status) in [
        (
            "/api/v1/calls",
            "Authorization: Bearer s3cret-s3cret-s3cret\r\n",
            200,
        ),
        ("/metrics", "Authorization: Bearer s3cret-s3cret-s3cret\r\n", 200),
        ("/api/v1/calls", "", 401),
        ("/metrics", "", 401),
        ("/nowhere", "", 401),
        ("/api/v1/calls", "Authorization: Bearer \r\n", 401),
        ("/api/v1/calls", "Authorization: Bearer wrong\r\n", 401),
        (
            "/api/v1/calls",
            "Authorization: Basic s3cret-s3cret-s3cret\r\n",
            401,
        ),
        ("/api/v1/calls?token=s3cret-s3cret-s3cret", "", 401),
        (
            "/api/v1/calls?token=x",
            "Authorization: Bearer s3cret-s3cret-s3cret\r\n",
            401,
        ),
        ("/healthz", "", 200),
        ("/readyz", "", 200),
    ] {
        let reply = get_with(address, path, fields).await;
        assert_eq!(reply.status, status, "{path} {fields}");
        assert!(!reply.head.contains("s3cret") && !reply.body.contains("s3cret"));
    }
}

#[tokio::test]
async fn a_strangers_page_cannot_use_the_operators_browser() {
    let (address, _) = open(None).await;
    for (host, origin, status) in [
        ("127.0.0.1:8081", "", 200),
        ("evil.example:8081", "", 403),
        ("localhost:8081", "Origin: https://evil.example\r\n", 403),
        ("localhost:8081", "Origin: null\r\n", 403),
        ("localhost:8081", "Origin: http://localhost:8081\r\n", 200),
    ] {
        let request = format!("GET /api/v1/calls HTTP/1.1\r\nHost: {host}\r\n{origin}\r\n");
        assert_eq!(
            ask(address, request).await.unwrap().status,
            status,
            "{host} {origin}"
        );
    }
}
