//! Questions: single resources, and lists over all their pages.

use cordboard_core::command::Query;
use cordboard_core::outcome::ConferenceView;
use cordboard_core::{Answer, Attempt, CallControlId, Command, ConferenceId, ConferenceName, ConnectionId};
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::answer::{CallData, ConferenceData, ParticipantData, data};
use super::{refusal, unspeakable};
use crate::carriers::ClientStateKey;
use crate::carriers::exchange::{BAD_ANSWER, Exchange};
use crate::carriers::telnyx::encode::{EncodeError, QueryString, segment};

/// The carrier's maximum.
const PAGE_SIZE: &str = "250";

/// A list that needs more pages than this has a hundred thousand entries, or no end.
const MAX_PAGES: u32 = 400;

/// Lists of everything that lives may take so many times longer: 400 pages at a third of a second each. Only the
/// reconciler asks for them, and nobody waits for it.
const WHOLE_ACCOUNT: u32 = 4;

/// States of a conference that can still be joined.
const LIVE: [&str; 2] = ["in_progress", "init"];

/// One page of a list.
#[derive(Debug, Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    total_pages: Option<u32>,
    cursors: Option<Cursors>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cursors {
    after: Option<String>,
}

/// How the pages of a list follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paging {
    Numbers,
    Cursors,
}

/// Puts a question and reads every page of the answer, within the time limit for questions.
pub(super) async fn ask(exchange: &Exchange, key: &ClientStateKey, query: &Query) -> Attempt {
    let whole_account = matches!(
        query,
        Query::ActiveCalls { .. } | Query::Conferences { name: None }
    );
    let limit = match whole_account {
        true => exchange.limits.listing * WHOLE_ACCOUNT,
        false => exchange.limits.listing,
    };
    let asked = timeout(limit, answer(exchange, key, query));
    match asked.await {
        Ok(Ok(answer)) => Attempt::Accepted(answer),
        Ok(Err(attempt)) => attempt,
        Err(_) => Attempt::InDoubt { why: "timeout" },
    }
}

async fn answer(exchange: &Exchange, key: &ClientStateKey, query: &Query) -> Result<Answer, Attempt> {
    let asking = Asking { exchange, query };
    match query {
        Query::Call { leg } => asking.call(leg, key).await,
        Query::ActiveCalls { connection } => asking.active_calls(connection, key).await,
        Query::Conferences { name } => asking.conferences(name.as_ref()).await,
        Query::Conference { conference } => asking.conference(conference).await,
        Query::Participants { conference } => asking.participants(conference).await,
        Query::Texts { .. } => Err(unspeakable(EncodeError::NoList)),
    }
}

struct Asking<'a> {
    exchange: &'a Exchange,
    query: &'a Query,
}

impl Asking<'_> {
    async fn call(&self, leg: &CallControlId, key: &ClientStateKey) -> Result<Answer, Attempt> {
        let body = self.get(&format!("/calls/{}", path_id(leg.as_str())?)).await?;
        let view = data::<CallData>(&body)
            .and_then(|call| call.view(key))
            .ok_or(BAD)?;
        if &view.leg == leg {
            Ok(Answer::Call(view))
        } else {
            Err(BAD)
        }
    }

    async fn active_calls(&self, connection: &ConnectionId, key: &ClientStateKey) -> Result<Answer, Attempt> {
        let path = format!("/connections/{}/active_calls", path_id(connection.as_str())?);
        let calls: Vec<CallData> = self.pages(&path, &[], Paging::Cursors).await?;
        let views: Option<Vec<_>> = calls.iter().map(|call| call.listed(key)).collect();
        views.map(Answer::ActiveCalls).ok_or(BAD)
    }

    async fn conference(&self, conference: &ConferenceId) -> Result<Answer, Attempt> {
        let body = self
            .get(&format!("/conferences/{}", path_id(conference.as_str())?))
            .await?;
        let view = data::<ConferenceData>(&body)
            .and_then(|data| data.view())
            .ok_or(BAD)?;
        if &view.id == conference {
            Ok(Answer::Conference(view))
        } else {
            Err(BAD)
        }
    }

    /// Live ones only. Whatever the carrier makes of the filters, a foreign name never gets through.
    async fn conferences(&self, name: Option<&ConferenceName>) -> Result<Answer, Attempt> {
        let mut found: Vec<ConferenceView> = Vec::new();
        for status in LIVE {
            let mut filters = vec![("filter[status]", status)];
            filters.extend(name.map(|name| ("filter[name]", name.as_str())));
            let page: Vec<ConferenceData> = self.pages("/conferences", &filters, Paging::Numbers).await?;
            for conference in page {
                let view = conference.view().ok_or(BAD)?;
                let wanted = view.live && name.is_none_or(|name| *name == view.name);
                if wanted && !found.iter().any(|known| known.id == view.id) {
                    found.push(view);
                }
            }
        }
        Ok(Answer::Conferences(found))
    }

    async fn participants(&self, conference: &ConferenceId) -> Result<Answer, Attempt> {
        let path = format!("/conferences/{}/participants", path_id(conference.as_str())?);
        let participants: Vec<ParticipantData> = self.pages(&path, &[], Paging::Numbers).await?;
        let views: Option<Vec<_>> = participants.iter().map(ParticipantData::view).collect();
        views.map(Answer::Participants).ok_or(BAD)
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        filters: &[(&str, &str)],
        paging: Paging,
    ) -> Result<Vec<T>, Attempt> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for number in 1..=MAX_PAGES {
            let mut query = QueryString::default();
            for (name, value) in filters {
                query = query.with(name, value);
            }
            query = match (paging, &after) {
                (Paging::Numbers, _) => query
                    .with("page[number]", &number.to_string())
                    .with("page[size]", PAGE_SIZE),
                (Paging::Cursors, None) => query.with("page[limit]", PAGE_SIZE),
                (Paging::Cursors, Some(cursor)) => {
                    query.with("page[limit]", PAGE_SIZE).with("page[after]", cursor)
                }
            };
            let body = self.get(&format!("{path}{}", query.as_str())).await?;
            let page: Page<T> = serde_json::from_slice(&body).map_err(|_| BAD)?;
            let empty = page.data.is_empty();
            all.extend(page.data);
            let more = match paging {
                Paging::Numbers => page.meta.total_pages.unwrap_or(1) > number,
                Paging::Cursors => {
                    let next = page.meta.cursors.and_then(|cursors| cursors.after);
                    let moved = next.is_some() && next != after;
                    after = next;
                    moved
                }
            };
            if empty || !more {
                return Ok(all);
            }
        }
        // Half a list would make the reconciler bury live calls.
        Err(Attempt::InDoubt {
            why: "too_many_pages",
        })
    }

    async fn get(&self, path: &str) -> Result<bytes::Bytes, Attempt> {
        let reply = self.exchange.send(Method::GET, path, None).await?;
        if reply.status.is_success() {
            Ok(reply.body)
        } else {
            Err(refusal::class(&Command::Query(self.query.clone()), &reply))
        }
    }
}

const BAD: Attempt = Attempt::InDoubt { why: BAD_ANSWER };

fn path_id(id: &str) -> Result<String, Attempt> {
    segment(id).map_err(unspeakable)
}
