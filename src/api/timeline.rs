//! A life as lines: what came, what it changed, what was asked for and what became of it. No number, digit or text of
//! a caller passes.

use std::collections::HashMap;

use cordboard_actors::journal::Record;
use cordboard_actors::portrait::Portrait;
use cordboard_core::{
    CommandId, Effect, EventBody, Finding, Input, Message, OperatorRequest, Outcome, RoomRequest, Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

/// One record as a line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Line {
    /// Counts the records of this entity.
    pub(super) seq: u64,
    /// When, RFC 3339, UTC.
    pub(super) at: String,
    /// The same, microseconds since the epoch.
    pub(super) at_us: u64,
    /// What happened: the carrier's event, or the kind of another input.
    #[schema(example = "call.answered")]
    pub(super) cause: &'static str,
    /// More about the cause, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "answer accepted")]
    pub(super) detail: Option<String>,
    /// Where the entity stood after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "conference")]
    pub(super) phase: Option<&'static str>,
    /// What it asked for.
    pub(super) effects: Vec<Done>,
}

/// One effect. Exactly one of the fields but `id` is there.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Done {
    /// A command to the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<&'static str>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// A message to another entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_to: Option<String>,
    /// A command that an event proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<String>,
    /// The end, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<&'static str>,
    /// A statement for the books.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fact: Option<&'static str>,
}

/// A history as lines.
pub(super) fn lines(records: &[Record]) -> Vec<Line> {
    let mut issued: HashMap<&CommandId, &'static str> = HashMap::new();
    records
        .iter()
        .map(|record| {
            let line = line(record, &issued);
            for effect in &record.effects {
                if let Effect::Command(command) = effect {
                    issued.insert(&command.id, command.command.name());
                }
            }
            line
        })
        .collect()
}

fn line(record: &Record, issued: &HashMap<&CommandId, &'static str>) -> Line {
    let cause = match &record.cause {
        Input::Event { event, .. } => event.body.label(),
        other => other.label(),
    };
    Line {
        seq: record.seq,
        at: instant(record.at),
        at_us: record.at.as_micros(),
        cause,
        detail: detail(&record.cause, issued),
        phase: Portrait::of(record).ok().map(|portrait| portrait.phase),
        effects: record.effects.iter().filter_map(done).collect(),
    }
}

/// RFC 3339, to the millisecond.
pub(super) fn instant(at: Timestamp) -> String {
    let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| format!("{at:.3}"))
}

fn detail(cause: &Input, issued: &HashMap<&CommandId, &'static str>) -> Option<String> {
    match cause {
        Input::Event { event, .. } => match &event.body {
            EventBody::CallHangup { cause, source, .. } => {
                Some(format!("{} by {}", cause.label(), source.label()))
            }
            _ => None,
        },
        Input::Outcome { command, outcome } => {
            let name = issued.get(command).copied().unwrap_or("an earlier command");
            Some(format!("{name} {}", verdict(outcome)))
        }
        Input::Message { from, body, .. } => Some(format!("{} from {from}", message(body))),
        Input::Operator(request) => Some(asked(request)),
        Input::Finding(Finding::LegGone { .. }) => Some("the carrier has no such live leg".into()),
        Input::Quarantined { input, .. } => Some(input.clone()),
        _ => None,
    }
}

fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused(refusal) => {
            let code = refusal.code.as_deref().filter(|code| {
                code.len() <= 16
                    && code
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
            let code = code.map(|code| format!(", code {code}")).unwrap_or_default();
            format!(
                "refused: {} (HTTP {}{code})",
                refusal.kind.label(),
                refusal.status
            )
        }
        other => other.label().to_owned(),
    }
}

fn message(body: &Message) -> &'static str {
    match body {
        Message::JoinRequest { .. } => "join_request",
        Message::LegGone { .. } => "leg_gone",
        Message::Forwarded(_) => "forwarded_event",
        Message::Joined { .. } => "joined",
        Message::JoinFailed { .. } => "join_failed",
        Message::Left { .. } => "left",
        #[allow(unreachable_patterns, reason = "machines learn to say more")]
        _ => "message",
    }
}

fn asked(request: &OperatorRequest) -> String {
    let named = |verb: &str, legs: usize| format!("{verb}, {legs} participants");
    match request {
        OperatorRequest::Issue(command) => format!("issue {}", command.name()),
        OperatorRequest::Hangup => "hang up, or end".into(),
        OperatorRequest::Room(room) => match room {
            RoomRequest::Mute { legs } => named("mute", legs.len()),
            RoomRequest::Unmute { legs } => named("unmute", legs.len()),
            RoomRequest::Hold { legs } => named("hold", legs.len()),
            RoomRequest::Unhold { legs } => named("unhold", legs.len()),
            RoomRequest::Kick { legs } => named("kick", legs.len()),
            RoomRequest::Say { legs, .. } => named("say", legs.len()),
        },
        #[allow(unreachable_patterns, reason = "operators learn to ask for more")]
        _ => "a request".into(),
    }
}

fn done(effect: &Effect) -> Option<Done> {
    let empty = Done::default();
    match effect {
        Effect::Command(issued) => Some(Done {
            command: Some(issued.command.name()),
            id: Some(issued.id.to_string()),
            ..empty
        }),
        Effect::Send { to, .. } => Some(Done {
            message_to: Some(to.to_string()),
            ..empty
        }),
        Effect::Settle { command } => Some(Done {
            settled: Some(command.to_string()),
            ..empty
        }),
        Effect::Ended { reason } => Some(Done {
            ended: Some(reason.label()),
            ..empty
        }),
        Effect::Fact(fact) => Some(Done {
            fact: Some(fact.label()),
            ..empty
        }),
        #[allow(unreachable_patterns, reason = "machines learn to ask for more")]
        _ => None,
    }
}
