//! Deadlines and what the room says: the ways out of waiting.

use std::time::Duration;

use crate::call::{CallMachine, CallState, CallTimer, Purpose, ignored};
use crate::command::{Command, Query};
use crate::effect::Effects;
use crate::hangup::{EndReason, HangupSource};
use crate::message::{JoinFailure, Message};

/// A question is given up after so long; the next probe asks anew.
const QUERY_PATIENCE: Duration = Duration::from_secs(15);

impl CallMachine {
    pub(super) fn on_deadline(&mut self, fx: &mut Effects) {
        for timer in self.timers.take_due(fx.now()) {
            match timer {
                CallTimer::Orphan => self.probe(fx),
                CallTimer::Step => self.step_overdue(fx),
                CallTimer::AfterLeave => self.hang_up(EndReason::ConferenceEnded, fx),
                CallTimer::Again => self.answer_again(fx),
                CallTimer::Silence => self.silent(fx),
                CallTimer::Gone => self.vanished(fx),
            }
            if self.ending().is_some() {
                return;
            }
        }
    }

    fn step_overdue(&mut self, fx: &mut Effects) {
        match self.state {
            CallState::Answering { .. } => self.hang_up(EndReason::DeadlineExceeded, fx),
            CallState::AskingPin { tries_left } => self.no_pin(EndReason::NoPin, tries_left, fx),
            CallState::Joining { .. } => self.land(EndReason::ConferenceUnavailable, fx),
            CallState::Parting { reason } => self.hang_up(reason, fx),
            CallState::InConference { .. }
            | CallState::HangingUp { .. }
            | CallState::Unborn { .. }
            | CallState::Ended(_) => ignored("these states are left by events and probes only"),
        }
    }

    fn answer_again(&mut self, fx: &mut Effects) {
        if let CallState::Answering { again, .. } = self.state {
            self.answer(again, fx);
        }
    }

    fn silent(&mut self, fx: &mut Effects) {
        self.probes += 1;
        let next = fx.now() + self.limits().probe_delay(self.probes);
        self.timers.set(CallTimer::Silence, next);
        self.probe(fx);
    }

    /// Asks the carrier whether the leg lives, unless a question is under way.
    pub(super) fn probe(&mut self, fx: &mut Effects) {
        let leg = match (&self.leg, &self.state) {
            (Some(leg), _) => Some(leg.clone()),
            (None, CallState::Unborn { orphans }) => orphans.iter().find_map(|o| o.leg.clone()),
            (None, _) => None,
        };
        let Some(leg) = leg else {
            return self.end(EndReason::NeverStarted, None, HangupSource::Unknown, fx);
        };
        if let CallState::Unborn { .. } = self.state {
            // A probe that brings no answer must not be the last one.
            self.probes += 1;
            let next = fx.now() + self.limits().probe_delay(self.probes);
            self.timers.set(CallTimer::Orphan, next);
        }
        if !self.pending.values().any(|purpose| *purpose == Purpose::Probe) {
            let question = Command::Query(Query::Call { leg });
            let id = fx.command(question, None, fx.now() + QUERY_PATIENCE);
            self.pending.insert(id, Purpose::Probe);
        }
    }

    pub(super) fn on_message(&mut self, message: Message, fx: &mut Effects) {
        let leg = match &message {
            Message::Joined { leg, .. } | Message::JoinFailed { leg, .. } | Message::Left { leg } => leg,
            Message::JoinRequest { .. } | Message::LegGone { .. } | Message::Forwarded(_) => {
                return ignored("meant for a room");
            }
            Message::TextRequest { .. } | Message::TextResult { .. } => {
                return ignored("no step of this call texts");
            }
        };
        if self.leg.as_ref() != Some(leg) {
            return ignored("about a leg that is not the caller's");
        }
        match message {
            Message::Joined { conference, .. } => self.joined(conference, fx),
            Message::JoinFailed { reason, .. } => self.join_failed(reason, fx),
            Message::Left { .. } => self.left(fx),
            Message::JoinRequest { .. }
            | Message::LegGone { .. }
            | Message::Forwarded(_)
            | Message::TextRequest { .. }
            | Message::TextResult { .. } => {}
        }
    }

    fn joined(&mut self, conference: crate::ConferenceId, fx: &mut Effects) {
        match &self.state {
            CallState::Joining { room } | CallState::InConference { room, .. } => {
                let room = room.clone();
                self.heard(fx);
                self.enter(CallState::InConference { room, conference }, 0, fx);
            }
            CallState::Unborn { .. }
            | CallState::Answering { .. }
            | CallState::AskingPin { .. }
            | CallState::Parting { .. }
            | CallState::HangingUp { .. }
            | CallState::Ended(_) => ignored("the call has moved on; the room hears of it"),
        }
    }

    fn join_failed(&mut self, reason: JoinFailure, fx: &mut Effects) {
        let CallState::Joining { .. } = self.state else {
            return ignored("not waiting for a room");
        };
        match reason {
            JoinFailure::Full => self.land(EndReason::ConferenceFull, fx),
            JoinFailure::Unavailable => self.land(EndReason::ConferenceUnavailable, fx),
            JoinFailure::NotAnswered => self.not_answered_after_all(fx),
            JoinFailure::LegEnded => self.expect_hangup(fx),
        }
    }

    /// The leg is out of the room. Usually its hangup follows at once; if not, we hang up.
    fn left(&mut self, fx: &mut Effects) {
        match self.state {
            CallState::Joining { .. } | CallState::InConference { .. } => {
                let patience = Duration::from_millis(self.limits().after_leave_ms);
                self.timers.set(CallTimer::AfterLeave, fx.now() + patience);
            }
            CallState::Unborn { .. }
            | CallState::Answering { .. }
            | CallState::AskingPin { .. }
            | CallState::Parting { .. }
            | CallState::HangingUp { .. }
            | CallState::Ended(_) => ignored("already on its way out"),
        }
    }
}
