//! Control from outside, beside the API: health, the ledger, and callers and messages on demand. For tests and foreign
//! programs.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Page, page};
use crate::callers;
use crate::callers::scenario::{LoadScenario, Plan};
use crate::callers::script::{CallerScript, Cue, Message, Reply, TextWatch, Want};
use crate::carrier::answer::ApiError;
use crate::target::{FarEnd, FarEndAnswer, Receipt, Who};
use crate::world::World;

/// Callers that one request may start: a typing error must not fill the machine.
const CALLERS_AT_ONCE: usize = 1_000;

/// Body of `POST /simulator/callers`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Called number.
    to: String,
    /// How many callers; 1 when absent.
    #[serde(default = "one")]
    count: usize,
    /// Calling number; made up when absent.
    from: Option<String>,
    /// Keys for the first gather, the second, and so on; the last are repeated.
    #[serde(default)]
    presses: Vec<String>,
    /// What to press after which words; before `presses`.
    #[serde(default)]
    replies: Vec<Reply>,
    /// Speaks so long into a recording, then hangs up.
    message_ms: Option<u64>,
    /// Texts that belong to the caller.
    texts: Option<TextWatch>,
    /// Talk time after the goal.
    #[serde(default = "talk_ms")]
    talk_ms: u64,
    /// How long to wait for the goal; the profile's patience when absent.
    patience_ms: Option<u64>,
    /// Hang up this long after ringing, whatever happened.
    hang_up_after_ms: Option<u64>,
    /// What the caller wants.
    #[serde(default)]
    goal: Goal,
}

/// One want by its name, or several in full.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Goal {
    Named(Named),
    Several(Vec<Want>),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Conference,
    Bridged,
    Answered,
}

impl Default for Goal {
    fn default() -> Self {
        Self::Named(Named::Conference)
    }
}

impl Goal {
    fn wants(&self) -> Vec<Want> {
        match self {
            Self::Several(wants) => wants.clone(),
            Self::Named(Named::Conference) => vec![Want::Conference],
            Self::Named(Named::Bridged) => vec![Want::Bridged("*".to_owned())],
            Self::Named(Named::Answered) => vec![Want::Answered],
        }
    }
}

/// Most calls of one `POST /simulator/load`, for the same reason; they ring one after the other.
const CALLS_OF_A_LOAD: usize = 1_000_000;

/// Body of `POST /simulator/load`: conferences of callers who ring at a rate, whether the program keeps up or not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    /// How many calls in all.
    calls: usize,
    /// Rings per second.
    rate_per_s: f64,
    /// How many callers per room; 5 when absent.
    #[serde(default = "five")]
    callers_per_conference: usize,
    /// Talk time once everybody is there, varied by a quarter.
    #[serde(default = "talk_ms")]
    talk_ms: u64,
}

/// Body of `POST /simulator/messages`: somebody texts the program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextIn {
    from: String,
    to: String,
    text: String,
}

/// Body of `POST /simulator/targets`: what is behind a dialled number or SIP address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    /// An address, or its beginning and `*`.
    pattern: String,
    answer: FarEndAnswer,
    /// How long it rings before.
    #[serde(default = "rings_ms")]
    after_ms: u64,
    /// When it hangs up after answering.
    talk_ms: Option<u64>,
    /// When it hangs up after it was bridged.
    talk_bridged_ms: Option<u64>,
    /// An answering machine with a greeting of this length and a beep; a person when absent.
    greeting_ms: Option<u64>,
    /// Keys for the first gather on its leg, the second, and so on.
    #[serde(default)]
    presses: Vec<String>,
    /// Engaged while another leg to it rings or is up.
    #[serde(default)]
    one_line: bool,
}

/// Body of `POST /simulator/phones`: what becomes of texts to a number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    /// A number, or its beginning and `*`.
    pattern: String,
    receipt: Receipt,
}

impl From<Target> for FarEnd {
    fn from(target: Target) -> Self {
        let greeting = target.greeting_ms.map(Duration::from_millis);
        Self {
            answer: target.answer,
            after: Duration::from_millis(target.after_ms),
            talk: target.talk_ms.map(Duration::from_millis),
            talk_bridged: target.talk_bridged_ms.map(Duration::from_millis),
            who: greeting.map_or(Who::Human, |greeting| Who::Machine { greeting, beep: true }),
            presses: target.presses,
            one_line: target.one_line,
            room: None,
        }
    }
}

const fn rings_ms() -> u64 {
    300
}

const fn one() -> usize {
    1
}

const fn five() -> usize {
    5
}

const fn talk_ms() -> u64 {
    1_000
}

