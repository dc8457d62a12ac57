//! What an answer other than a success means: the error table of API-FACTS 1.6, by what we do next.

use cordboard_core::command::ConferenceAction;
use cordboard_core::{Answer, Attempt, Command, Refusal, RefusalKind};
use serde::Deserialize;
use serde_json::Value;

use crate::carriers::exchange::Reply;
use crate::carriers::showable::showable;
use crate::carriers::wait::wait;

/// Longest code that is kept; real ones have five digits.
const MAX_CODE_CHARS: usize = 16;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Vec<CarrierError>,
}

/// Read leniently: a refusal with an odd sentence is still a refusal.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CarrierError {
    code: Value,
    title: Value,
    detail: Value,
}

impl CarrierError {
    fn code(&self) -> Option<String> {
        let text = match &self.code {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let code: String = text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(MAX_CODE_CHARS)
            .collect();
        (!code.is_empty()).then_some(code)
    }

    fn sentence(&self) -> String {
        let text = self.detail.as_str().or_else(|| self.title.as_str());
        text.map(showable).unwrap_or_default()
    }
}

/// Classes an answer whose status is not 2xx.
pub(super) fn class(command: &Command, reply: &Reply) -> Attempt {
    let status = reply.status.as_u16();
    match status {
        429 => {
            return Attempt::TryLater {
                after: wait(&reply.headers, jiff::Timestamp::now()),
                why: "429",
            };
        }
        // The effect may have happened: these say that the answer failed, not that the command did.
        408 => return Attempt::InDoubt { why: "408" },
        409 => return Attempt::InDoubt { why: "409" },
        500 => return Attempt::InDoubt { why: "500" },
        502 => return Attempt::InDoubt { why: "502" },
        503 => return Attempt::InDoubt { why: "503" },
        504 => return Attempt::InDoubt { why: "504" },
        501 | 505.. => return Attempt::InDoubt { why: "5xx" },
        _ => {}
    }
    let errors: Errors = serde_json::from_slice(&reply.body).unwrap_or_default();
    let first = errors.errors.first();
    let code = first.and_then(CarrierError::code);
    // The carrier's own queue of this number is full: certainly not taken, and worth another try.
    if code.as_deref() == Some("40318") {
        return Attempt::TryLater {
            after: wait(&reply.headers, jiff::Timestamp::now()),
            why: "queue_full",
        };
    }
    if is_done(command, status, code.as_deref()) {
        return Attempt::Accepted(Answer::Done);
    }
    Attempt::Refused(Refusal {
        kind: kind(command, status, code.as_deref()),
        status,
        detail: first.map(CarrierError::sentence).unwrap_or_default(),
        code,
    })
}

/// A refusal that says: what you want is already so.
fn is_done(command: &Command, status: u16, code: Option<&str>) -> bool {
    // Without a code it is not the carrier who speaks: a wrong base URL answers 404 to everything.
    let Some(code) = code else {
        return false;
    };
    match command {
        command if command.is_hangup() => matches!(code, "90018" | "90015") || status == 404,
        Command::Conference {
            action: ConferenceAction::End(_),
            ..
        } => matches!(code, "90019" | "90058") || status == 404,
        _ => false,
    }
}

fn kind(command: &Command, status: u16, code: Option<&str>) -> RefusalKind {
    if let Some(kind) = code.and_then(|code| kind_of_code(command, code)) {
        return kind;
    }
    match (status, command) {
        (401 | 403, _) => RefusalKind::Unauthorized,
        (404, Command::Leg { .. }) if code.is_some() => RefusalKind::CallEnded,
        (404, Command::Conference { .. } | Command::UpdateParticipant(_)) if code.is_some() => {
            RefusalKind::ConferenceEnded
        }
        (404, _) => RefusalKind::NotFound,
        // Taking out a leg that is not in, or no longer in, is a race and not a bug of ours.
        (
            400 | 422,
            Command::Conference {
                action: ConferenceAction::Leave(_),
                ..
            },
        ) => RefusalKind::Other,
        (400 | 422, _) if code.is_some_and(is_state_code) => RefusalKind::Other,
        (400 | 422, _) => RefusalKind::Invalid,
        _ => RefusalKind::Other,
    }
}

fn kind_of_code(command: &Command, code: &str) -> Option<RefusalKind> {
    Some(match code {
        "90018" => RefusalKind::CallEnded,
        "90034" => RefusalKind::NotAnswered,
        "90102" => RefusalKind::NotIncoming,
        "90019" | "90058" => RefusalKind::ConferenceEnded,
        "90032" => RefusalKind::ConferenceFull,
        // The same code says "no active participants" on other conference commands.
        "90033" if matches!(command, Command::CreateConference(_)) => RefusalKind::NameActive,
        "90033" => RefusalKind::Other,
        "90044" => RefusalKind::AlreadyJoined,
        "90041" | "90042" | "90043" => RefusalKind::ChannelLimit,
        "10009" | "10010" => RefusalKind::Unauthorized,
        "40300" => RefusalKind::OptedOut,
        "40001" | "40309" | "40310" => RefusalKind::BadDestination,
        // A bridge names two legs, and the code does not say which one is meant.
        "90015" if command.leg().is_some() && command.name() != "bridge" => RefusalKind::NotFound,
        _ => return None,
    })
}

/// Codes that speak about the state of a call or conference rather than about our request.
fn is_state_code(code: &str) -> bool {
    matches!(
        code,
        "90020"
            | "90031"
            | "90035"
            | "90036"
            | "90037"
            | "90038"
            | "90040"
            | "90045"
            | "90046"
            | "90048"
            | "90050"
            | "90053"
            | "90054"
            | "90055"
    )
}
