//! The tracer against collectors on loopback: one that listens, one that is not there, one that never answers.
#![allow(clippy::unwrap_used)]

use super::*;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Instant, UNIX_EPOCH};

/// A request as it came over the wire.
struct Posted {
    head: String,
    body: Vec<u8>,
}

impl Posted {
    /// The spans as the official schema reads them.
    fn spans(&self) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
        let request = ExportTraceServiceRequest::decode(&self.body[..]).unwrap();
        let scopes = request
            .resource_spans
            .into_iter()
            .flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        self.body.windows(bytes.len()).any(|window| window == bytes)
    }
}

/// Answers every POST with 200 and hands it to the test.
fn collector() -> (SocketAddr, mpsc::Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, posts) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let send = send.clone();
            std::thread::spawn(move || serve(stream.unwrap(), &send));
        }
    });
    (address, posts)
}

fn serve(mut stream: TcpStream, send: &mpsc::Sender<Posted>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        while let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec())
                .unwrap()
                .to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse().unwrap());
            if bytes.len() < end + 4 + length {
                break;
            }
            let body = bytes[end + 4..end + 4 + length].to_vec();
            bytes.drain(..end + 4 + length);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
            if send.send(Posted { head, body }).is_err() {
                return;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn settings(address: SocketAddr) -> TraceSettings {
    let mut settings = TraceSettings::to(
        Some(format!("http://{address}/v1/traces")),
        ServiceIdentity::new("1.2.3", "node-under-test"),
    );
    // Only a flush or a full batch may cause an export, otherwise the tests would depend on the clock.
    settings.delay = Duration::from_secs(3600);
    settings
}

fn span(number: u128) -> FinishedSpan {
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
    FinishedSpan::new(TraceId::from(number + 1), SpanId::from(7), "call", at(0), at(60))
}

/// An address on loopback where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_flush_posts_spans_with_their_own_ids() {
    let (address, posts) = collector();
    let counters = SpanCounters::default();
    let tracer = Tracer::new(&settings(address), counters.clone()).unwrap();
    let trace = ids::trace_of_call("428c31b6-7af4-4bcb-b7f5-5013ef9657c1");
    let root = ids::root_span("428c31b6-7af4-4bcb-b7f5-5013ef9657c1");
    let child = ids::span_at(ids::SpanPlace {
        address: "call:x",
        incarnation: 1,
        seq: 2,
        index: 0,
        kind: "command",
    });
    let call = FinishedSpan {
        trace_id: trace,
        span_id: root,
        ..span(0)
    };
    tracer.emit(
        FinishedSpan {
            span_id: child,
            ..call.clone()
        }
        .child_of(root)
        .client()
        .with("command.name", "answer"),
    );
    tracer.emit(call);
    assert_eq!(tracer.flush(Duration::from_secs(30)).await, Drained::Completely);

    let post = posts.try_recv().unwrap();
    assert!(post.head.starts_with("post /v1/traces http/1.1"), "{}", post.head);
    assert!(
        post.head.contains("content-type: application/x-protobuf"),
        "{}",
        post.head
    );
    let spans = post.spans();
    let found = |id: SpanId| spans.iter().find(|span| span.span_id == id.to_bytes()).unwrap();
    assert!(spans.len() == 2 && spans.iter().all(|span| span.trace_id == trace.to_bytes()));
    assert_eq!(found(child).parent_span_id, root.to_bytes());
    assert_eq!(
        (found(child).kind, found(root).kind),
        (3, 1),
        "client and internal"
    );
    assert!(found(root).parent_span_id.is_empty());
    assert_eq!(found(root).start_time_unix_nano, 1_700_000_000_000_000_000);
    assert_eq!(found(root).end_time_unix_nano, 1_700_000_060_000_000_000);
    for text in [
        "command.name",
        "answer",
        "service.instance.id",
        "node-under-test",
        "1.2.3",
        "cordboard",
    ] {
        assert!(post.holds(text.as_bytes()), "{text}");
    }
    assert_eq!(
        (counters.exported.get(), counters.dropped(), tracer.waiting()),
        (2, 0, 0)
    );
    assert_eq!(
        tracer.shutdown(Duration::from_secs(30)).await,
        Drained::Completely
    );
}

#[tokio::test]
async fn the_same_span_is_the_same_bytes() {
    let (address, posts) = collector();
    let tracer = Tracer::new(&settings(address), SpanCounters::default()).unwrap();
    for _ in 0..2 {
        tracer.emit(span(1).with("call.id", "c"));
        assert_eq!(tracer.flush(Duration::from_secs(30)).await, Drained::Completely);
    }
    assert_eq!(posts.try_recv().unwrap().body, posts.try_recv().unwrap().body);
}

#[tokio::test]
async fn a_dead_collector_costs_spans_and_no_time() {
    let counters = SpanCounters::default();
    let tracer = Tracer::new(&settings(nobody()), counters.clone()).unwrap();
    let spans: Vec<FinishedSpan> = (0..100_000).map(span).collect();
    let began = Instant::now();
    for span in spans {
        tracer.emit(span);
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "100,000 spans took {took:?}");
    assert!(counters.dropped() > 0, "the queue holds fewer");
    let began = Instant::now();
    let _ = tracer.shutdown(Duration::from_millis(200)).await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "shutdown took {:?}",
        began.elapsed()
    );
    tracer.emit(span(0));
    assert_eq!(counters.dropped_after_shutdown.get(), 1);
    assert_eq!(counters.exported.get(), 0);
}

