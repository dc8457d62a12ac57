//! `/api/v1/queues`: who waits, and what the agents do. Nothing is asked of a queue here: callers come by flows.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use cordboard_actors::journal::Record;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::Address;
use cordboard_core::queue::agent::{Agent, AgentState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused};
use super::listing::{Wanted, bounds, page};
use super::requests::{queue, unread};
use super::timeline::{Line, instant, lines};

/// Lines of a queue's timeline when no number is asked for: each caller brings half a dozen.
const USUAL_LINES: usize = 50;
/// Most lines.
const MOST_LINES: usize = 10_000;

/// The pages of queues.
pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list_queues))
        .routes(routes!(show_queue))
}

/// One queue in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueSummary {
    /// Its name.
    name: String,
    /// `waiting`, `serving` or `idle`.
    #[schema(example = "waiting")]
    phase: &'static str,
    /// Since when, RFC 3339.
    since: String,
    /// Callers in the row.
    waiting: usize,
    /// Since when the first of them waits, RFC 3339.
    longest_since: Option<String>,
    /// Callers who talk with an agent.
    talking: usize,
    /// Agents whom the newest table lists.
    agents_listed: usize,
    /// Of those, how many may be offered at once.
    free: usize,
    /// Its records so far.
    seq: u64,
}

/// One caller, in the order of the row.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueCaller {
    /// The call.
    call: String,
    /// Its place; null while it talks.
    position: Option<usize>,
    /// `waiting`, `offered`, `ringing` or `talking`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// Since when it has been in the queue, RFC 3339.
    since: String,
}

/// One agent, in the order of the table.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueAgent {
    /// The number, masked.
    #[schema(example = "***01")]
    agent: String,
    /// As the flow names the agent.
    name: Option<String>,
    /// `free`, `reserved`, `ringing`, `talking`, `wrap_up` or `resting`.
    #[schema(example = "talking")]
    state: &'static str,
    /// Since when, RFC 3339.
    since: String,
    /// When it ends by itself, RFC 3339.
    until: Option<String>,
    /// The call that has the agent.
    call: Option<String>,
    /// Lower ones are rung first.
    priority: u8,
    /// False for one who still ends a call though the newest table does not list it.
    listed: bool,
}

/// A page of queues, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueuePage {
    /// The queues.
    queues: Vec<QueueSummary>,
    /// `cursor` of the next page; null at the end.
    next: Option<String>,
}

/// One queue with its callers, its agents and its latest records.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueShown {
    /// `queue:<name>`.
    address: String,
    #[serde(flatten)]
    queue: QueueSummary,
    /// Who waits or talks.
    callers: Vec<QueueCaller>,
    /// Who serves the queue.
    agents: Vec<QueueAgent>,
    /// Its latest records, oldest first.
    records: Vec<Line>,
}

/// Queues with something going on, or those without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum QueueState {
    /// Somebody waits or talks, or an agent has a break.
    #[default]
    Live,
    /// Nobody is there.
    Idle,
}

/// What a list of queues is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QueuesWanted {
    /// `live` (default) or `idle`.
    #[serde(default)]
    #[param(inline)]
    state: QueueState,
    /// Entries of a page, 1 to 500; 50 when absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// How much of a queue is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QueueWanted {
    /// So many of the latest records, 0 to 10000; 50 when absent.
    records: Option<usize>,
}

/// Queues, newest first.
#[utoipa::path(get, path = "/api/v1/queues", tag = "queues", params(QueuesWanted), responses(
    (status = 200, description = "A page of queues", body = QueuePage),
    (status = 400, description = "A filter, a limit or a cursor cannot be", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn list_queues(
    State(desk): State<Desk>,
    wanted: Result<Query<QueuesWanted>, QueryRejection>,
) -> Answer<Json<QueuePage>> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    let (limit, before) = bounds(wanted.limit, wanted.cursor.as_deref())?;
    let wanted = Wanted {
        kind: "queue",
        over: wanted.state == QueueState::Idle,
        limit,
        before,
    };
    let page = page(&desk, wanted, |_| true).await?;
    let shown = page.found.iter();
    Ok(Json(QueuePage {
        queues: shown
            .map(|(entity, portrait)| summary(&entity.last, portrait))
            .collect(),
        next: page.next,
    }))
}

