//! One door's listener: accepts connections, runs hyper's HTTP/1 on each, and stops without cutting an answer.
//!
//! `app.rs` binds one per door. What a request means is the [`Door`]'s business.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answers;
use super::connections::{Connection, Connections, Seat, Work};
use super::events::{ConnectionFact, DoorEvents};
use super::guard::GuardedStream;
use super::limits::DoorLimits;
use super::peer;

/// Pause after a failed accept: out of file descriptors, most likely, and trying again at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long what a client still sends is read and thrown away after its last answer: closing on unread bytes resets
/// the connection, and the reset can overtake the answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// hyper's own buffer for bodies and answers.
const BUFFER_BYTES: usize = 64 * 1024;

/// What answers requests.
pub trait Door: Send + Sync + 'static {
    /// Body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + From<Bytes>
        + Send
        + Unpin
        + 'static;

    /// `carrier` or `operator`, for metrics.
    fn name(&self) -> &'static str;

    /// Answers one request. The future is dropped when the connection is cut.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// A bound listener that is not serving yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    limits: DoorLimits,
}

/// How a door came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were still open at the deadline and were cut.
    pub cut: usize,
}

impl Listener {
    /// Binds; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken or not ours; the text names it.
    pub async fn bind(address: SocketAddr, limits: DoorLimits) -> io::Result<Self> {
        let explain =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"));
        let socket = TcpListener::bind(address).await.map_err(explain)?;
        let address = socket.local_addr().map_err(explain)?;
        Ok(Self {
            socket,
            address,
            limits,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then closes the listening socket, lets requests at work finish, and at the deadline of
    /// the limits cuts the rest. Half-sent heads and idle connections end at once.
    pub async fn serve<D: Door>(
        self,
        door: Arc<D>,
        events: Arc<dyn DoorEvents>,
        stop: CancellationToken,
    ) -> Stopped {
        let Self { socket, limits, .. } = self;
        let table = Connections::new(&limits);
        let tasks = TaskTracker::new();
        let lines = Arc::new(Lines {
            door,
            events,
            limits,
            stop,
            cut: CancellationToken::new(),
        });
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = lines.stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => lines.open(stream, peer, &table, &tasks),
                Err(error) => {
                    tracing::warn!(door = lines.door.name(), %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(socket);
        tasks.close();
        let in_time = tokio::time::timeout(limits.stop_deadline, tasks.wait())
            .await
            .is_ok();
        let cut = if in_time { 0 } else { table.count() };
        lines.cut.cancel();
        tasks.wait().await;
        Stopped { cut }
    }
}

/// What every connection of a door shares.
struct Lines<D> {
    door: Arc<D>,
    events: Arc<dyn DoorEvents>,
    limits: DoorLimits,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl<D: Door> Lines<D> {
    fn open(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        table: &Arc<Connections>,
        tasks: &TaskTracker,
    ) {
        let name = self.door.name();
        let Some((seat, made_room)) = table.admit(peer.ip()) else {
            self.events.connection(name, ConnectionFact::TurnedAway);
            return;
        };
        if made_room {
            self.events.connection(name, ConnectionFact::MadeRoom);
        }
        self.events.connection(name, ConnectionFact::Opened);
        let lines = Arc::clone(self);
        tasks.spawn(async move {
            lines.converse(stream, peer, &seat).await;
            drop(seat);
            lines.events.connection(name, ConnectionFact::Closed);
        });
    }

    /// One connection from accept to close.
    async fn converse(self: &Arc<Self>, stream: TcpStream, from: SocketAddr, seat: &Seat) {
        // Without it an answer waits up to 40 ms for the client's delayed acknowledgement. It fails only on a
        // socket that is dead already.
        let _ = stream.set_nodelay(true);
        let connection = seat.connection();
        let guarded = GuardedStream::new(stream, self.limits, Arc::clone(connection));
        let service = service_fn(|mut request| {
            peer::note(&mut request, from.ip());
            Box::pin(self.answer(request, connection))
        });
        let mut talk = self.protocol().serve_connection(TokioIo::new(guarded), service);
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = poll_fn(|cx| talk.poll_without_shutdown(cx)) => {
                    if ended.is_err() {
                        return;
                    }
                    break;
                }
                () = connection.cut().cancelled() => return,
                () = self.cut.cancelled() => return,
                () = self.stop.cancelled(), if !stopping => {
                    stopping = true;
                    Pin::new(&mut talk).graceful_shutdown();
                }
            }
        }
        let socket = talk.into_parts().io.into_inner().into_socket();
        tokio::select! {
            () = farewell(socket) => {}
            () = connection.cut().cancelled() => {}
            () = self.cut.cancelled() => {}
        }
    }

    fn protocol(&self) -> http1::Builder {
        let limits = &self.limits;
        let mut protocol = http1::Builder::new();
        protocol
            .timer(TokioTimer::new())
            // A client that ends its side after the request still gets its answer.
            .half_close(true)
            // The guard's clocks strike first; this one is the net below them.
            .header_read_timeout(limits.idle_timeout + limits.head_timeout + Duration::from_secs(5))
            .max_headers(limits.max_headers)
            .max_buf_size(BUFFER_BYTES.max(limits.max_head_bytes * 2));
        protocol
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Result<Response<Held<D::Body>>, Infallible> {
        let work = connection.work();
        if let Some(status) = connection.refused() {
            self.events
                .connection(self.door.name(), ConnectionFact::BadHead(status));
            return Ok(answers::last(status).map(|body| Held { body, _work: work }));
        }
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        let mut response = self.door.answer(request).await;
        if chunked {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| Held { body, _work: work }))
    }
}

/// Ends our side and waits a moment for theirs.
async fn farewell(mut socket: TcpStream) {
    let mut space = [0_u8; 4 * 1024];
    let read_out = async {
        socket.shutdown().await?;
        while socket.read(&mut space).await? > 0 {}
        io::Result::Ok(())
    };
    // Whether they ended theirs, broke off or took too long: the socket closes next in any case.
    let _ = tokio::time::timeout(FAREWELL, read_out).await;
}

/// An answer's body that keeps its connection marked as at work until its last byte is written.
struct Held<B> {
    body: B,
    _work: Work,
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
