//! What only the process that made a record could see, kept in the record for its spans: how long an input waited, and
//! the attempts of the errand that it settles.
//!
//! The actor fills it in before the record is handed over, so a span made from the record is the same in every process
//! that reads it. Nothing is decided by it, and no number, digit or text may enter.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use cordboard_core::{Attempt, Command, HttpRequest, Issued, Timestamp};
use serde::{Deserialize, Serialize};

use crate::journal::EffectKey;
use crate::ports::BackendAttempt;

/// Attempts of one errand that are kept one by one; a carrier that is away for an hour gets more.
const MOST_ATTEMPTS: usize = 32;

/// Beside a record. Absent where nobody looks at traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Witnessed {
    /// From the process' door to the turn, microseconds.
    #[serde(default, rename = "waited")]
    pub waited_us: u64,
    /// The turn itself, microseconds.
    #[serde(default, rename = "handled")]
    pub handled_us: u64,
    /// Errands that this record settles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errands: Vec<Errand>,
}

/// A command or a request on its way: who asked, when it was tried, what came of each try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// The record that asked for it.
    pub seq: u64,
    /// The effect in that record.
    pub index: u32,
    /// The entity's life that asked.
    pub incarnation: u64,
    /// Its id, the same on every attempt.
    pub id: String,
    /// What it is.
    pub what: What,
    /// When it was committed.
    pub committed: Timestamp,
    /// When its turn came; `None` when it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// When its outcome was known; `None` when an event proved it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How often it was tried.
    #[serde(default)]
    pub tries: u32,
    /// The first tries, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Tried>,
    /// A start found it unsettled: tries before that are not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
}

/// Kinds of errands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// For the carrier.
    Command {
        /// In the imperative, such as `answer`.
        name: Cow<'static, str>,
        /// The text that it sends, by our key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// For the user's own program.
    Http {
        /// `GET`, `POST`, …
        method: String,
        /// Where to: host and port, nothing else of the address.
        host: String,
    },
}

/// One try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// When it left.
    pub started: Timestamp,
    /// When its answer came; `None` while it is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// A bounded word.
    #[serde(default)]
    pub result: Cow<'static, str>,
}

impl Errand {
    /// A command that has been committed.
    pub(crate) fn of_command(
        issued: &Issued,
        key: &EffectKey,
        incarnation: u64,
        committed: Timestamp,
    ) -> Self {
        let text = match &issued.command {
            Command::SendMessage(message) => Some(message.key.to_string()),
            _ => None,
        };
        let what = What::Command {
            name: Cow::Borrowed(issued.command.name()),
            text,
        };
        Self::new(issued.id.as_str(), what, key, incarnation, committed)
    }

    /// A request that has been committed.
    pub(crate) fn of_request(
        request: &HttpRequest,
        key: &EffectKey,
        incarnation: u64,
        committed: Timestamp,
    ) -> Self {
        let what = What::Http {
            method: request.method.clone(),
            host: host_of(&request.url).to_owned(),
        };
        Self::new(request.id.as_str(), what, key, incarnation, committed)
    }

    fn new(id: &str, what: What, key: &EffectKey, incarnation: u64, committed: Timestamp) -> Self {
        Self {
            seq: key.seq,
            index: key.index,
            incarnation,
            id: id.to_owned(),
            what,
            committed,
            began: None,
            ended: None,
            tries: 0,
            attempts: Vec::new(),
            resumed: false,
        }
    }
}

/// Host and port of an address; what stands before and after them may be anybody's secret.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// An errand as it goes, written by its lane, read by the actor that makes the record of its end. One that nobody
/// traces writes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logbook(Option<Arc<Mutex<Errand>>>);

impl Logbook {
    pub(crate) fn of(errand: Errand) -> Self {
        Self(Some(Arc::new(Mutex::new(errand))))
    }

