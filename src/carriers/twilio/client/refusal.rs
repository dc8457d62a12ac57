//! What an answer other than a success means: the error table of API-FACTS 2.1, by what we do next.

use cordboard_core::command::ConferenceAction;
use cordboard_core::{Answer, Attempt, Command, Refusal, RefusalKind};
use serde::Deserialize;
use serde_json::Value;

use crate::carriers::exchange::Reply;
use crate::carriers::showable::showable;
use crate::carriers::wait::wait;

/// Longest code that is kept; real ones have five digits.
const MAX_CODE_CHARS: usize = 16;

/// Read leniently: a refusal with an odd sentence is still a refusal.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CarrierError {
    code: Value,
    message: Value,
}

impl CarrierError {
    fn code(&self) -> Option<String> {
        let text = match &self.code {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let code: String = text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(MAX_CODE_CHARS)
            .collect();
        (!code.is_empty()).then_some(code)
    }
}

/// Classes an answer whose status is not 2xx; without a command it was a question.
pub(super) fn class(command: Option<&Command>, reply: &Reply) -> Attempt {
    let status = reply.status.as_u16();
    let error: CarrierError = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = error.code();
    match (status, code.as_deref()) {
        // Too many requests at one time: this one was not looked at.
        (429, _) | (_, Some("20429")) => {
            return Attempt::TryLater {
                after: wait(&reply.headers, jiff::Timestamp::now()),
                why: "429",
            };
        }
        // The effect may have happened: these say that the answer failed, not that the request did.
        (408, _) => return Attempt::InDoubt { why: "408" },
        (409, _) => return Attempt::InDoubt { why: "409" },
        (500, _) => return Attempt::InDoubt { why: "500" },
        (502, _) => return Attempt::InDoubt { why: "502" },
        (503, _) => return Attempt::InDoubt { why: "503" },
        (504, _) => return Attempt::InDoubt { why: "504" },
        (501 | 505.., _) => return Attempt::InDoubt { why: "5xx" },
        // The queue of this sender is full: certainly not taken, and worth another try.
        (_, Some("21611")) => {
            return Attempt::TryLater {
                after: wait(&reply.headers, jiff::Timestamp::now()),
                why: "queue_full",
            };
        }
        _ => {}
    }
    if command.is_some_and(|command| is_done(command, status, code.as_deref())) {
        return Attempt::Accepted(Answer::Done);
    }
    Attempt::Refused(Refusal {
        kind: kind(command, status, code.as_deref()),
        status,
        detail: error.message.as_str().map(showable).unwrap_or_default(),
        code,
    })
}

/// A refusal that says: what you want is already so.
fn is_done(command: &Command, status: u16, code: Option<&str>) -> bool {
    // Without a code it is not the carrier who speaks: a wrong base URL answers 404 to everything.
    let Some(code) = code else {
        return false;
    };
    let ends = command.is_hangup()
        || matches!(
            command,
            Command::Conference {
                action: ConferenceAction::End(_),
                ..
            }
        );
    ends && (status == 404 || matches!(code, "21220" | "20404"))
}

fn kind(command: Option<&Command>, status: u16, code: Option<&str>) -> RefusalKind {
    if let Some(kind) = code.and_then(kind_of_code) {
        return kind;
    }
    match (status, command) {
        (401 | 403, _) => RefusalKind::Unauthorized,
        (404, Some(Command::Leg { .. })) if code.is_some() => RefusalKind::CallEnded,
        (404, Some(Command::Conference { .. } | Command::UpdateParticipant(_))) if code.is_some() => {
            RefusalKind::ConferenceEnded
        }
        (404, _) => RefusalKind::NotFound,
        (400 | 422, _) => RefusalKind::Invalid,
        _ => RefusalKind::Other,
    }
}

fn kind_of_code(code: &str) -> Option<RefusalKind> {
    Some(match code {
        "20003" | "20005" | "20006" => RefusalKind::Unauthorized,
        // The call is not in a state in which it could be changed.
        "21220" => RefusalKind::CallEnded,
        "21610" => RefusalKind::OptedOut,
        // None, unreachable, not textable, or closed by the account's geographic permissions.
        "21211" | "21214" | "21215" | "21217" | "21604" | "21612" | "21614" | "21408" => {
            RefusalKind::BadDestination
        }
        _ => return None,
    })
}
