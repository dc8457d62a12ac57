//! What a call makes of its commands' outcomes.

use std::time::Duration;

use crate::call::{CallMachine, CallState, CallTimer, Purpose, ignored};
use crate::effect::Effects;
use crate::event::{Direction, EventBody};
use crate::flow::rule::Happening;
use crate::hangup::EndReason;
use crate::http::HttpOutcome;
use crate::ids::CommandId;
use crate::outcome::{Answer, Outcome, RefusalKind};

impl CallMachine {
    pub(super) fn on_outcome(&mut self, command: CommandId, outcome: Outcome, fx: &mut Effects) {
        if let Outcome::Accepted(Answer::Dialled { leg, .. }) = &outcome
            && self.leg.as_ref() != Some(leg)
            && self.pending.get(&command) != Some(&Purpose::Call)
        {
            self.dialled.insert(leg.clone());
        }
        let Some(purpose) = self.pending.remove(&command) else {
            return ignored("settled before, by an event");
        };
        if matches!(outcome, Outcome::Cancelled) {
            return ignored("a hangup overtook it");
        }
        match purpose {
            Purpose::Answer => self.on_answer_outcome(&outcome, fx),
            Purpose::Call => self.on_call_outcome(&outcome, fx),
            Purpose::Step { .. } => self.on_step_outcome(purpose, &outcome, fx),
            Purpose::Apology => self.on_apology_outcome(&outcome, fx),
            Purpose::Hangup => self.on_hangup_outcome(&outcome, fx),
            Purpose::Probe => self.on_probe_outcome(&outcome, fx),
            Purpose::CleanUp => ignored("clean-up of a dialled leg: its time limit is the second net"),
            Purpose::Operator => ignored("the operator sees the outcome in the trace"),
        }
    }

