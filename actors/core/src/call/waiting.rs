//! Deadlines and messages: the ways out of waiting.

use std::time::Duration;

use crate::Address;
use crate::call::{CallMachine, CallState, CallTimer, Purpose, ignored};
use crate::command::{Command, Query};
use crate::effect::Effects;
use crate::flow::rule::{Happening, StepTimer};
use crate::hangup::{EndReason, HangupSource};
use crate::message::Message;
use crate::queue::word::{CallWord, QueueWord};

/// A question is given up after so long; the next probe asks anew.
const QUERY_PATIENCE: Duration = Duration::from_secs(15);

impl CallMachine {
    pub(super) fn on_deadline(&mut self, fx: &mut Effects) {
        for timer in self.timers.take_due(fx.now()) {
            match timer {
                CallTimer::Orphan => self.probe(fx),
                CallTimer::Step => self.step_overdue(fx),
                CallTimer::StepOne => self.happened(&Happening::Timer(StepTimer::One), fx),
                CallTimer::StepTwo => self.happened(&Happening::Timer(StepTimer::Two), fx),
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
            CallState::Calling => self.nobody_answered(fx),
            CallState::Running { .. } => self.happened(&Happening::Overdue, fx),
            CallState::Parting { reason } => self.hang_up(reason, fx),
            CallState::HangingUp { .. } | CallState::Unborn { .. } | CallState::Ended(_) => {
                ignored("these states are left by events and probes only");
            }
        }
    }

    fn answer_again(&mut self, fx: &mut Effects) {
        if let CallState::Answering { again, step, .. } = &self.state {
            self.answer(*again, step.clone(), fx);
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

    pub(super) fn on_message(&mut self, from: &Address, message: &Message, fx: &mut Effects) {
        match message {
            Message::Joined { .. } => self.heard(fx),
            Message::FromQueue { stay, word } if !self.is_in_row(from, *stay) => {
                return not_here(from, *stay, word, fx);
            }
            Message::FromQueue { .. }
            | Message::JoinRequest { .. }
            | Message::LegGone { .. }
            | Message::Forwarded(_)
            | Message::JoinFailed { .. }
            | Message::Left { .. }
            | Message::TextRequest { .. }
            | Message::TextResult { .. }
            | Message::ToQueue { .. } => {}
        }
        self.happened(&Happening::Message(message), fx);
    }
    fn is_in_row(&self, queue: &Address, stay: u32) -> bool {
        let row = self.row.as_ref();
        row.is_some_and(|row| row.stay == stay && *queue == Address::Queue(row.queue.clone()))
    }
}

/// A queue that keeps an agent for somebody who is not there, or asks for it, is told so; else the agent would wait.
pub(super) fn not_here(queue: &Address, stay: u32, word: &QueueWord, fx: &mut Effects) {
    match word {
        QueueWord::Offer { .. } | QueueWord::Check => {
            let word = CallWord::Left;
            fx.send(queue.clone(), Message::ToQueue { stay, word });
        }
        QueueWord::Place { .. } | QueueWord::Refused(_) | QueueWord::Unknown => {
            ignored("of a stay that is over");
        }
    }
}