/// One queue: who waits, what the agents do, and its latest records.
#[utoipa::path(get, path = "/api/v1/queues/{name}", tag = "queues",
    params(("name" = String, Path, description = "The queue"), QueueWanted), responses(
    (status = 200, description = "The queue", body = QueueShown),
    (status = 400, description = "No queue can have this name", body = Refused),
    (status = 404, description = "Nobody goes by that name", body = Refused),
    (status = 503, description = "The journal cannot be read just now", body = Refused),
))]
async fn show_queue(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    wanted: Result<Query<QueueWanted>, QueryRejection>,
) -> Answer<Json<QueueShown>> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::bad(wrong.body_text()))?;
    let most = wanted.records.unwrap_or(USUAL_LINES);
    if most > MOST_LINES {
        return Err(Refusal::bad(format!(
            "records is a whole number from 0 to {MOST_LINES}"
        )));
    }
    let address = queue(&name)?;
    let records = desk.house.journal.history(&address).await.map_err(unread)?;
    let last = records.last().ok_or_else(Refusal::unknown)?;
    let portrait = Portrait::of(last).map_err(unread)?;
    let mut life = lines(&records);
    life.drain(..life.len().saturating_sub(most));
    Ok(Json(QueueShown {
        address: address.to_string(),
        queue: summary(last, &portrait),
        callers: callers(&portrait),
        agents: agents(&portrait).iter().map(shown).collect(),
        records: life,
    }))
}

fn agents(portrait: &Portrait) -> &[Agent] {
    match &portrait.face {
        Face::Queue { agents, .. } => agents,
        Face::Call { .. } | Face::Number { .. } | Face::Room { .. } => &[],
    }
}

fn callers(portrait: &Portrait) -> Vec<QueueCaller> {
    let Face::Queue { callers, agents } = &portrait.face else {
        return Vec::new();
    };
    let mut places = 1..;
    let state = |call: &Address| {
        let has = |agent: &&Agent| agent.at.engaged().is_some_and(|engaged| engaged.call == *call);
        match agents.iter().find(has).map(|agent| &agent.at) {
            Some(AgentState::Talking(_)) => "talking",
            Some(AgentState::Ringing(_)) => "ringing",
            Some(AgentState::Reserved(_)) => "offered",
            Some(AgentState::Free | AgentState::WrapUp { .. } | AgentState::Resting { .. }) | None => {
                "waiting"
            }
        }
    };
    let shown = callers.iter().map(|caller| {
        let state = state(&caller.call);
        QueueCaller {
            call: session(&caller.call),
            position: if state == "talking" { None } else { places.next() },
            state,
            since: instant(caller.since),
        }
    });
    shown.collect()
}

fn session(call: &Address) -> String {
    match call {
        Address::Call(session) => session.to_string(),
        other => other.to_string(),
    }
}

fn shown(agent: &Agent) -> QueueAgent {
    QueueAgent {
        agent: agent.to().to_string(),
        name: agent.plan.name.clone(),
        state: agent.at.label(),
        since: instant(agent.since),
        until: agent.at.until().map(instant),
        call: agent.at.engaged().map(|engaged| session(&engaged.call)),
        priority: agent.plan.priority,
        listed: agent.listed,
    }
}

fn summary(last: &Record, portrait: &Portrait) -> QueueSummary {
    let (callers, agents) = (callers(portrait), agents(portrait));
    let first = callers.iter().find(|caller| caller.position.is_some());
    let talking = callers.iter().filter(|caller| caller.position.is_none()).count();
    let name = match &last.address {
        Address::Queue(name) => name.to_string(),
        other => other.to_string(),
    };
    QueueSummary {
        name,
        phase: portrait.phase,
        since: instant(portrait.since),
        longest_since: first.map(|caller| caller.since.clone()),
        waiting: callers.len() - talking,
        talking,
        agents_listed: agents.iter().filter(|agent| agent.listed).count(),
        free: agents.iter().filter(|agent| agent.may_be_offered()).count(),
        seq: last.seq,
    }
}