    fn on_answer_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        let CallState::Answering { accepted, again, .. } = &mut self.state else {
            return ignored("no longer answering");
        };
        match outcome {
            Outcome::Accepted(Answer::Answered) => self.answered(fx),
            Outcome::Accepted(_) => *accepted = true,
            Outcome::Unknown { .. } => self.probe(fx),
            Outcome::Refused(refusal) => match refusal.kind {
                RefusalKind::CallEnded | RefusalKind::NotFound => self.expect_hangup(fx),
                // Refused a second time: the first one may well have taken effect.
                _ if *again > 0 => self.answered(fx),
                _ => self.hang_up(EndReason::AnswerRefused, fx),
            },
            Outcome::Cancelled => ignored("handled before"),
        }
    }

    fn on_step_outcome(&mut self, purpose: Purpose, outcome: &Outcome, fx: &mut Effects) {
        let Purpose::Step { entered, tag, far } = purpose else {
            return;
        };
        if entered != self.entered || !matches!(self.state, CallState::Running { .. }) {
            if let Outcome::Accepted(Answer::Dialled { leg, .. }) = outcome {
                // Dialled for a step that is over.
                self.clean_up(leg.clone(), fx);
            }
            return ignored("the step is over");
        }
        if let (Outcome::Refused(refusal), false) = (outcome, far) {
            match refusal.kind {
                RefusalKind::CallEnded | RefusalKind::NotFound => return self.expect_hangup(fx),
                RefusalKind::NotAnswered => return self.not_answered_after_all(fx),
                _ => {}
            }
        }
        self.happened(&Happening::Outcome { tag, outcome }, fx);
    }

    pub(super) fn on_http_outcome(&mut self, request: &CommandId, outcome: &HttpOutcome, fx: &mut Effects) {
        match self.pending.remove(request) {
            Some(Purpose::Step { entered, .. }) if entered == self.entered => {
                self.happened(&Happening::Http { outcome }, fx);
            }
            _ => ignored("the step that asked is over"),
        }
    }

    fn on_apology_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        match (&self.state, outcome) {
            (CallState::Parting { reason }, Outcome::Refused(_) | Outcome::Unknown { .. }) => {
                self.hang_up(*reason, fx);
            }
            _ => ignored("the end of the speech, or the state's deadline, goes on from here"),
        }
    }

    fn on_hangup_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        match outcome {
            Outcome::Accepted(_) | Outcome::Cancelled => {
                ignored("the hangup event, or a probe, ends the call");
            }
            Outcome::Refused(_) | Outcome::Unknown { .. } => self.probe(fx),
        }
    }

    fn on_probe_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        match outcome {
            Outcome::Accepted(Answer::Call(view)) => match view.alive {
                Some(false) => self.expect_hangup(fx),
                Some(true) => self.alive_but_silent(fx),
                None => ignored("unknown is not dead: the next probe asks again"),
            },
            Outcome::Refused(refusal)
                if matches!(refusal.kind, RefusalKind::NotFound | RefusalKind::CallEnded) =>
            {
                self.expect_hangup(fx);
            }
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => {
                ignored("no answer: the next probe asks again");
            }
        }
    }

    /// The carrier says that the leg lives: what we wait for may have happened without our being told.
    fn alive_but_silent(&mut self, fx: &mut Effects) {
        match &self.state {
            CallState::Answering { accepted: true, .. } => self.answered(fx),
            CallState::Answering {
                accepted: false,
                again,
                step,
            } => {
                let (again, step) = (again + 1, step.clone());
                if !self.pending.values().any(|purpose| *purpose == Purpose::Answer) {
                    self.answer(again, step, fx);
                }
            }
            CallState::HangingUp { reason } => self.hang_up(*reason, fx),
            CallState::Unborn { .. } => self.adopt(fx),
            CallState::Calling if !self.timers.is_set(CallTimer::Step) => self.answered(fx),
            CallState::Calling
            | CallState::Running { .. }
            | CallState::Parting { .. }
            | CallState::Ended(_) => ignored("silence is normal here"),
        }
    }

    /// A live leg whose start we never saw: go on with it if its events say enough, hang up what we did not
    /// dial, leave the rest to its own end.
    fn adopt(&mut self, fx: &mut Effects) {
        let CallState::Unborn { orphans } = &self.state else {
            return;
        };
        let parties = orphans.iter().find_map(|orphan| match &orphan.body {
            EventBody::CallAnswered { from, to } => Some((from.clone(), to.clone(), orphan.leg.clone())),
            _ => None,
        });
        let dialled_by_a_stranger = orphans.iter().any(|o| {
            matches!(
                o.body,
                EventBody::CallInitiated {
                    direction: Direction::Outgoing,
                    ..
                }
            )
        });
        self.leg = orphans.iter().find_map(|orphan| orphan.leg.clone());
        if dialled_by_a_stranger {
            self.hang_up(EndReason::NeverStarted, fx);
        } else if let Some((from, to, leg)) = parties
            && self.plan.is_some()
        {
            (self.caller, self.called, self.leg) = (from, to, leg);
            self.heard(fx);
            self.state_beginning(self.flow_name().map(str::to_owned), fx);
            self.answered(fx);
        } else {
            let limits = self.limits();
            self.probes += 1;
            self.timers
                .set(CallTimer::Orphan, fx.now() + limits.probe_delay(self.probes));
        }
    }

    /// We went on as if answered, and the carrier says it is not: ask for the answer again, a little later.
    pub(super) fn not_answered_after_all(&mut self, fx: &mut Effects) {
        const PAUSE: Duration = Duration::from_secs(2);
        const MOST: u32 = 5;
        if self.answers >= MOST {
            return self.hang_up(EndReason::AnswerRefused, fx);
        }
        self.answered = false;
        let state = CallState::Answering {
            accepted: false,
            again: self.answers,
            step: self.step().unwrap_or_default().to_owned(),
        };
        self.room = None;
        self.leave_queue(fx);
        self.enter(state, self.limits().step_ms, fx);
        self.timers.set(CallTimer::Again, fx.now() + PAUSE);
    }
}