    /// As it stands.
    pub(crate) fn read(&self) -> Option<Errand> {
        let errand = self.0.as_ref()?;
        Some(errand.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(crate) fn began(&self, now: Timestamp, resumed: bool) {
        self.write(|errand| {
            errand.began.get_or_insert(now);
            errand.resumed |= resumed;
        });
    }

    pub(crate) fn ended(&self, now: Timestamp) {
        self.write(|errand| errand.ended = Some(now));
    }

    pub(crate) fn tries(&self, now: Timestamp) {
        self.write(|errand| {
            errand.tries = errand.tries.saturating_add(1);
            if errand.attempts.len() < MOST_ATTEMPTS {
                errand.attempts.push(Tried {
                    started: now,
                    ended: None,
                    result: Cow::Borrowed("under_way"),
                });
            }
        });
    }

    pub(crate) fn tried(&self, now: Timestamp, result: &'static str) {
        self.write(|errand| {
            if let Some(last) = errand.attempts.last_mut().filter(|last| last.ended.is_none()) {
                (last.ended, last.result) = (Some(now), Cow::Borrowed(result));
            }
        });
    }

    fn write(&self, change: impl FnOnce(&mut Errand)) {
        if let Some(errand) = &self.0 {
            change(&mut errand.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// What an attempt at the carrier brought, in one bounded word.
pub(crate) fn word_of(attempt: &Attempt) -> &'static str {
    match attempt {
        Attempt::Accepted(_) => "accepted",
        Attempt::Refused(refusal) => refusal.kind.label(),
        Attempt::TryLater { why, .. } | Attempt::InDoubt { why } => why,
    }
}

/// What an attempt at the user's own program brought, in one bounded word.
pub(crate) fn word_of_answer(attempt: &BackendAttempt) -> &'static str {
    match attempt {
        BackendAttempt::Answered { status, .. } if *status < 500 => "answered",
        BackendAttempt::Answered { .. } => "5xx",
        BackendAttempt::Forbidden(why) | BackendAttempt::NotSent(why) | BackendAttempt::InDoubt(why) => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand() -> Errand {
        let what = What::Http {
            method: "POST".into(),
            host: host_of("https://user:secret@shop.example:8443/orders?caller=15557650123").into(),
        };
        let key = EffectKey {
            address: cordboard_core::Address::Call("c".into()),
            seq: 3,
            index: 1,
        };
        Errand::new("id", what, &key, 1, Timestamp::from_millis(5))
    }

    #[test]
    fn only_host_and_port_of_an_address_are_kept() {
        let What::Http { host, .. } = errand().what else {
            unreachable!("it is a request");
        };
        assert_eq!(host, "shop.example:8443");
    }

    #[test]
    fn a_logbook_tells_every_try_and_the_first_beginning() {
        let at = Timestamp::from_millis;
        let book = Logbook::of(errand());
        book.began(at(10), false);
        book.began(at(20), true);
        book.tries(at(11));
        book.tried(at(12), "5xx");
        book.tries(at(13));
        let read = book.read().expect("it writes");
        assert_eq!((read.began, read.tries, read.resumed), (Some(at(10)), 2, true));
        assert_eq!(read.attempts[0].result, "5xx");
        assert_eq!(
            (read.attempts[1].ended, &*read.attempts[1].result),
            (None, "under_way")
        );
    }

    #[test]
    fn a_carrier_that_is_away_for_long_makes_no_long_record() {
        let book = Logbook::of(errand());
        for second in 0..100 {
            book.tries(Timestamp::from_millis(second));
            book.tried(Timestamp::from_millis(second), "5xx");
        }
        let read = book.read().expect("it writes");
        assert_eq!((read.tries, read.attempts.len()), (100, MOST_ATTEMPTS));
        assert_eq!(
            read.attempts[MOST_ATTEMPTS - 1].ended,
            Some(Timestamp::from_millis(31))
        );
    }

    #[test]
    fn what_nobody_traces_writes_nothing() {
        let book = Logbook::default();
        book.tries(Timestamp::from_millis(1));
        assert_eq!(book.read(), None);
    }

    #[test]
    fn it_reads_back_what_it_wrote_and_what_later_builds_leave_out() {
        let written = Witnessed {
            waited_us: 7,
            handled_us: 30,
            errands: vec![errand()],
        };
        let json = serde_json::to_string(&written).expect("plain data");
        assert_eq!(serde_json::from_str::<Witnessed>(&json).ok(), Some(written));
        assert_eq!(
            serde_json::from_str::<Witnessed>("{}").ok(),
            Some(Witnessed::default())
        );
    }
}
