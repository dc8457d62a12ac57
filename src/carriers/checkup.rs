//! What a carrier answers to a question that changes nothing; `cordboard doctor` asks such.

use http::header::DATE;

use super::exchange::Reply;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// HTTP status.
    pub status: u16,
    /// The `Date` header, as it is.
    pub date: Option<String>,
}

impl Checkup {
    pub(super) fn of(reply: &Reply) -> Self {
        let date = reply.headers.get(DATE).and_then(|date| date.to_str().ok());
        Self {
            status: reply.status.as_u16(),
            date: date.map(str::to_owned),
        }
    }
}
