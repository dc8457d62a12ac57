//! The second net: a conference about which the carrier is silent is compared with the carrier's own list.

use std::time::Duration;

use crate::command::conference::End;
use crate::command::{Command, ConferenceAction, Query};
use crate::conference::members::MAX_JOINS;
use crate::conference::{ConferenceMachine, Purpose, RoomState, RoomTimer, Stage, ignored};
use crate::effect::Effects;
use crate::ids::{CallControlId, ConferenceId};
use crate::message::JoinFailure;
use crate::outcome::{Answer, Outcome, ParticipantView, RefusalKind};
use crate::time::Timestamp;

/// A list that was asked for so long after a member's last move knows of it.
pub(super) const LIST_LAG: Duration = Duration::from_secs(5);

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
        match self.state {
            RoomState::Pausing | RoomState::Creating | RoomState::LookingUp { .. } => self.look_up(true, fx),
            RoomState::Idle | RoomState::Live { .. } | RoomState::Closing { .. } => {}
        }
    }

    /// A second conference of our name, which none of our members can be in: it is ended. While the room looks for its
    /// own conference, this may be the one, and the look-up by name finds it.
    pub(super) fn end_stray(&self, conference: ConferenceId, fx: &mut Effects) {
        let ours_is_elsewhere = match &self.state {
            RoomState::Idle => true,
            RoomState::Live { conference: ours } | RoomState::Closing { conference: ours } => {
                *ours != conference
            }
            RoomState::Creating | RoomState::LookingUp { .. } | RoomState::Pausing => false,
        };
        if !ours_is_elsewhere {
            return ignored("it is ours, or may become so");
        }
        let give_up_at = fx.now() + Duration::from_millis(self.limits.hangup_ms);
        let state = self.client_state("end_stray", fx);
        let action = ConferenceAction::End(End::default());
        // Of no interest to the room: found again if it lives on.
        fx.command(Command::Conference { conference, action }, state, give_up_at);
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
                self.said_to_be_over(fx);
            }
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => {
                ignored("no answer: the next audit asks again");
            }
        }
    }

    fn compare_member(
        &mut self,
        leg: &CallControlId,
        view: Option<&ParticipantView>,
        conference: &ConferenceId,
        fx: &mut Effects,
    ) {
        let Some(member) = self.members.get_mut(leg) else {
            return;
        };
        member.missed = if view.is_none() && member.stage == Stage::In {
            member.missed + 1
        } else {
            0
        };
        let (stage, joins, missed) = (member.stage, member.joins, member.missed);
        let join_under_way = self
            .pending
            .values()
            .any(|p| *p == Purpose::Join { leg: leg.clone() });
        match (stage, view) {
            (Stage::Joining, Some(_)) => self.is_in(leg, conference, fx),
            (Stage::In, Some(view)) => self.compare_hold(leg, view.on_hold, conference, fx),
            (Stage::In, None) if missed > 1 => self.participant_left(leg, fx),
            (Stage::In, None) => ignored("one sighting may be the list's delay"),
            (Stage::Joining, None) if join_under_way => ignored("its join is still under way"),
            (Stage::Joining, None) if joins >= MAX_JOINS => {
                self.turn_away(leg, JoinFailure::Unavailable, fx);
            }
            (Stage::Joining, None) => self.join(conference.clone(), leg.clone(), fx),
            (Stage::Waiting | Stage::Creating, _) => {}
        }
    }

    /// Holds are compared only where they are ours to decide; elsewhere an operator may have set them.
    fn compare_hold(
        &mut self,
        leg: &CallControlId,
        on_hold: bool,
        conference: &ConferenceId,
        fx: &mut Effects,
    ) {
        let under_way = self
            .pending
            .values()
            .any(|p| matches!(p, Purpose::Hold | Purpose::Unhold));
        let wanted = self
            .members
            .get(leg)
            .is_some_and(|member| self.belongs_on_hold(member));
        if self.settings.hold_until_moderator && !under_way && on_hold != wanted {
            self.mend_hold(leg, conference, fx);
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
        // A list may be a little behind, and somebody who leaves shifts its pages: absence counts the second time.
        let settled: Vec<CallControlId> = self
            .members
            .iter()
            .filter(|(_, member)| member.since + LIST_LAG <= asked_at)
            .map(|(leg, _)| leg.clone())
            .collect();
        for leg in settled {
            let view = list.iter().find(|view| view.leg == leg && view.present);
            self.compare_member(&leg, view, conference, fx);
            if !matches!(&self.state, RoomState::Live { conference: live } if live == conference) {
                break;
            }
        }
        if self.members.values().any(|member| member.missed > 0) {
            self.timers.set(RoomTimer::Audit, fx.now() + LIST_LAG);
        }
        let nobody = !list.iter().any(|view| view.present);
        if nobody && matches!(self.state, RoomState::Closing { .. }) {
            self.over(fx);
        }
    }
}
