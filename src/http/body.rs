//! Reads a request's body within its limits. Used by both doors.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};

/// The whole body; else the status that says why not: 413, 408 or 400.
pub(super) async fn read(body: Incoming, most: usize, time: Duration) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > most as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(time, Limited::new(body, most).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_elapsed) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is too long, too slow or broken: 413, 408 or 400.
    Wrong(StatusCode),
    /// There is no room for what has come.
    NoRoom,
}

/// The whole body, with `room` asked for the length so far before each piece is kept.
pub(super) async fn read_into(
    mut body: Incoming,
    most: usize,
    time: Duration,
    mut room: impl FnMut(usize) -> bool,
) -> Result<Bytes, Unread> {
    let reading = async {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Unread::Wrong(StatusCode::BAD_REQUEST))?;
            let Ok(piece) = frame.into_data() else { continue };
            let length = whole.len() + piece.len();
            if length > most {
                return Err(Unread::Wrong(StatusCode::PAYLOAD_TOO_LARGE));
            }
            if !room(length) {
                return Err(Unread::NoRoom);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout(time, reading)
        .await
        .unwrap_or(Err(Unread::Wrong(StatusCode::REQUEST_TIMEOUT)))
}
