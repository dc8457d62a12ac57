//! What a room makes of its commands' outcomes.

use crate::command::{Command, Query};
use crate::conference::audit::LIST_LAG;
use crate::conference::{ConferenceMachine, Purpose, RoomState, RoomTimer, Stage, ignored};
use crate::effect::Effects;
use crate::ids::{CallControlId, CommandId};
use crate::message::JoinFailure;
use crate::outcome::{Answer, Outcome, Refusal, RefusalKind};

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
            Purpose::Confirm => self.on_confirm_outcome(&outcome, fx),
            Purpose::Hold | Purpose::Unhold => match outcome {
                Outcome::Accepted(_) => ignored("as asked"),
                Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => {
                    // Not at once: a carrier that goes on refusing must not be asked in a circle.
                    self.timers.set(RoomTimer::Audit, fx.now() + LIST_LAG);
                }
            },
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
            RefusalKind::ConferenceEnded => {
                if let Some(member) = self.members.get_mut(leg) {
                    member.stage = Stage::Waiting;
                }
                self.said_to_be_over(fx);
            }
            RefusalKind::ConferenceFull => self.turn_away(leg, JoinFailure::Full, fx),
            RefusalKind::CallEnded => self.turn_away(leg, JoinFailure::LegEnded, fx),
            RefusalKind::NotAnswered => self.turn_away(leg, JoinFailure::NotAnswered, fx),
            RefusalKind::NotIncoming
            | RefusalKind::NameActive
            | RefusalKind::NotFound
            | RefusalKind::Unauthorized
            | RefusalKind::ChannelLimit
            | RefusalKind::OptedOut
            | RefusalKind::BadDestination
            | RefusalKind::Invalid
            | RefusalKind::Other => self.turn_away(leg, JoinFailure::Unavailable, fx),
        }
    }

    /// One refusal is not enough to take everybody's conference for over.
    pub(super) fn said_to_be_over(&mut self, fx: &mut Effects) {
        let inside = self.members.values().any(|member| member.stage == Stage::In);
        match self.conference().cloned() {
            Some(conference) if inside => {
                if !self.pending.values().any(|purpose| *purpose == Purpose::Confirm) {
                    self.issue(
                        Command::Query(Query::Conference { conference }),
                        Purpose::Confirm,
                        fx,
                    );
                }
            }
            Some(_) | None => self.over(fx),
        }
    }

    fn on_confirm_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        match outcome {
            Outcome::Accepted(Answer::Conference(view)) if view.live => {
                if let RoomState::Live { conference } = &self.state {
                    self.join_waiting(&conference.clone(), fx);
                }
            }
            Outcome::Accepted(Answer::Conference(_)) => self.over(fx),
            Outcome::Refused(refusal)
                if matches!(refusal.kind, RefusalKind::ConferenceEnded | RefusalKind::NotFound) =>
            {
                self.over(fx);
            }
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => {
                ignored("no answer: the next audit asks again");
            }
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
