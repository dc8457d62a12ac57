//! A life as lines: what came, what it changed, what was asked for and what became of it. No number, digit or text of
//! a caller passes.

mod queue_words;

use std::collections::HashMap;

use cordboard_actors::journal::Record;
use cordboard_actors::portrait::Portrait;
use cordboard_core::{
    Address, CommandId, Effect, EventBody, Fact, Finding, HttpOutcome, Input, Message, OperatorRequest,
    Outcome, PhoneNumber, RoomRequest, TextResult, Timestamp, shown_way,
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

/// One effect. Exactly one of the fields but `id` and `about` is there.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Done {
    /// A command to the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<&'static str>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// A request to the user's own program: its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "POST")]
    pub(super) request: Option<String>,
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
    /// More about it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "menu (gather): no_input after 8.0 s")]
    pub(super) about: Option<String>,
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
        effects: record.effects.iter().map(done).collect(),
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
        Input::HttpOutcome { outcome, .. } => Some(match outcome {
            HttpOutcome::Answered { status, .. } => format!("answered, HTTP {status}"),
            HttpOutcome::Forbidden { why } => format!("forbidden: {why}"),
            HttpOutcome::Unknown { why } => format!("no answer: {why}"),
        }),
        Input::Message { from, body, .. } => Some(format!("{} from {}", said(body), named(from))),
        Input::Operator(request) => Some(asked(request)),
        Input::Finding(finding) => Some(found(finding).into()),
        Input::Quarantined { input, .. } => Some(input.clone()),
        Input::Deadline => None,
    }
}

fn found(finding: &Finding) -> &'static str {
    match finding {
        Finding::LegGone { .. } => "the carrier has no such live leg",
        Finding::LegAlive { .. } => "the carrier has a live leg with our state that nobody claims",
        Finding::ConferenceGone { .. } => "the carrier has no such live conference",
        Finding::ConferenceAlive { .. } => {
            "the carrier has a live conference of this name that nobody claims"
        }
    }
}

/// An address; a sending number's says its number, which is masked.
pub(crate) fn named(address: &Address) -> String {
    match address {
        Address::Sms(number) => format!("sms:{}", PhoneNumber::new(number)),
        Address::Call(_) | Address::Conference(_) | Address::Queue(_) => address.to_string(),
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

/// What one machine told another.
pub(crate) fn said(body: &Message) -> String {
    let plain = match body {
        Message::JoinRequest { .. } => "join_request",
        Message::LegGone { .. } => "leg_gone",
        Message::Forwarded(_) => "forwarded_event",
        Message::Joined { .. } => "joined",
        Message::JoinFailed { .. } => "join_failed",
        Message::Left { .. } => "left",
        Message::TextRequest { .. } => "text_request",
        Message::TextResult { result, .. } => {
            return match result {
                TextResult::Accepted => "text accepted".into(),
                TextResult::Delivered => "text delivered".into(),
                TextResult::Refused(why) => format!("text refused, {},", why.label()),
                TextResult::Unknown => "text in doubt".into(),
            };
        }
        Message::ToQueue { word, .. } => queue_words::by_call(word),
        Message::FromQueue { word, .. } => queue_words::by_queue(word),
    };
    plain.to_owned()
}

/// What an operator asked for.
pub(crate) fn asked(request: &OperatorRequest) -> String {
    let some = |verb: &str, legs: usize| format!("{verb}, {legs} participants");
    match request {
        OperatorRequest::Issue(command) => format!("issue {}", command.name()),
        OperatorRequest::Hangup => "hang up, or end".into(),
        OperatorRequest::Room(room) => match room {
            RoomRequest::Mute { legs } => some("mute", legs.len()),
            RoomRequest::Unmute { legs } => some("unmute", legs.len()),
            RoomRequest::Hold { legs } => some("hold", legs.len()),
            RoomRequest::Unhold { legs } => some("unhold", legs.len()),
            RoomRequest::Kick { legs } => some("kick", legs.len()),
            RoomRequest::Say { legs, .. } => some("say", legs.len()),
        },
        OperatorRequest::Start(start) => format!("place a call, flow {}", start.plan.name),
        OperatorRequest::Number(_) => "settings of this number".into(),
        OperatorRequest::Text(_) => "send a text".into(),
    }
}

fn done(effect: &Effect) -> Done {
    let empty = Done::default();
    match effect {
        Effect::Command(issued) => Done {
            command: Some(issued.command.name()),
            id: Some(issued.id.to_string()),
            ..empty
        },
        Effect::Http(request) => Done {
            request: Some(request.method.clone()),
            id: Some(request.id.to_string()),
            ..empty
        },
        Effect::Send { to, body } => Done {
            message_to: Some(named(to)),
            about: Some(said(body)),
            ..empty
        },
        Effect::Settle { command } => Done {
            settled: Some(command.to_string()),
            ..empty
        },
        Effect::Ended { reason } => Done {
            ended: Some(reason.label()),
            ..empty
        },
        Effect::Fact(fact) => Done {
            fact: Some(fact.label()),
            about: stated(fact),
            ..empty
        },
    }
}

/// What a fact says beyond its name, as far as it is nobody's number, key or word.
pub(crate) fn stated(fact: &Fact) -> Option<String> {
    match fact {
        Fact::CallBegan { flow, .. } => flow.clone(),
        Fact::LegRang { role, .. } => Some(role.label().into()),
        Fact::CallEnded { reason, .. } => Some(reason.label().into()),
        Fact::StepTaken {
            step,
            kind,
            outcome,
            after_ms,
        } => {
            let (outcome, seconds) = (shown_way(outcome), after_ms / 1_000);
            Some(format!("{step} ({kind}): {outcome}, after {seconds} s"))
        }
        Fact::InputCollected { step, .. } | Fact::TransferTried { step, .. } => Some(step.clone()),
        Fact::TransferEnded { step, outcome, .. } => Some(format!("{step}: {}", shown_way(outcome))),
        Fact::MessageStatus { status, .. } => Some(status.clone()),
        Fact::MessageOver { standing, .. } => Some(standing.clone()),
        Fact::LegAnswered { .. }
        | Fact::LegEnded { .. }
        | Fact::ConferenceBegan { .. }
        | Fact::ParticipantJoined { .. }
        | Fact::ParticipantLeft { .. }
        | Fact::ConferenceEnded { .. }
        | Fact::MessagePlanned { .. }
        | Fact::MessageReceived { .. }
        | Fact::RecordingSaved { .. } => None,
    }
}
