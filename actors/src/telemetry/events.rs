//! What a record states, as events of its transition's span: legs, transfers, participants, texts. Bounded words and
//! ids; no number, digit or text gets in.

use cordboard_core::fact::Fact;
use cordboard_core::{Effect, shown_way};
use cordboard_observability::attributes as name;
use cordboard_observability::traces::{FinishedSpan, KeyValue};

use super::place::at;
use super::texts;
use crate::journal::Record;

/// The span with an event for each statement of its record; of a number's record, for those about this text.
pub(super) fn of_facts(record: &Record, text: Option<&str>, span: FinishedSpan) -> FinishedSpan {
    record.effects.iter().fold(span, |span, effect| match effect {
        Effect::Fact(fact) if text.is_none() || texts::key_in(fact) == text => match particulars(fact) {
            Some(particulars) => span.event(fact.label(), at(record.at), particulars),
            None => span,
        },
        _ => span,
    })
}

/// `None` for what other spans tell already.
fn particulars(fact: &Fact) -> Option<Vec<KeyValue>> {
    Some(match fact {
        Fact::CallBegan { .. }
        | Fact::CallEnded { .. }
        | Fact::StepTaken { .. }
        | Fact::MessageOver { .. } => {
            return None;
        }
        Fact::LegRang { leg, role, .. } => vec![
            KeyValue::new(name::CALL_LEG, leg.to_string()),
            KeyValue::new(name::CALL_LEG_ROLE, role.label()),
        ],
        Fact::LegAnswered { leg } => vec![KeyValue::new(name::CALL_LEG, leg.to_string())],
        Fact::LegEnded {
            leg,
            cause,
            source,
            sip_code,
        } => {
            let mut ended = vec![
                KeyValue::new(name::CALL_LEG, leg.to_string()),
                KeyValue::new(name::CALL_HANGUP_SOURCE, source.label()),
            ];
            ended.extend(
                cause
                    .as_ref()
                    .map(|cause| KeyValue::new(name::CALL_HANGUP_CAUSE, cause.label())),
            );
            ended.extend(
                sip_code
                    .clone()
                    .map(|code| KeyValue::new(name::CALL_SIP_CODE, code)),
            );
            ended
        }
        Fact::InputCollected { step, .. } | Fact::TransferTried { step, .. } => {
            vec![KeyValue::new(name::CALL_STEP, step.clone())]
        }
        Fact::TransferEnded { step, outcome, .. } => vec![
            KeyValue::new(name::CALL_STEP, step.clone()),
            KeyValue::new(name::CALL_STEP_OUTCOME, shown_way(outcome).to_owned()),
        ],
        Fact::ConferenceBegan { conference, .. } => {
            vec![KeyValue::new(name::CONFERENCE_ID, conference.to_string())]
        }
        Fact::ParticipantJoined { leg, .. } | Fact::ParticipantLeft { leg, .. } => {
            vec![KeyValue::new(name::CALL_LEG, leg.to_string())]
        }
        Fact::ConferenceEnded { reason, .. } => {
            vec![KeyValue::new(name::CALL_END_REASON, reason.label())]
        }
        Fact::MessagePlanned { .. } | Fact::MessageReceived { .. } => Vec::new(),
        Fact::MessageStatus { status, reason, .. } => {
            let mut stands = vec![KeyValue::new(name::MESSAGE_STATE, status.clone())];
            stands.extend(
                reason
                    .clone()
                    .map(|reason| KeyValue::new(name::ERROR_TYPE, reason)),
            );
            stands
        }
        Fact::RecordingSaved { recording, .. } => {
            vec![KeyValue::new(name::RECORDING_ID, recording.to_string())]
        }
    })
}
