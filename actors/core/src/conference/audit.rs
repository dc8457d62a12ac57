//! The second net: a conference about which the carrier is silent is compared with the carrier's own list.

use crate::command::{Command, Query};
use crate::conference::members::MAX_JOINS;
use crate::conference::{ConferenceMachine, Purpose, RoomState, RoomTimer, Stage, ignored};
use crate::effect::Effects;
use crate::ids::{CallControlId, ConferenceId};
use crate::message::JoinFailure;
use crate::outcome::{Answer, Outcome, ParticipantView, RefusalKind};
use crate::time::Timestamp;

impl ConferenceMachine {
    pub(super) fn on_deadline(&mut self, fx: &mut Effects) {
        for timer in self.timers.take_due(fx.now()) {
            match timer {
                RoomTimer::Retry => self.retry(fx),
                RoomTimer::Audit => {
                    self.audits += 1;
                    let next = fx.now() + self.limits.probe_delay(self.audits);
                    self.timers.set(RoomTimer::Audit, next);
                    self.audit(fx);
                }
            }
        }
    }

    fn retry(&mut self, fx: &mut Effects) {
        if self.state == RoomState::Pausing {
            self.look_up(fx);
        }
    }

    /// Asks who is in, unless a question is under way.
    pub(super) fn audit(&mut self, fx: &mut Effects) {
        let under_way = self
            .pending
            .values()
            .any(|purpose| matches!(purpose, Purpose::Audit { .. }));
        let Some(conference) = self.conference().cloned().filter(|_| !under_way) else {
            return;
        };
        let question = Command::Query(Query::Participants { conference });
        self.issue(question, Purpose::Audit { asked_at: fx.now() }, fx);
    }

    pub(super) fn on_audit_outcome(&mut self, outcome: Outcome, asked_at: Timestamp, fx: &mut Effects) {
        let Some(conference) = self.conference().cloned() else {
            return ignored("over before");
        };
        match outcome {
            Outcome::Accepted(Answer::Participants(list)) => self.compare(&conference, &list, asked_at, fx),
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

    /// Takes the carrier's list for true, but only about members who have not moved since we asked.
    fn compare(
        &mut self,
        conference: &ConferenceId,
        list: &[ParticipantView],
        asked_at: Timestamp,
        fx: &mut Effects,
    ) {
        let settled: Vec<(CallControlId, Stage, u32)> = self
            .members
            .iter()
            .filter(|(_, member)| member.since <= asked_at)
            .map(|(leg, member)| (leg.clone(), member.stage, member.joins))
            .collect();
        for (leg, stage, joins) in settled {
            let present = list.iter().any(|view| view.leg == leg && view.present);
            let join_under_way = self
                .pending
                .values()
                .any(|p| *p == Purpose::Join { leg: leg.clone() });
            match (stage, present) {
                (Stage::Joining, true) => {
                    self.is_in(&leg, conference, fx);
                    self.release_latecomer(&leg, conference, fx);
                }
                (Stage::In, false) => self.participant_left(&leg, fx),
                (Stage::Joining, false) if join_under_way => ignored("its join is still under way"),
                (Stage::Joining, false) if joins >= MAX_JOINS => {
                    self.turn_away(&leg, JoinFailure::Unavailable, fx);
                }
                (Stage::Joining, false) => self.join(conference.clone(), leg, fx),
                (Stage::In, true) | (Stage::Waiting | Stage::Creating, _) => {}
            }
            if self.conference() != Some(conference) {
                return;
            }
        }
        let nobody = !list.iter().any(|view| view.present);
        if nobody && matches!(self.state, RoomState::Closing { .. }) {
            self.over(fx);
        }
    }
}