#[tokio::test]
async fn a_silent_collector_holds_up_neither_flush_nor_shutdown() {
    // It accepts connections (the kernel does) and never reads.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tracer = Tracer::new(&settings(listener.local_addr().unwrap()), SpanCounters::default()).unwrap();
    tracer.emit(span(0));
    let began = Instant::now();
    assert_eq!(tracer.flush(Duration::from_millis(100)).await, Drained::TimedOut);
    assert_eq!(
        tracer.shutdown(Duration::from_millis(100)).await,
        Drained::TimedOut
    );
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "took {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn every_span_is_accounted_for_when_the_collector_refuses() {
    let counters = SpanCounters::default();
    let mut settings = settings(nobody());
    settings.queue = 20;
    settings.batch = 10;
    let tracer = Tracer::new(&settings, counters.clone()).unwrap();
    for number in 0..200 {
        tracer.emit(span(number));
    }
    let _ = tracer.flush(Duration::from_secs(60)).await;
    assert_eq!(tracer.waiting(), 0);
    assert_eq!(counters.exported.get() + counters.dropped(), 200);
    assert!(
        counters.dropped_queue_full.get() > 0 && counters.dropped_export_failed.get() > 0,
        "{counters:?}"
    );
}

#[tokio::test]
async fn traces_that_are_not_chosen_never_leave() {
    let (address, posts) = collector();
    let mut settings = settings(address);
    settings.sampling = Sampling::ratio(0.5);
    let counters = SpanCounters::default();
    let tracer = Tracer::new(&settings, counters.clone()).unwrap();
    let chosen: Vec<u128> = (0..200)
        .filter(|number| tracer.records(TraceId::from(number + 1)))
        .collect();
    (0..200).for_each(|number| tracer.emit(span(number)));
    assert_eq!(tracer.flush(Duration::from_secs(30)).await, Drained::Completely);
    assert_eq!(counters.exported.get(), chosen.len() as u64);
    let post = posts.try_recv().unwrap();
    for number in 0..200u128 {
        assert_eq!(
            post.holds(&(number + 1).to_be_bytes()),
            chosen.contains(&number),
            "trace {number}"
        );
    }
}

#[tokio::test]
async fn a_disabled_tracer_does_nothing_at_once() {
    let tracer = Tracer::new(
        &TraceSettings::to(None, ServiceIdentity::new("1", "n")),
        SpanCounters::default(),
    )
    .unwrap();
    assert!(!tracer.enabled() && !tracer.records(TraceId::from(1)));
    tracer.emit(span(0));
    assert_eq!(tracer.flush(Duration::ZERO).await, Drained::Completely);
    assert_eq!(tracer.shutdown(Duration::ZERO).await, Drained::Completely);
    assert_eq!(
        Tracer::disabled().shutdown_blocking(Duration::ZERO),
        Drained::Completely
    );
}

#[tokio::test]
async fn spans_of_many_threads_arrive_once_each() {
    let (address, posts) = collector();
    let counters = SpanCounters::default();
    let mut settings = settings(address);
    settings.batch = 64;
    let tracer = Tracer::new(&settings, counters.clone()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u128 {
            let tracer = tracer.clone();
            scope.spawn(move || (0..2_500).for_each(|number| tracer.emit(span(thread * 2_500 + number))));
        }
    });
    assert_eq!(
        tracer.shutdown(Duration::from_secs(30)).await,
        Drained::Completely
    );
    let ids: Vec<Vec<u8>> = posts
        .try_iter()
        .flat_map(|post| post.spans())
        .map(|span| span.trace_id)
        .collect();
    let different: std::collections::BTreeSet<&Vec<u8>> = ids.iter().collect();
    assert_eq!(
        (ids.len(), different.len(), counters.exported.get()),
        (10_000, 10_000, 10_000)
    );
}

#[tokio::test]
async fn a_collector_that_does_not_speak_tls_is_a_failed_export() {
    let (address, _posts) = collector();
    let counters = SpanCounters::default();
    let mut settings = settings(address);
    // The server waits for the rest of a request while TLS waits for its answer: only the time limit ends that.
    settings.timeout = Duration::from_millis(200);
    settings.endpoint = Some(format!("https://{address}/v1/traces"));
    let tracer = Tracer::new(&settings, counters.clone()).unwrap();
    tracer.emit(span(0));
    let _ = tracer.flush(Duration::from_secs(60)).await;
    assert_eq!(
        (counters.exported.get(), counters.dropped_export_failed.get()),
        (0, 1)
    );
}

#[test]
fn the_context_passed_on_carries_the_decision() {
    let (trace_id, span_id) = (TraceId::from(1), SpanId::from(2));
    assert!(!Tracer::disabled().context(trace_id, span_id).sampled);
    let (address, _posts) = collector();
    let tracer = Tracer::new(&settings(address), SpanCounters::default()).unwrap();
    assert!(
        tracer
            .context(trace_id, span_id)
            .to_string()
            .ends_with("-0000000000000002-01")
    );
}

#[tokio::test]
async fn a_tracer_may_be_dropped_inside_a_runtime() {
    let (address, _posts) = collector();
    let tracer = Tracer::new(&settings(address), SpanCounters::default()).unwrap();
    tracer.emit(span(0));
    drop(tracer);
    let refused = TraceSettings::to(Some("http://[::1".to_owned()), ServiceIdentity::new("1", "n"));
    assert!(matches!(
        Tracer::new(&refused, SpanCounters::default()),
        Err(TraceSettingsError::Exporter(_))
    ));
}
