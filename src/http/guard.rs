//! A socket that shows hyper whole, judged heads only, and keeps the clocks that hyper does not.
//!
//! Between the socket and hyper, one per connection; made by `listener.rs`. It holds a head back until it is
//! complete, replaces a refused one by a harmless head (the service then gives the true answer and the connection
//! ends), counts a sized body through to find the next head, and after a chunked body shows nothing more to judge:
//! such a connection closes with its answer. A half-sent head never reaches hyper, so a stopping door just ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::connections::Connection;
use super::head::{self, Framing};
use super::limits::DoorLimits;

/// What hyper gets to read in place of a refused head.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// Read from the socket at a time; a usual webhook fits.
const READ_BYTES: usize = 4 * 1024;

/// Where in the stream of requests the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before or within a head, of which `searched` bytes hold no end.
    Head { searched: usize },
    /// So many bytes of the judged request are still to come.
    Request { left: u64 },
    /// In the last request of the connection.
    Tail,
    /// The stand-in is being read; what follows is not.
    Refused,
}

/// See the module.
pub(super) struct GuardedStream {
    socket: TcpStream,
    limits: DoorLimits,
    connection: Arc<Connection>,
    unread: BytesMut,
    place: Place,
    read_clock: Pin<Box<Sleep>>,
    /// Whether the clock runs for a head that has begun, or for the first one.
    head_clock: bool,
    write_clock: Option<Pin<Box<Sleep>>>,
}

impl GuardedStream {
    pub(super) fn new(socket: TcpStream, limits: DoorLimits, connection: Arc<Connection>) -> Self {
        Self {
            socket,
            limits,
            connection,
            unread: BytesMut::new(),
            place: Place::Head { searched: 0 },
            read_clock: Box::pin(sleep(limits.head_timeout)),
            head_clock: true,
            write_clock: None,
        }
    }

    /// The bare socket, for the farewell.
    pub(super) fn into_socket(self) -> TcpStream {
        self.socket
    }

    fn set_read_clock(&mut self, span: Duration, head_clock: bool) {
        self.read_clock.as_mut().reset(Instant::now() + span);
        self.head_clock = head_clock;
    }

    /// Looks for a whole head in what is there and decides what follows.
    fn seek_head(&mut self, searched: usize) {
        // One empty line before a request is common with old clients; more are as harmless.
        let blank = self
            .unread
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        if searched == 0 {
            self.unread.advance(blank);
        }
        match head::end_of(&self.unread, searched) {
            Some(end) if end <= self.limits.max_head_bytes => {
                match head::judge(&self.unread[..end], &self.limits) {
                    Ok(Framing::Sized(body)) => {
                        self.place = Place::Request {
                            left: body.saturating_add(end as u64),
                        }
                    }
                    Ok(Framing::Chunked) => self.place = Place::Tail,
                    Err(status) => self.refuse(status),
                }
            }
            None if self.unread.len() <= self.limits.max_head_bytes => {
                self.place = Place::Head {
                    searched: self.unread.len(),
                };
            }
            Some(_) | None => self.refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        }
    }

    fn refuse(&mut self, status: StatusCode) {
        self.connection.refuse(status);
        self.unread = BytesMut::from(STAND_IN);
        self.place = Place::Refused;
    }

    /// Hands over at most `left` of the bytes at hand; tells how many.
    fn hand_over(&mut self, out: &mut ReadBuf<'_>, left: u64) -> u64 {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let count = self.unread.len().min(out.remaining()).min(most);
        out.put_slice(&self.unread[..count]);
        self.unread.advance(count);
        count as u64
    }

    /// Reads more from the socket; zero at its end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0_u8; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        self.unread.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Reads more of a head; zero at the end of the stream or when the clock has run out.
    fn poll_fill_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let begun = !self.unread.is_empty();
        if let Poll::Ready(filled) = self.poll_fill(cx) {
            if !begun && !self.head_clock {
                self.set_read_clock(self.limits.head_timeout, true);
            }
            return Poll::Ready(filled);
        }
        while self.read_clock.as_mut().poll(cx).is_ready() {
            // hyper also reads while an answer is on its way, to notice a client that leaves; a clock that ran
            // out meanwhile must not end that answer.
            let wait = match self.connection.quiet_since() {
                None => self.limits.idle_timeout,
                Some(_) if self.head_clock => Duration::ZERO,
                Some(since) => self.limits.idle_timeout.saturating_sub(since.elapsed()),
            };
            if wait.is_zero() {
                return Poll::Ready(Ok(0));
            }
            self.set_read_clock(wait, self.head_clock);
        }
        Poll::Pending
    }

    /// Fails once the client has not taken a byte for the write time limit.
    fn stalled<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_clock = None;
            return result;
        }
        let limit = self.limits.write_timeout;
        let clock = self.write_clock.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(clock.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match this.place {
                Place::Head { searched } => {
                    if this.unread.len() > searched {
                        this.seek_head(searched);
                    } else if ready!(this.poll_fill_head(cx))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
                Place::Request { left: 0 } => {
                    this.place = Place::Head { searched: 0 };
                    let begun = !this.unread.is_empty();
                    let span = if begun {
                        this.limits.head_timeout
                    } else {
                        this.limits.idle_timeout
                    };
                    this.set_read_clock(span, begun);
                }
                Place::Request { left } => {
                    if this.unread.is_empty() && ready!(this.poll_fill(cx))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    let left = left - this.hand_over(out, left);
                    this.place = Place::Request { left };
                    return Poll::Ready(Ok(()));
                }
                Place::Tail if this.unread.is_empty() => {
                    return Pin::new(&mut this.socket).poll_read(cx, out);
                }
                // Nothing is read after a refusal; the answer ends the connection.
                Place::Refused if this.unread.is_empty() => return Poll::Pending,
                Place::Tail | Place::Refused => {
                    this.hand_over(out, u64::MAX);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.stalled(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
