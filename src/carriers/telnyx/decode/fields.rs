//! Single fields of a payload: caps, and the alphabet that each may use.

use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::{Digits, PhoneNumber, Timestamp};

use super::Fault;
use super::scalar::Scalar;

/// Longest number or SIP address that is kept; SIP addresses beyond it are nobody's.
pub(super) const MAX_PARTY_BYTES: usize = 256;

/// Longest sentence of the carrier that is kept; the documented ones stay below 60 bytes.
const MAX_REASON_BYTES: usize = 200;

/// Longest word of the carrier (statuses, results, causes) that is kept.
const MAX_WORD_BYTES: usize = 64;

/// Longest URL that is kept; a cut one would lead nowhere, so longer ones are dropped.
pub(super) const MAX_URL_BYTES: usize = 2048;

/// Longest piece of transcription that is kept.
const MAX_TRANSCRIPT_BYTES: usize = 4096;

/// Most keys of one gather: the carrier's own maximum.
const MAX_DIGITS: usize = 128;

/// Longest RFC 3339 text worth a parse.
const MAX_TIMESTAMP_BYTES: usize = 64;

/// Cuts at a character boundary at or below `max` bytes.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A required id: not empty, not over-long, no control characters.
pub(super) fn id<'s>(field: &'s Scalar<'_>) -> Result<&'s str, Fault> {
    optional_id(field)?.ok_or(Fault("no_id"))
}

/// The same for an id that the event may lack.
pub(super) fn optional_id<'s>(field: &'s Scalar<'_>) -> Result<Option<&'s str>, Fault> {
    let Some(text) = field.text()? else {
        return Ok(None);
    };
    if text.is_empty() || text.len() > MAX_ID_BYTES || text.chars().any(char::is_control) {
        return Err(Fault("bad_id"));
    }
    Ok(Some(text))
}

/// The carrier's clock; `None` when it cannot be read, because nothing is decided by it.
pub(super) fn timestamp(field: &Scalar<'_>) -> Option<Timestamp> {
    let Scalar::Text(text) = field else {
        return None;
    };
    if text.len() > MAX_TIMESTAMP_BYTES {
        return None;
    }
    let moment: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(moment.as_microsecond())
        .ok()
        .map(Timestamp::from_micros)
}

/// A caller or called party, control characters dropped.
pub(super) fn party(field: &Scalar<'_>) -> Result<Option<PhoneNumber>, Fault> {
    Ok(field.text()?.map(|text| {
        let clean: String = text.chars().filter(|c| !c.is_control()).collect();
        PhoneNumber::new(cut(&clean, MAX_PARTY_BYTES))
    }))
}

/// A word from a closed list of the carrier; empty when absent.
pub(super) fn word<'s>(field: &'s Scalar<'_>) -> Result<&'s str, Fault> {
    Ok(cut(field.text()?.unwrap_or_default(), MAX_WORD_BYTES))
}

/// A sentence of the carrier; empty when absent. Control characters are escaped, so that it may be shown.
pub(super) fn sentence(field: &Scalar<'_>) -> Result<String, Fault> {
    let text = cut(field.text()?.unwrap_or_default(), MAX_REASON_BYTES);
    Ok(text
        .chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect())
}

/// A link, if it is short enough to be one.
pub(super) fn url(field: &Scalar<'_>) -> Result<Option<String>, Fault> {
    Ok(field
        .text()?
        .filter(|text| !text.is_empty() && text.len() <= MAX_URL_BYTES)
        .map(str::to_owned))
}

/// What somebody said.
pub(super) fn transcript(field: &Scalar<'_>) -> Result<Digits, Fault> {
    Ok(Digits::new(cut(
        field.text()?.unwrap_or_default(),
        MAX_TRANSCRIPT_BYTES,
    )))
}

/// Keys, and whether all of them are keys and not too many. Over-long input is cut, anything else is dropped.
pub(super) fn digits(field: &Scalar<'_>) -> Result<(Digits, bool), Fault> {
    let text = field.text()?.unwrap_or_default();
    if !text.bytes().all(is_key) {
        return Ok((Digits::default(), false));
    }
    Ok((Digits::new(cut(text, MAX_DIGITS)), text.len() <= MAX_DIGITS))
}

/// One key.
pub(super) fn digit(field: &Scalar<'_>) -> Result<Digits, Fault> {
    match field.text()? {
        Some(text) if text.len() == 1 && text.bytes().all(is_key) => Ok(Digits::new(text)),
        Some(_) | None => Err(Fault("bad_digit")),
    }
}

fn is_key(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'D' | b'w' | b'W' | b'*' | b'#')
}
