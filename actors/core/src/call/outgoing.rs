//! Calls that we place: dial, wait for the answer, then follow the flow like any other call.

use std::time::Duration;

use super::starting::CALLING;
use super::{CallMachine, CallState, CallTimer, Purpose, ignored};
use crate::command::{Command, Dial};
use crate::effect::Effects;
use crate::fact::{Fact, LegRole};
use crate::hangup::{EndReason, HangupCause, HangupSource};
use crate::ids::CallControlId;
use crate::input::StartCall;
use crate::outcome::{Answer, Outcome, RefusalKind};

/// The carrier's own ringing limit is reported late, or not at all: past this the leg itself is asked about.
const RING_MARGIN: Duration = Duration::from_secs(15);

impl CallMachine {
    /// Somebody of ours wants a call placed.
    pub(super) fn start_call(&mut self, start: StartCall, fx: &mut Effects) {
        let fresh =
            matches!(&self.state, CallState::Unborn { orphans } if orphans.is_empty()) && self.plan.is_none();
        if !fresh {
            return ignored("this call has begun");
        }
        self.began_at = Some(fx.now());
        self.outgoing = true;
        self.caller = Some(start.from.clone());
        self.called = Some(start.to.clone());
        self.connection = Some(start.connection.clone());
        for (name, value) in start.vars {
            self.vars.set("vars", &name, value.expose().into());
        }
        let flow = start.plan.name.clone();
        self.plan = Some(start.plan);
        self.state_beginning(Some(flow), fx);
        if fx.now() >= start.not_after {
            return self.end(EndReason::TooLate, None, HangupSource::Unknown, fx);
        }
        let dial = Dial {
            timeout_secs: Some(start.ring_ms.div_ceil(1_000)),
            ..Dial::new(start.connection, start.to, start.from)
        };
        let command = Command::Dial(Box::new(dial));
        let id = fx.command(command, self.client_state(CALLING, fx), start.not_after);
        self.pending.insert(id, Purpose::Call);
        self.ring_ms = start.ring_ms;
        self.state = CallState::Calling;
        // The dial's outcome comes by then at the latest: a call that is over before may still make somebody's phone ring.
        self.timers.set(CallTimer::Step, start.not_after + RING_MARGIN);
    }

    /// The leg of this call is known: from here on it rings, for as long as it may.
    pub(super) fn rings_at(&mut self, leg: CallControlId, fx: &mut Effects) {
        self.leg = Some(leg.clone());
        let (role, to) = (LegRole::Callee, self.called.clone());
        fx.fact(Fact::LegRang { leg, role, to });
        self.ringing(fx);
    }

    fn ringing(&mut self, fx: &Effects) {
        if matches!(self.state, CallState::Calling) {
            let ring = Duration::from_millis(self.ring_ms.into());
            self.timers.set(CallTimer::Step, fx.now() + ring + RING_MARGIN);
        }
    }

    pub(super) fn on_call_outcome(&mut self, outcome: &Outcome, fx: &mut Effects) {
        match outcome {
            Outcome::Accepted(Answer::Dialled { leg, .. }) => {
                match &self.leg {
                    None => self.rings_at(leg.clone(), fx),
                    Some(known) if known == leg => {}
                    Some(_) => return ignored("the carrier names another leg than its events did"),
                }
                self.heard(fx);
            }
            Outcome::Refused(refusal) if matches!(self.state, CallState::Calling) => {
                let reason = match refusal.kind {
                    RefusalKind::ChannelLimit | RefusalKind::Unauthorized => EndReason::CommandRefused,
                    _ => EndReason::Unreachable,
                };
                self.end(reason, None, HangupSource::Unknown, fx);
            }
            // It may ring all the same: its events, or the reconciler, bring the leg.
            Outcome::Unknown { .. } if self.leg.is_none() => self.ringing(fx),
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => {
                ignored("the leg's events, or the deadline, go on from here");
            }
        }
    }

    /// It has rung for longer than it may.
    pub(super) fn nobody_answered(&mut self, fx: &mut Effects) {
        match self.leg {
            // A leg that still lives was answered; one that does not was not.
            Some(_) => self.probe(fx),
            // The carrier never spoke of a leg.
            None => self.end(EndReason::Unreachable, None, HangupSource::Unknown, fx),
        }
    }

    /// Why a call that we placed ended before it was answered.
    pub(super) fn unanswered(cause: &HangupCause) -> EndReason {
        match cause {
            HangupCause::UserBusy => EndReason::Busy,
            HangupCause::NoAnswer | HangupCause::Timeout | HangupCause::OriginatorCancel => {
                EndReason::NoAnswer
            }
            HangupCause::CallRejected => EndReason::Declined,
            HangupCause::NotFound | HangupCause::Unspecified | HangupCause::Other(_) => {
                EndReason::Unreachable
            }
            // Answered and over before we heard of it.
            HangupCause::NormalClearing | HangupCause::TimeLimit => EndReason::HungUp,
        }
    }
}
