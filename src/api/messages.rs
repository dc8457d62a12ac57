//! `/api/v1/messages`: sending a text, and what became of those that their numbers still remember.
//!
//! Older ones are in the books (docs/records.md). No answer repeats a number in full or the words of a text.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::phone::Text;
use cordboard_core::sms::{self, Counts, Shown, Standing};
use cordboard_core::{Address, OperatorRequest, PhoneNumber, TextKey, TextOrder, TextRefusal, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::answers::{Answer, Refusal, Refused};
use super::requests::{deliver, unread};

/// When a text that a budget refused is worth another try.
const BUDGET_AGAIN: Duration = Duration::from_secs(60);

/// Longest time ahead that a text may be ordered for.
const LONGEST_AHEAD: Duration = Duration::from_secs(35 * 24 * 3_600);

/// Longest key of a client.
const LONGEST_KEY: usize = 128;

pub(super) fn pages() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(send_message, list_messages))
        .routes(routes!(show_message))
}

/// A text to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// The number of ours that sends it; may be left out when there is one only.
    #[schema(example = "+15550200000")]
    from: Option<String>,
    /// Who gets it, E.164.
    #[schema(example = "+15550100001")]
    to: String,
    /// The words.
    text: String,
    /// Under one key one text is sent. The `Idempotency-Key`, else a new one, when absent.
    key: Option<String>,
    /// Not before this, RFC 3339.
    send_at: Option<String>,
}

/// One text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageShown {
    /// Its key.
    #[schema(example = "api-5d41402abc4b2a76")]
    key: String,
    /// The number of ours, masked.
    from: String,
    /// Who gets it, masked.
    to: String,
    /// Where it stands: waiting, attempting, unknown, escalated, refused, queued, sent, delivered, …
    #[schema(example = "delivered")]
    status: &'static str,
    /// The rule that refused it.
    reason: Option<&'static str>,
    /// The carrier's id.
    message: Option<String>,
}

/// One number of ours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NumberShown {
    /// Masked.
    number: String,
    /// Texts that the carrier took.
    sent: u64,
    /// Of those, reported as delivered.
    delivered: u64,
    /// Texts that were not sent, or did not arrive.
    refused: u64,
    /// Texts that were in doubt to the end.
    unknown: u64,
    /// Texts that came in.
    received: u64,
}

/// What the numbers remember.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageList {
    /// The texts, the newest last.
    messages: Vec<MessageShown>,
    /// The numbers.
    numbers: Vec<NumberShown>,
}

/// Sends a text, once per key.
#[utoipa::path(post, path = "/api/v1/messages", tag = "messages", request_body = Order, responses(
    (status = 202, description = "A record contains it", body = MessageShown),
    (status = 422, description = "A rule forbids it; `rule` names it", body = Refused),
    (status = 429, description = "A budget is used up; `rule` names it", body = Refused),
))]
async fn send_message(
    State(desk): State<Desk>,
    headers: HeaderMap,
    order: Result<Json<Order>, JsonRejection>,
) -> Answer<Response> {
    let Json(order) = order
        .map_err(|_| Refusal::bad("the body is a JSON object with `to` and `text`, see openapi.json"))?;
    let from = sender(&desk, order.from.as_deref())?;
    let plan = &desk.numbers[&from];
    let given = order.key.clone().or_else(|| {
        let header = headers.get("idempotency-key")?;
        header.to_str().ok().map(str::to_owned)
    });
    let given = given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    if given.is_empty() || given.len() > LONGEST_KEY {
        return Err(Refusal::bad(format!("a key has 1 to {LONGEST_KEY} bytes")));
    }
    let now = desk.house.clock.now();
    let order = TextOrder {
        key: key_of(&from, &given),
        to: PhoneNumber::new(&order.to),
        text: Text::new(order.text),
        not_before: order.send_at.as_deref().map(|at| moment(at, now)).transpose()?,
        asker: None,
    };
    sms::check(plan, &order).map_err(refused)?;
    let (key, address) = (order.key.clone(), Address::Sms(from.expose().to_owned()));
    deliver(&desk, &address, OperatorRequest::Text(Box::new(order))).await?;
    let (texts, _) = remembered(&desk, &from).await?;
    let standing = texts.iter().rfind(|text| text.key == key);
    match standing {
        Some(Shown {
            standing: Standing::Refused(why),
            ..
        }) => Err(refused(*why)),
        Some(text) => Ok((StatusCode::ACCEPTED, Json(shown(&from, text))).into_response()),
        None => Ok((
            StatusCode::ACCEPTED,
            Json(serde_json::json!({ "key": key.as_str(), "status": "known" })),
        )
            .into_response()),
    }
}

