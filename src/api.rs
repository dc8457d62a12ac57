//! The operator API: look at entities, ask something of them. Everything acts through mailboxes.
//!
//! Mounted at the operator door, which checks who may come in. Answers are JSON; an accepted request means that a
//! record contains it. What an operator may command, and where to, is checked here; what it means is the machines'.
//! A page is a handler with its description, listed in `pages()` of its file: routes and document cannot disagree.

mod answers;
mod calls;
mod conferences;
mod dialling;
mod document;
mod kpis;
mod listing;
mod messages;
mod participants;
mod placing;
mod quarantine;
mod queues;
mod repeats;
mod requests;
mod spending;
mod timeline;
mod watching;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use cordboard_actors::House;
use cordboard_actors::router::Router;
use cordboard_core::PhoneNumber;
use cordboard_core::sms::plan::NumberPlan;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::records::Books;
use answers::Refusal;
pub use dialling::Dialling;
pub use document::document;
pub(crate) use kpis::first_day;
use placing::Originator;
pub use placing::{Originate, Outgoing};
use repeats::{Repeats, once};
use spending::Spending;
pub(crate) use timeline::{asked, named, said, stated};
use watching::MOST_WAITING;

/// What the API needs.
pub struct Surroundings {
    /// Everybody there is.
    pub house: Arc<House>,
    /// The way into mailboxes.
    pub router: Arc<Router>,
    /// Where operators may dial to.
    pub dialling: Dialling,
    /// Turns calls to place into what their actors are told.
    pub originate: Arc<dyn Originate>,
    /// Calls that operators may start in a minute and in a day.
    pub starts: (NonZeroU32, u32),
    /// Numbers that send texts, with their settings.
    pub numbers: Vec<(PhoneNumber, NumberPlan)>,
    /// Where people look at traces; calls then carry a link.
    pub jaeger: Option<String>,
    /// The books, where they are kept.
    pub records: Option<Arc<dyn Books>>,
    /// The program is stopping: nobody waits any longer.
    pub leaving: CancellationToken,
}

/// What every handler sees.
#[derive(Clone)]
struct Desk {
    house: Arc<House>,
    router: Arc<Router>,
    dialling: Arc<Dialling>,
    numbers: Arc<BTreeMap<PhoneNumber, NumberPlan>>,
    originate: Originator,
    spending: Arc<Spending>,
    jaeger: Option<Arc<str>>,
    records: Option<Arc<dyn Books>>,
    /// Places for those who wait for news.
    waiting: Arc<Semaphore>,
    leaving: CancellationToken,
}

/// The routes below `/api/v1`.
pub fn router(around: Surroundings) -> axum::Router {
    let (pages, _) = pages().split_for_parts();
    pages
        .fallback(|| async {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "there is no such page; see /api/v1/openapi.json",
            )
        })
        .method_not_allowed_fallback(|| async {
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this page is asked in another way; see /api/v1/openapi.json",
            )
        })
        .layer(from_fn_with_state(Repeats::default(), once))
        .with_state(Desk {
            house: around.house,
            router: around.router,
            dialling: Arc::new(around.dialling),
            numbers: Arc::new(around.numbers.into_iter().collect()),
            originate: around.originate,
            spending: Arc::new(Spending::new(around.starts.0, around.starts.1)),
            jaeger: around.jaeger.map(|url| url.trim_end_matches('/').into()),
            records: around.records,
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            leaving: around.leaving,
        })
}

/// Every page with its description.
fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .merge(calls::pages())
        .merge(conferences::pages())
        .merge(participants::pages())
        .merge(queues::pages())
        .merge(messages::pages())
        .merge(placing::pages())
        .merge(watching::pages())
        .merge(quarantine::pages())
        .merge(kpis::pages())
        .merge(document::page())
}

/// How much is going on.
#[utoipa::path(get, path = "/api/v1/status", tag = "program", responses(
    (status = 200, description = "Figures of memory and journal", body = Value),
))]
async fn status(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({
        "memory": desk.house.occupancy(),
        "journal": desk.house.journal.counts(),
        "webhooks_in_flight": desk.router.in_flight(),
    }))
}
