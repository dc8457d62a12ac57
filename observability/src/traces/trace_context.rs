//! The W3C `traceparent` header: how a trace goes on in a program that we call, or that calls us.
//!
//! Called by the HTTP doors, the `http` step's client and the journal (a record keeps its trace parent).

use opentelemetry::trace::{SpanId, TraceId};
use std::fmt;
use std::str::FromStr;

/// Length of a version 00 header; later versions may only add to it.
const LENGTH: usize = 55;

/// Flag bit that says the caller exports this trace.
const SAMPLED: u8 = 0x01;

/// A trace, a span in it, and whether the trace is exported. `Display` and `FromStr` speak the header's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace; never all zeros.
    pub trace_id: TraceId,
    /// The parent of whatever comes next; never all zeros.
    pub span_id: SpanId,
    /// Whether the trace is exported.
    pub sampled: bool,
}

/// A `traceparent` that must be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "traceparent is not `00-<32 hex>-<16 hex>-<2 hex>` in lower case with ids that are not zero; ignore it and start a new trace"
)]
pub struct TraceContextError;

impl TraceContext {
    /// Name of the header that carries it.
    pub const HEADER: &'static str = "traceparent";
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(formatter, "00-{}-{}-{flags:02x}", self.trace_id, self.span_id)
    }
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    fn from_str(header: &str) -> Result<Self, Self::Err> {
        let lower_hex = |text: &&str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let part = |from: usize, to: usize| header.get(from..to).filter(lower_hex).ok_or(TraceContextError);
        let version = u8::from_str_radix(part(0, 2)?, 16).map_err(|_| TraceContextError)?;
        let longer_is_fine = version > 0 && header.as_bytes().get(LENGTH) == Some(&b'-');
        let length_fits = header.len() == LENGTH || longer_is_fine;
        let dashes = [2, 35, 52]
            .iter()
            .all(|place| header.as_bytes().get(*place) == Some(&b'-'));
        // The specification forbids version ff for ever.
        if version == 0xff || !length_fits || !dashes {
            return Err(TraceContextError);
        }
        let trace_id = TraceId::from_hex(part(3, 35)?).map_err(|_| TraceContextError)?;
        let span_id = SpanId::from_hex(part(36, 52)?).map_err(|_| TraceContextError)?;
        let flags = u8::from_str_radix(part(53, 55)?, 16).map_err(|_| TraceContextError)?;
        if trace_id == TraceId::INVALID || span_id == SpanId::INVALID {
            return Err(TraceContextError);
        }
        Ok(Self {
            trace_id,
            span_id,
            sampled: flags & SAMPLED != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_survives_the_round_trip() {
        let context: TraceContext = HEADER.parse().unwrap();
        assert!(context.sampled);
        assert_eq!(context.trace_id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.to_string(), HEADER);
        assert_eq!(
            TraceContext {
                sampled: false,
                ..context
            }
            .to_string(),
            HEADER.replace("-01", "-00")
        );
    }

    #[test]
    fn later_versions_may_add_fields() {
        let later = format!("{}-what-the-future-brings", HEADER.replacen("00", "cc", 1));
        assert!(later.parse::<TraceContext>().is_ok());
        assert!(
            format!("{HEADER}-more").parse::<TraceContext>().is_err(),
            "version 00 may not"
        );
    }

    #[test]
    fn malformed_headers_are_refused_without_a_panic() {
        let upper = HEADER.to_uppercase();
        let forbidden = HEADER.replacen("00", "ff", 1);
        let zero_trace = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        let zero_span = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", "0".repeat(16));
        let multibyte = format!("0é{}", &HEADER[3..]);
        let all = [
            "",
            "00",
            &upper,
            &forbidden,
            &zero_trace,
            &zero_span,
            &multibyte,
            &HEADER[..54],
        ];
        for header in all {
            assert_eq!(header.parse::<TraceContext>(), Err(TraceContextError), "{header}");
        }
        for cut in 0..HEADER.len() {
            assert!(HEADER[..cut].parse::<TraceContext>().is_err());
        }
    }
}