/// What became of the latest texts.
#[utoipa::path(get, path = "/api/v1/messages", tag = "messages", responses(
    (status = 200, description = "What the numbers remember", body = MessageList),
))]
async fn list_messages(State(desk): State<Desk>) -> Answer<Json<MessageList>> {
    let mut list = MessageList {
        messages: Vec::new(),
        numbers: Vec::new(),
    };
    for number in desk.numbers.keys() {
        let (texts, counts) = remembered(&desk, number).await?;
        list.messages.extend(texts.iter().map(|text| shown(number, text)));
        list.numbers.push(NumberShown {
            number: number.to_string(),
            sent: counts.sent,
            delivered: counts.delivered,
            refused: counts.refused,
            unknown: counts.unknown,
            received: counts.received,
        });
    }
    Ok(Json(list))
}

/// What became of one text.
#[utoipa::path(get, path = "/api/v1/messages/{key}", tag = "messages",
    params(("key" = String, Path, description = "As the text was sent under")), responses(
    (status = 200, description = "Where it stands", body = MessageShown),
    (status = 404, description = "No number remembers it; older ones are in the books", body = Refused),
))]
async fn show_message(State(desk): State<Desk>, Path(key): Path<String>) -> Answer<Json<MessageShown>> {
    for number in desk.numbers.keys() {
        let (texts, _) = remembered(&desk, number).await?;
        if let Some(text) = texts.iter().rfind(|text| text.key.as_str() == key) {
            return Ok(Json(shown(number, text)));
        }
    }
    Err(Refusal::new(
        StatusCode::NOT_FOUND,
        "no number remembers a text under this key; older ones are in the books",
    ))
}

fn sender(desk: &Desk, from: Option<&str>) -> Answer<PhoneNumber> {
    let known = match from {
        Some(from) => desk.numbers.get_key_value(&PhoneNumber::new(from)),
        None if desk.numbers.len() == 1 => desk.numbers.first_key_value(),
        None => None,
    };
    known
        .map(|(number, _)| number.clone())
        .ok_or_else(|| refused(TextRefusal::NotOurNumber))
}

/// A client's key may say anything; ours says nothing.
fn key_of(from: &PhoneNumber, given: &str) -> TextKey {
    let digest = Sha256::digest(format!("{}\n{given}", from.expose()));
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    TextKey::new(format!("api-{hex}"))
}

fn moment(text: &str, now: Timestamp) -> Answer<Timestamp> {
    let instant = text.parse::<jiff::Timestamp>().ok();
    let at = instant.and_then(|instant| u64::try_from(instant.as_microsecond()).ok());
    let at = at.map(Timestamp::from_micros);
    at.filter(|at| at.since(now) <= LONGEST_AHEAD).ok_or_else(|| {
        Refusal::rule(
            "send_at",
            "send_at is a time within 35 days, such as 2026-12-01T07:00:00Z",
        )
    })
}

fn refused(why: TextRefusal) -> Refusal {
    if why.is_budget() {
        return Refusal::too_often(
            why.label(),
            "a budget of this number is used up: come again later",
            BUDGET_AGAIN,
        );
    }
    let sentence = match why {
        TextRefusal::NotOurNumber => "from is no number of the configuration: list it as [[number]]",
        TextRefusal::BadDestination => "to is not E.164: `+` and 7 to 15 digits",
        TextRefusal::OwnNumber => "to is a number of our own",
        TextRefusal::DestinationNotAllowed => "texts may not go there: messages.allow lists where they may",
        TextRefusal::OptedOut => "whoever has this number asked for no more texts",
        TextRefusal::Empty => "there are no words in it",
        TextRefusal::TooLong => "it takes more segments than messages.max_segments",
        TextRefusal::KeyReused => "another text was sent under this key",
        _ => "it was not sent",
    };
    Refusal::rule(why.label(), sentence)
}

/// What a number's last record remembers.
async fn remembered(desk: &Desk, number: &PhoneNumber) -> Answer<(Vec<Shown>, Counts)> {
    let address = Address::Sms(number.expose().to_owned());
    let Some(loaded) = desk.house.journal.load(&address).await.map_err(unread)? else {
        return Ok((Vec::new(), Counts::default()));
    };
    match Portrait::of(&loaded.last).map_err(unread)?.face {
        Face::Number { texts, counts, .. } => Ok((texts, counts)),
        Face::Call { .. } | Face::Room { .. } | Face::Queue { .. } => Ok((Vec::new(), Counts::default())),
    }
}

fn shown(from: &PhoneNumber, text: &Shown) -> MessageShown {
    MessageShown {
        key: text.key.to_string(),
        from: from.to_string(),
        to: text.to.to_string(),
        status: text.standing.label(),
        reason: match text.standing {
            Standing::Refused(why) => Some(why.label()),
            _ => None,
        },
        message: text.message.as_ref().map(ToString::to_string),
    }
}
