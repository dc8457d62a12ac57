//! How a call begins: an incoming leg rings, or we dial for ourselves; the answer, and what precedes it.

use std::time::Duration;

use crate::call::{CallMachine, CallState, CallTimer, Purpose};
use crate::command::leg::{Answer, RejectCause};
use crate::command::{Command, LegAction};
use crate::effect::Effects;
use crate::event::{Direction, Event, EventBody};
use crate::fact::{Fact, LegRole};
use crate::hangup::EndReason;
use crate::ids::CommandId;
use crate::plan::{CallPlan, FlowPlan};

/// Step word of our own call to somebody, in client state.
pub(super) const CALLING: &str = "calling";

/// A plan of an old journal as one of today.
pub(super) fn modern(plan: CallPlan) -> CallPlan {
    match plan {
        CallPlan::Conference(plan) => CallPlan::Flow(Box::new(FlowPlan::from(*plan))),
        CallPlan::Flow(_) | CallPlan::Reject(_) => plan,
    }
}

impl CallMachine {
    /// The call starts: an incoming leg rings.
    pub(super) fn begin(&mut self, event: Event, plan: Option<CallPlan>, fx: &mut Effects) {
        let EventBody::CallInitiated { from, to, .. } = event.body else {
            return;
        };
        let plan = plan.map(modern);
        let loops = from == to && !from.expose().is_empty();
        self.caller = Some(from);
        self.called = Some(to);
        self.leg = event.leg;
        self.connection = event.connection;
        self.timers.clear(CallTimer::Orphan);
        self.pending.retain(|_, purpose| *purpose != Purpose::Probe);
        let flow = match &plan {
            Some(CallPlan::Flow(plan)) if !loops => Some(plan.name.clone()),
            Some(CallPlan::Flow(_) | CallPlan::Conference(_) | CallPlan::Reject(_)) | None => None,
        };
        self.state_beginning(flow, fx);
        let orphans = match std::mem::take(&mut self.state) {
            CallState::Unborn { orphans } => orphans,
            other => {
                self.state = other;
                return;
            }
        };
        match plan {
            // A number that calls itself has been forwarded to itself: answering would go round for ever.
            _ if loops => self.reject(RejectCause::UserBusy, EndReason::NoRoute, fx),
            Some(CallPlan::Flow(plan)) => {
                // An earlier event may have brought one: the call keeps what it was given first.
                self.plan.get_or_insert(plan);
                self.heard(fx);
                self.start_flow(fx);
            }
            Some(CallPlan::Reject(cause)) => self.reject(cause, EndReason::NoRoute, fx),
            Some(CallPlan::Conference(_)) | None => {
                self.reject(RejectCause::CallRejected, EndReason::NoRoute, fx);
            }
        }
        for orphan in orphans {
            self.on_event(orphan, None, fx);
        }
    }

    /// Tells the books who calls whom.
    pub(super) fn state_beginning(&self, flow: Option<String>, fx: &mut Effects) {
        let (direction, role) = match self.outgoing {
            true => (Direction::Outgoing, LegRole::Callee),
            false => (Direction::Incoming, LegRole::Caller),
        };
        fx.fact(Fact::CallBegan {
            direction,
            caller: self.caller.clone(),
            called: self.called.clone(),
            flow,
            connection: self.connection.clone(),
        });
        if let Some(leg) = self.leg.clone() {
            fx.fact(Fact::LegRang {
                leg,
                role,
                to: self.called.clone(),
            });
        }
    }

    /// Asks for the answer that `step` needs, for the `again`-th time.
    pub(super) fn answer(&mut self, again: u32, step: String, fx: &mut Effects) {
        self.answers += 1;
        let state = CallState::Answering {
            accepted: false,
            again,
            step,
        };
        self.enter(state, self.limits().step_ms, fx);
        self.on_leg(
            LegAction::Answer(Answer::default()),
            "answer",
            Purpose::Answer,
            fx,
        );
    }

    /// The leg is up, by the carrier's word or by our best knowledge: the step that needed it begins.
    pub(super) fn answered(&mut self, fx: &mut Effects) {
        if let Some(leg) = self.leg.clone() {
            fx.fact(Fact::LegAnswered { leg });
        }
        self.answered = true;
        let step = match &self.state {
            CallState::Answering { step, .. } if !step.is_empty() => Some(step.clone()),
            _ => None,
        };
        match (&self.plan, step) {
            (None, _) => self.hang_up(EndReason::NoRoute, fx),
            (Some(_), Some(step)) => self.go(step, fx),
            (Some(_), None) => self.start_flow(fx),
        }
    }

    /// Issues a command for the caller's leg.
    pub(super) fn on_leg(&mut self, action: LegAction, step: &str, purpose: Purpose, fx: &mut Effects) {
        let Some(leg) = self.leg.clone() else { return };
        let limits = self.limits();
        let patience = if purpose == Purpose::Hangup {
            limits.hangup_ms
        } else {
            limits.command_ms
        };
        let give_up_at = fx.now() + Duration::from_millis(patience);
        let id = fx.command(
            Command::Leg { leg, action },
            self.client_state(step, fx),
            give_up_at,
        );
        self.pending.insert(id, purpose);
    }

    /// An event proved what commands of this purpose were to bring about.
    pub(super) fn settle(&mut self, purpose: Purpose, fx: &mut Effects) {
        self.settle_where(|other| *other == purpose, fx);
    }

    pub(super) fn settle_where(&mut self, which: impl Fn(&Purpose) -> bool, fx: &mut Effects) {
        let proven: Vec<CommandId> = self
            .pending
            .iter()
            .filter(|(_, purpose)| which(purpose))
            .map(|(id, _)| id.clone())
            .collect();
        for id in proven {
            self.pending.remove(&id);
            fx.settle(id);
        }
    }
}
