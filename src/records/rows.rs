//! What each fact does to the rows. Pure; the one place that knows both facts and tables.

use cordboard_actors::journal::Stated;
use cordboard_core::event::Direction;
use cordboard_core::hangup::HangupCause;
use cordboard_core::{Address, CallControlId, Fact, HangupSource};

use super::change::{Change, Value};
use super::privacy::Privacy;
use super::statements as sql;

/// Everything that one record's facts change, in order.
pub(super) fn changes_of(stated: &Stated, privacy: &Privacy) -> Vec<Change> {
    let mut page = Page {
        owner: privacy.owner(&stated.address),
        at: Value::Time(stated.at),
        position: Value::number(stated.position),
        ordinal: Value::Number(Some(0)),
        is_call: matches!(stated.address, Address::Call(_)),
        privacy,
        changes: Vec::with_capacity(stated.facts.len() + 1),
    };
    for (ordinal, fact) in (0_u64..).zip(&stated.facts) {
        page.ordinal = Value::number(ordinal);
        page.take(fact);
    }
    page.changes
}

/// What all rows of one record have in common.
struct Page<'a> {
    /// Session, room, or number of ours.
    owner: String,
    at: Value,
    position: Value,
    ordinal: Value,
    is_call: bool,
    privacy: &'a Privacy,
    changes: Vec<Change>,
}

