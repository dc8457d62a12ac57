//! What a room makes of its commands' outcomes.

use crate::conference::{ConferenceMachine, Purpose, RoomState, ignored};
use crate::effect::Effects;
use crate::ids::{CallControlId, CommandId};
use crate::message::JoinFailure;
use crate::outcome::{Outcome, Refusal, RefusalKind};

impl ConferenceMachine {
    pub(super) fn on_outcome(&mut self, command: CommandId, outcome: Outcome, fx: &mut Effects) {
        let Some(purpose) = self.pending.remove(&command) else {
            return ignored("settled before, or of an earlier conference");
        };
        match purpose {
            Purpose::Create { leg } => self.on_create_outcome(&leg, outcome, fx),
            Purpose::LookUp => self.on_look_up_outcome(outcome, fx),
            Purpose::Join { leg } => self.on_join_outcome(&leg, outcome, fx),
            Purpose::Audit { asked_at } => self.on_audit_outcome(outcome, asked_at, fx),
            Purpose::End => self.on_end_outcome(&outcome, fx),
            Purpose::Hold | Purpose::Unhold => ignored("the audit compares holds with the carrier"),
            Purpose::Operator => ignored("the operator sees the outcome in the trace"),
        }
    }

    fn on_join_outcome(&mut self, leg: &CallControlId, outcome: Outcome, fx: &mut Effects) {
        if !self.members.contains_key(leg) {
            return ignored("its caller is gone");
        }
        match outcome {
            Outcome::Accepted(_) => ignored("participant.joined is awaited; the audit is the second net"),
            Outcome::Unknown { .. } => self.audit(fx),
            Outcome::Cancelled => self.turn_away(leg, JoinFailure::LegEnded, fx),
            Outcome::Refused(refusal) => self.join_refused(leg, &refusal, fx),
        }
    }

    fn join_refused(&mut self, leg: &CallControlId, refusal: &Refusal, fx: &mut Effects) {
        match refusal.kind {
            RefusalKind::AlreadyJoined => {
                if let RoomState::Live { conference } = &self.state {
                    self.is_in(leg, &conference.clone(), fx);
                }
            }
            RefusalKind::ConferenceEnded => self.over(fx),
            RefusalKind::ConferenceFull => self.turn_away(leg, JoinFailure::Full, fx),
            RefusalKind::CallEnded => self.turn_away(leg, JoinFailure::LegEnded, fx),
            RefusalKind::NotAnswered => self.turn_away(leg, JoinFailure::NotAnswered, fx),
            RefusalKind::NotIncoming
            | RefusalKind::NameActive
            | RefusalKind::NotFound
            | RefusalKind::Unauthorized
            | RefusalKind::ChannelLimit
            | RefusalKind::Invalid
            | RefusalKind::Other => self.turn_away(leg, JoinFailure::Unavailable, fx),
        }
    }

    fn on_end_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        let RoomState::Closing { .. } = self.state else {
            return ignored("over before");
        };
        match outcome {
            Outcome::Refused(refusal)
                if matches!(refusal.kind, RefusalKind::ConferenceEnded | RefusalKind::NotFound) =>
            {
                self.over(fx);
            }
            // Nobody is left to send events about, so none need come.
            Outcome::Accepted(_) if self.members.is_empty() => self.over(fx),
            Outcome::Accepted(_) => ignored("conference.ended is awaited; the audit is the second net"),
            Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => self.audit(fx),
        }
    }
}
