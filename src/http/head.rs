//! Judges the raw head of a request before hyper sees it, because hyper repairs what we want to refuse.
//!
//! hyper drops a Content-Length beside a Transfer-Encoding, and a second equal Content-Length, without a word; both
//! are how one proxy is made to see two requests where another sees one. Called by `guard.rs` only. Pure.

use http::StatusCode;

use super::limits::DoorLimits;

/// How long the body after a head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// That many bytes.
    Sized(u64),
    /// Chunked: hyper finds its end, the connection closes after it.
    Chunked,
}

/// Finds the end of a head, the byte after the empty line.
///
/// `seen` bytes at the front were searched before.
pub(super) fn end_of(buffer: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(3);
    buffer
        .get(from..)?
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| from + at + 4)
}

/// Reads the framing of a whole head, empty line included, or says with which status it is refused.
pub(super) fn judge(head: &[u8], limits: &DoorLimits) -> Result<Framing, StatusCode> {
    let lines = head.strip_suffix(b"\r\n\r\n").ok_or(StatusCode::BAD_REQUEST)?;
    let mut lines = Lines(Some(lines));
    let http_10 = request_line(lines.next().unwrap_or_default(), limits)?;
    let mut fields = Fields::default();
    for line in lines {
        fields.add(line, limits)?;
    }
    fields.framing(http_10)
}

/// Checks the request line; tells whether it is HTTP/1.0.
fn request_line(line: &[u8], limits: &DoorLimits) -> Result<bool, StatusCode> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(StatusCode::BAD_REQUEST);
    };
    if target.len() > limits.max_uri_bytes {
        return Err(StatusCode::URI_TOO_LONG);
    }
    let printable = !target.is_empty() && target.iter().all(|byte| (0x21..=0x7e).contains(byte));
    if !is_token(method) || !printable {
        return Err(StatusCode::BAD_REQUEST);
    }
    match version {
        b"HTTP/1.1" => Ok(false),
        b"HTTP/1.0" => Ok(true),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// The header fields that decide about framing and routing.
#[derive(Default)]
struct Fields {
    count: usize,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
}

impl Fields {
    fn add(&mut self, line: &[u8], limits: &DoorLimits) -> Result<(), StatusCode> {
        self.count += 1;
        if self.count > limits.max_headers {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        let colon = line
            .iter()
            .position(|&byte| byte == b':')
            .ok_or(StatusCode::BAD_REQUEST)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // A folded line starts with a blank, a smuggled name ends with one: neither is a token.
        // A tab may stand inside a value; no other control character may.
        let clean = value
            .iter()
            .all(|&byte| byte == b'\t' || !byte.is_ascii_control());
        if !is_token(name) || !clean {
            return Err(StatusCode::BAD_REQUEST);
        }
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
            (self.hosts == 1 && is_host(value))
                .then_some(())
                .ok_or(StatusCode::BAD_REQUEST)
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let first = self.length.replace(length_of(value)?).is_none();
            first.then_some(()).ok_or(StatusCode::BAD_REQUEST)
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let first = !std::mem::replace(&mut self.chunked, true);
            (first && value.eq_ignore_ascii_case(b"chunked"))
                .then_some(())
                .ok_or(StatusCode::BAD_REQUEST)
        } else {
            Ok(())
        }
    }

    fn framing(&self, http_10: bool) -> Result<Framing, StatusCode> {
        // Load balancers that speak HTTP/1.0 send no Host; it had none.
        let host_missing = self.hosts == 0 && !http_10;
        match (self.chunked, self.length) {
            _ if host_missing => Err(StatusCode::BAD_REQUEST),
            (true, Some(_)) => Err(StatusCode::BAD_REQUEST),
            (true, None) if http_10 => Err(StatusCode::BAD_REQUEST),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Sized(length.unwrap_or(0))),
        }
    }
}

/// 1 to 18 digits and nothing else: no sign, no list, no overflow.
fn length_of(value: &[u8]) -> Result<u64, StatusCode> {
    let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    if !digits {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(value
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// A host name, an address or a bracketed IPv6 address, with or without a port.
fn is_host(value: &[u8]) -> bool {
    !value.is_empty()
        && value.len() <= 260
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte))
}

/// `token` of RFC 9110.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Splits at CR LF; a CR or LF alone stays inside its line, where it fails the checks.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0.take()?;
        match rest.windows(2).position(|window| window == b"\r\n") {
            Some(at) => {
                self.0 = Some(&rest[at + 2..]);
                Some(&rest[..at])
            }
            None => Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(head: &str) -> Result<Framing, u16> {
        judge(format!("{head}\r\n\r\n").as_bytes(), &DoorLimits::default()).map_err(|status| status.as_u16())
    }

    #[test]
    fn a_plain_head_has_the_length_it_says() {
        assert_eq!(judged("GET / HTTP/1.1\r\nHost: a"), Ok(Framing::Sized(0)));
        assert_eq!(
            judged("POST / HTTP/1.1\r\nhost: a:80\r\ncontent-LENGTH:  12 "),
            Ok(Framing::Sized(12))
        );
        assert_eq!(
            judged("POST / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: Chunked"),
            Ok(Framing::Chunked)
        );
        assert_eq!(judged("GET / HTTP/1.0"), Ok(Framing::Sized(0)));
    }

    #[test]
    fn ambiguous_framing_is_refused() {
        for fields in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length: 3, 3",
            "Content-Length: +3",
            "Content-Length: -1",
            "Content-Length:",
            "Content-Length: 99999999999999999999",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding:\r\n chunked",
            "X: a\rContent-Length: 3",
            "X: a\nContent-Length: 3",
            "no colon",
            ": empty name",
            "Host: b",
        ] {
            assert_eq!(
                judged(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}")),
                Err(400),
                "{fields:?}"
            );
        }
    }

    #[test]
    fn a_request_line_has_three_plain_parts() {
        for line in [
            "PRI * HTTP/2.0",
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 x",
            "G(T / HTTP/1.1",
            "GET /\0 HTTP/1.1",
            "GET /\u{c0}\u{af} HTTP/1.1",
            "",
        ] {
            assert_eq!(judged(&format!("{line}\r\nHost: a")), Err(400), "{line:?}");
        }
        let long = "a".repeat(2_048);
        assert_eq!(judged(&format!("GET /{long} HTTP/1.1\r\nHost: a")), Err(414));
    }

    #[test]
    fn the_end_of_a_head_is_found_across_reads() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
        for seen in 0..head.len() - 5 {
            assert_eq!(end_of(head, seen), Some(head.len() - 4), "{seen}");
        }
        assert_eq!(end_of(b"GET / HTTP/1.1\r\n", 0), None);
    }
}