/// Answers a path below `/simulator`.
pub(super) fn answer(world: &Arc<World>, method: &Method, path: &str, body: &[u8]) -> Page {
    match (method.as_str(), path) {
        ("GET", "/health") => page(
            200,
            &json!({
                "status": "ok",
                "profile": world.settings.profile.to_string(),
                "public_key": world.courier.signer.public_key_base64(),
                "connection_id": world.settings.connection_id,
                "twilio": { "account": world.settings.twilio.sid, "token": world.settings.twilio.token },
            }),
        ),
        ("GET", "/report") => page(200, &json!(world.report())),
        ("GET", "/snapshot") => page(200, &json!(world.snapshot())),
        ("GET", "/acked") => page(200, &json!(world.book(|ledger| ledger.acked_events()))),
        ("POST", "/callers") => match serde_json::from_slice::<Wanted>(body) {
            Ok(wanted) if (1..=CALLERS_AT_ONCE).contains(&wanted.count) => start(world, &wanted),
            Ok(_) => super::error(&ApiError::bad_request(format!(
                "count must be 1 to {CALLERS_AT_ONCE}"
            ))),
            Err(problem) => super::error(&ApiError::bad_request(format!("callers: {problem}"))),
        },
        ("POST", "/load") => match serde_json::from_slice::<Load>(body) {
            Ok(wanted) => load(world, &wanted),
            Err(problem) => super::error(&ApiError::bad_request(format!("load: {problem}"))),
        },
        ("POST", "/messages") => match serde_json::from_slice::<TextIn>(body) {
            Ok(message) => {
                world.text_in(&message.from, &message.to, &message.text);
                page(202, &json!({ "started": 1 }))
            }
            Err(problem) => super::error(&ApiError::bad_request(format!("messages: {problem}"))),
        },
        ("POST", "/targets") => set(body, "targets", |target: Target| {
            let pattern = target.pattern.clone();
            world.set_target(&pattern, target.into());
        }),
        ("POST", "/phones") => set(body, "phones", |phone: Phone| {
            world.set_phone(&phone.pattern, phone.receipt);
        }),
        _ => super::error(&ApiError::not_found()),
    }
}

/// Reads a body and takes it over.
fn set<T: DeserializeOwned>(body: &[u8], what: &str, take: impl FnOnce(T)) -> Page {
    match serde_json::from_slice(body) {
        Ok(entry) => {
            take(entry);
            page(200, &json!({ "set": 1 }))
        }
        Err(problem) => super::error(&ApiError::bad_request(format!("{what}: {problem}"))),
    }
}

fn start(world: &Arc<World>, wanted: &Wanted) -> Page {
    let patience = wanted.patience_ms.map(Duration::from_millis);
    for index in 0..wanted.count {
        let from = wanted.from.clone();
        let from = from.unwrap_or_else(|| callers::scenario::caller_number(index));
        let presses = (!wanted.presses.is_empty()).then(|| Reply {
            cue: Cue::Any,
            keys: wanted.presses.clone(),
        });
        let patience = patience.unwrap_or_else(|| world.patience());
        let script = CallerScript {
            goal: wanted.goal.wants(),
            replies: wanted.replies.iter().cloned().chain(presses).collect(),
            message: wanted.message_ms.map(|millis| Message {
                lasts: Duration::from_millis(millis),
                hangs_up: true,
            }),
            texts: wanted.texts.clone(),
            talk: Duration::from_millis(wanted.talk_ms),
            hang_up_after: wanted.hang_up_after_ms.map(Duration::from_millis),
            ..CallerScript::ringing(&wanted.to, &from, patience)
        };
        let own = Arc::clone(world);
        world
            .tasks
            .spawn(async move { callers::caller::run(&own, &script, None, &own.stop).await });
    }
    page(202, &json!({ "started": wanted.count }))
}

fn load(world: &Arc<World>, wanted: &Load) -> Page {
    let possible = (1..=CALLS_OF_A_LOAD).contains(&wanted.calls)
        && wanted.callers_per_conference > 0
        && wanted.rate_per_s.is_finite()
        && wanted.rate_per_s > 0.0;
    if !possible {
        return super::error(&ApiError::bad_request(format!(
            "load takes 1 to {CALLS_OF_A_LOAD} calls, one caller per conference or more, and a rate above 0"
        )));
    }
    let plan = Plan::from(&LoadScenario {
        calls: wanted.calls,
        rate_per_s: wanted.rate_per_s,
        concurrency: wanted.calls,
        callers_per_conference: wanted.callers_per_conference,
        hold: Duration::from_millis(wanted.talk_ms),
        ..LoadScenario::default()
    });
    let own = Arc::clone(world);
    world
        .tasks
        .spawn(async move { callers::run(&own, &plan, &own.stop).await });
    page(202, &json!({ "started": wanted.calls }))
}