impl Page<'_> {
    fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::CallBegan { .. } | Fact::CallEnded { .. } => self.call(fact),
            Fact::LegRang { .. } | Fact::LegAnswered { .. } | Fact::LegEnded { .. } => self.leg(fact),
            Fact::StepTaken { .. }
            | Fact::InputCollected { .. }
            | Fact::TransferTried { .. }
            | Fact::TransferEnded { .. } => self.flow(fact),
            Fact::ConferenceBegan { .. }
            | Fact::ParticipantJoined { .. }
            | Fact::ParticipantLeft { .. }
            | Fact::ConferenceEnded { .. } => self.room(fact),
            Fact::MessagePlanned { .. } | Fact::MessageReceived { .. } | Fact::MessageStatus { .. } => {
                self.message(fact);
            }
            // Said before, piece by piece.
            Fact::MessageOver { .. } => {}
            Fact::RecordingSaved { leg, recording } => {
                let (call, room) = if self.is_call {
                    (Some(self.owner.clone()), None)
                } else {
                    (None, Some(self.owner.clone()))
                };
                let values = vec![
                    Value::text(recording.as_str()),
                    Value::Text(call),
                    Value::Text(room),
                    Value::Text(leg.as_ref().map(|leg| leg.as_str().to_owned())),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::RECORDING_SAVED, values);
            }
        }
    }

    fn put(&mut self, sql: &'static str, values: Vec<Value>) {
        self.changes.push(Change { sql, values });
    }

    fn owner(&self) -> Value {
        Value::text(self.owner.as_str())
    }

    fn call(&mut self, fact: &Fact) {
        match fact {
            Fact::CallBegan {
                direction,
                caller,
                called,
                flow,
                connection,
            } => {
                let number =
                    |number: &Option<_>| Value::Text(number.as_ref().map(|n| self.privacy.number(n)));
                let values = vec![
                    self.owner(),
                    Value::text(word(*direction)),
                    number(caller),
                    number(called),
                    Value::Text(flow.clone()),
                    Value::Text(connection.as_ref().map(|id| id.as_str().to_owned())),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::CALL_BEGAN, values);
            }
            Fact::CallEnded {
                reason,
                cause,
                source,
            } => {
                let values = vec![
                    self.owner(),
                    self.at.clone(),
                    Value::text(reason.label()),
                    cause_of(cause.as_ref()),
                    source_of(*source),
                    self.position.clone(),
                ];
                self.put(sql::CALL_ENDED, values);
            }
            _ => {}
        }
    }

    fn leg(&mut self, fact: &Fact) {
        let id = |leg: &CallControlId| Value::text(leg.as_str());
        match fact {
            Fact::LegRang { leg, role, to } => {
                let values = vec![
                    id(leg),
                    self.owner(),
                    Value::text(role.label()),
                    Value::Text(to.as_ref().map(|number| self.privacy.number(number))),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::LEG_RANG, values);
            }
            Fact::LegAnswered { leg } => {
                let values = vec![id(leg), self.owner(), self.at.clone(), self.position.clone()];
                self.put(sql::LEG_ANSWERED, values);
                self.put(sql::CALL_ANSWERED, vec![self.owner(), id(leg), self.at.clone()]);
            }
            Fact::LegEnded {
                leg,
                cause,
                source,
                sip_code,
            } => {
                let values = vec![
                    id(leg),
                    self.owner(),
                    self.at.clone(),
                    cause_of(cause.as_ref()),
                    source_of(*source),
                    Value::Text(sip_code.clone()),
                    self.position.clone(),
                ];
                self.put(sql::LEG_ENDED, values);
            }
            _ => {}
        }
    }

    fn flow(&mut self, fact: &Fact) {
        match fact {
            Fact::StepTaken {
                step,
                kind,
                outcome,
                after_ms,
            } => {
                let values = vec![
                    Value::text(step),
                    Value::text(kind),
                    Value::text(outcome),
                    Value::number(*after_ms),
                ];
                self.append(sql::STEP_TAKEN, values);
            }
            Fact::InputCollected { step, digits } => {
                let digits = self.privacy.digits(digits);
                self.append(sql::INPUT_COLLECTED, vec![Value::text(step), Value::text(digits)]);
            }
            Fact::TransferTried { step, target } => {
                let target = self.privacy.number(target);
                self.append(sql::TRANSFER_TRIED, vec![Value::text(step), Value::text(target)]);
            }
            Fact::TransferEnded {
                step,
                target,
                outcome,
            } => {
                let values = vec![
                    self.owner(),
                    Value::text(step),
                    Value::text(self.privacy.number(target)),
                    self.at.clone(),
                    Value::text(outcome),
                    self.position.clone(),
                ];
                self.put(sql::TRANSFER_ENDED, values);
            }
            _ => {}
        }
    }

    /// A row of its own per fact: owner, what is special, time, position, ordinal.
    fn append(&mut self, sql: &'static str, special: Vec<Value>) {
        let mut values = vec![self.owner()];
        values.extend(special);
        values.extend([self.at.clone(), self.position.clone(), self.ordinal.clone()]);
        self.put(sql, values);
    }

    fn room(&mut self, fact: &Fact) {
        match fact {
            Fact::ConferenceBegan {
                conference,
                incarnation,
            } => {
                let values = vec![
                    self.owner(),
                    Value::number(*incarnation),
                    Value::text(conference.as_str()),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::CONFERENCE_BEGAN, values);
            }
            Fact::ConferenceEnded { incarnation, reason } => {
                let values = vec![
                    self.owner(),
                    Value::number(*incarnation),
                    self.at.clone(),
                    Value::text(reason.label()),
                    self.position.clone(),
                ];
                self.put(sql::CONFERENCE_ENDED, values);
            }
            Fact::ParticipantJoined {
                incarnation,
                leg,
                call,
                moderator,
            } => {
                let values = vec![
                    Value::number(*incarnation),
                    Value::text(leg.as_str()),
                    Value::text(self.privacy.owner(call)),
                    Value::Truth(*moderator),
                ];
                self.append(sql::PARTICIPANT_JOINED, values);
            }
            Fact::ParticipantLeft { incarnation, leg } => {
                let values = vec![
                    self.owner(),
                    Value::number(*incarnation),
                    Value::text(leg.as_str()),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::PARTICIPANT_LEFT, values);
            }
            _ => {}
        }
    }

    fn message(&mut self, fact: &Fact) {
        match fact {
            Fact::MessagePlanned {
                key,
                from,
                to,
                text,
                call,
            } => {
                let call = call.as_ref().map(|call| self.privacy.owner(call));
                let values = vec![
                    self.owner(),
                    Value::text(key),
                    Value::text("outgoing"),
                    Value::text(self.privacy.number(from)),
                    Value::text(self.privacy.number(to)),
                    Value::Text(self.privacy.words(text)),
                    Value::Number(Some(0)),
                    Value::Text(call),
                    Value::Text(None),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::MESSAGE_SEEN, values);
            }
            Fact::MessageReceived {
                key,
                from,
                to,
                text,
                attachments,
            } => {
                let values = vec![
                    self.owner(),
                    Value::text(key),
                    Value::text("incoming"),
                    Value::text(self.privacy.number(from)),
                    Value::text(self.privacy.number(to)),
                    Value::Text(self.privacy.words(text)),
                    Value::number(u64::from(*attachments)),
                    Value::Text(None),
                    Value::text(key),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::MESSAGE_SEEN, values);
            }
            Fact::MessageStatus {
                key,
                message,
                status,
                reason,
                segments,
            } => {
                let history = vec![Value::text(key), Value::text(status), Value::Text(reason.clone())];
                self.append(sql::MESSAGE_STATUS_HISTORY, history);
                let values = vec![
                    self.owner(),
                    Value::text(key),
                    Value::Text(message.clone()),
                    Value::text(status),
                    Value::Text(reason.clone()),
                    Value::Number(segments.map(i64::from)),
                    self.at.clone(),
                    self.position.clone(),
                ];
                self.put(sql::MESSAGE_STATUS, values);
            }
            _ => {}
        }
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
    }
}

/// The carrier's word, its raw text where this build does not know it.
fn cause_of(cause: Option<&HangupCause>) -> Value {
    Value::Text(cause.map(|cause| match cause {
        HangupCause::Other(raw) => raw.clone(),
        known => known.label().to_owned(),
    }))
}

fn source_of(source: HangupSource) -> Value {
    Value::text(source.label())
}
