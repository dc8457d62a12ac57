//! `/api/v1/…/events`: the records of a life from some place on, waiting for the next one when there is none yet.
//!
//! A long poll, so that every proxy and every client can follow a call; bounded in number and time.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use cordboard_core::Address;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused};
use super::requests::{call, room, unread};
use super::timeline::{Line, lines};

/// Longest wait, seconds: below the 60 s of common proxies, and of a revoked token.
const LONGEST_WAIT: u64 = 30;
/// Most who wait at one time; each holds a connection.
pub(super) const MOST_WAITING: usize = 256;
/// Most lines of one answer.
const MOST_LINES: usize = 500;

/// The pages of those who follow.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(follow_call))
        .routes(routes!(follow_room))
}

/// Records from some place on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct News {
    /// Oldest first; empty when the wait was over before one came.
    pub(super) records: Vec<Line>,
    /// `after` of the next request.
    pub(super) next: u64,
    /// False once nothing more can come.
    pub(super) live: bool,
}

/// From where on, and how long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct From {
    /// Only records with a higher seq; 0 when absent.
    #[serde(default)]
    after: u64,
    /// Seconds to wait for the next record if there is none, 0 to 30; 0 when absent.
    #[serde(default)]
    wait: u64,
}

/// The records of a call, as they come.
#[utoipa::path(get, path = "/api/v1/calls/{session}/events", tag = "calls",
    params(("session" = String, Path, description = "The call's id"), From), responses(
    (status = 200, description = "What is new", body = News),
    (status = 400, description = "No call can have this name, or the wait is too long", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 429, description = "Too many follow just now", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn follow_call(
    State(desk): State<Desk>,
    Path(session): Path<String>,
    from: Result<Query<From>, QueryRejection>,
) -> Answer<Json<News>> {
    follow(&desk, &call(&session)?, from).await
}

/// The records of a room, as they come.
#[utoipa::path(get, path = "/api/v1/conferences/{name}/events", tag = "conferences",
    params(("name" = String, Path, description = "The room"), From), responses(
    (status = 200, description = "What is new", body = News),
    (status = 400, description = "No room can have this name, or the wait is too long", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 429, description = "Too many follow just now", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn follow_room(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    from: Result<Query<From>, QueryRejection>,
) -> Answer<Json<News>> {
    follow(&desk, &room(&name)?, from).await
}

async fn follow(
    desk: &Desk,
    address: &Address,
    from: Result<Query<From>, QueryRejection>,
) -> Answer<Json<News>> {
    let Query(from) = from.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    if from.wait > LONGEST_WAIT {
        return Err(Refusal::bad(format!(
            "wait is a whole number of seconds from 0 to {LONGEST_WAIT}"
        )));
    }
    let _place = Arc::clone(&desk.waiting).try_acquire_owned().map_err(|_| {
        let why = format!("{MOST_WAITING} requests follow something already");
        Refusal::too_often("followers", why, Duration::from_secs(1))
    })?;
    // Before the first look, so that nothing can come in between.
    let mut watcher = desk.house.watchers.watch(address);
    let until = tokio::time::Instant::now() + Duration::from_secs(from.wait);
    loop {
        let news = look(desk, address, from.after).await?;
        if !news.records.is_empty() || !news.live {
            return Ok(Json(news));
        }
        tokio::select! {
            () = watcher.news() => {}
            () = tokio::time::sleep_until(until) => return Ok(Json(news)),
            () = desk.leaving.cancelled() => return Ok(Json(news)),
        }
    }
}

async fn look(desk: &Desk, address: &Address, after: u64) -> Answer<News> {
    let loaded = desk.house.journal.load(address).await.map_err(unread)?;
    let loaded = loaded.ok_or_else(Refusal::unknown)?;
    // A room goes on with its next conference.
    let live = !loaded.terminal || matches!(address, Address::Conference(_));
    if loaded.last.seq <= after {
        return Ok(News {
            records: Vec::new(),
            next: after,
            live,
        });
    }
    let history = desk.house.journal.history(address).await.map_err(unread)?;
    let mut records = lines(&history);
    records.retain(|line| line.seq > after);
    let more = records.len() > MOST_LINES;
    records.truncate(MOST_LINES);
    Ok(News {
        next: records.last().map_or(after, |line| line.seq),
        live: live || more,
        records,
    })
}
