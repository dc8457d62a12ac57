//! A carrier for one test: answers what it is told to, and keeps what it was asked.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Limits;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Reads the request and closes without a word.
    Reset,
    /// Reads the request and never answers.
    Silence,
    /// Starts an answer and never ends it.
    Endless,
    /// Writes these bytes and keeps the connection open.
    Stall(Vec<u8>),
}

/// An answer with a JSON body.
pub(super) fn json(status: u16, body: &str) -> Script {
    with_headers(status, "content-type: application/json\r\n", body)
}

pub(super) fn with_headers(status: u16, headers: &str, body: &str) -> Script {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    Script::Bytes([head.as_bytes(), body.as_bytes()].concat())
}

/// A running server. The last script repeats.
pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(accept(listener, scripts.into(), Arc::clone(&seen)));
        Self { address, seen, task }
    }

    /// The requests so far, head and body.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The request lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter()
            .map(|request| request.lines().next().unwrap_or_default().to_owned())
            .collect()
    }

    /// Its address with a path prefix such as `/v2`.
    pub(super) fn url(&self, prefix: &str) -> String {
        format!("http://{}{prefix}", self.address)
    }
}

/// Short enough for tests that wait for them.
pub(super) fn limits() -> Limits {
    Limits {
        connect: Duration::from_millis(500),
        attempt: Duration::from_millis(500),
        ..Limits::default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, mut scripts: VecDeque<Script>, seen: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let script = if scripts.len() > 1 {
            scripts.pop_front().unwrap()
        } else {
            scripts.front().cloned().unwrap()
        };
        tokio::spawn(serve(stream, script, Arc::clone(&seen)));
    }
}

async fn serve(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut stream).await;
    seen.lock().unwrap().push(request);
    match script {
        Script::Bytes(bytes) => {
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
        }
        Script::Reset => drop(stream),
        Script::Silence => std::future::pending().await,
        Script::Stall(bytes) => {
            stream.write_all(&bytes).await.ok();
            std::future::pending::<()>().await;
        }
        Script::Endless => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            stream.write_all(head).await.ok();
            while stream.write_all(&[b' '; 16384]).await.is_ok() {}
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
