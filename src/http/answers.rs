//! Answers that never vary: constant bodies, so that nothing of a request is ever echoed.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

/// An answer with the constant text of its status.
pub(super) fn plain<B: From<Bytes>>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::from(Bytes::from_static(text_of(status).as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// The same, and the connection ends: what the client still sends is not read.
pub(super) fn last<B: From<Bytes>>(status: StatusCode) -> Response<B> {
    let mut response = plain(status);
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// 503, and when to come again (whole seconds, at least one).
pub(super) fn come_again<B: From<Bytes>>(after: Duration) -> Response<B> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE);
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

/// 405 with the methods that would do.
pub(super) fn allow<B: From<Bytes>>(methods: &'static str) -> Response<B> {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
}

fn text_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "bad request\n",
        StatusCode::UNAUTHORIZED => "unauthorised\n",
        StatusCode::FORBIDDEN => "forbidden\n",
        StatusCode::NOT_FOUND => "not found\n",
        StatusCode::METHOD_NOT_ALLOWED => "method not allowed\n",
        StatusCode::REQUEST_TIMEOUT => "request took too long\n",
        StatusCode::PAYLOAD_TOO_LARGE => "body too large\n",
        StatusCode::URI_TOO_LONG => "request target too long\n",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported media type\n",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "request head too large\n",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable, try again\n",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    #[test]
    fn retry_after_is_whole_seconds_rounded_up_and_never_zero() {
        for (after, header) in [
            (Duration::ZERO, "1"),
            (Duration::from_millis(1_001), "2"),
            (Duration::from_secs(7), "7"),
        ] {
            let response: Response<Full<Bytes>> = come_again(after);
            assert_eq!(response.headers()[RETRY_AFTER], header);
        }
    }
}
