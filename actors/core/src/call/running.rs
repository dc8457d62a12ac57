//! Following the flow: entering steps, handing them what happens, taking their ways out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::stage::Stage;
use super::{CallMachine, CallState, CallTimer, ignored};
use crate::command::leg::RejectCause;
use crate::effect::Effects;
use crate::fact::Fact;
use crate::flow::rule::{Happening, Next, StepTimer};
use crate::flow::{END, Flow, Otherwise, Progress};
use crate::hangup::EndReason;

/// Where the flow goes from a step.
enum Turn {
    Step(String),
    Wait,
    Over,
}

impl CallMachine {
    /// Follows the flow from its first step.
    pub(super) fn start_flow(&mut self, fx: &mut Effects) {
        if let Some(inline) = self.plan.as_ref().and_then(|plan| plan.inline.as_deref()) {
            fx.follow(Arc::new(inline.clone()));
        }
        match fx.flow() {
            Some(flow) => self.go(flow.start.clone(), fx),
            None => self.land(EndReason::FlowUnreadable, fx),
        }
    }

    /// Enters a step, and those after it, until one waits or the call is over.
    pub(super) fn go(&mut self, step: String, fx: &mut Effects) {
        let Some(flow) = fx.flow() else {
            return self.land(EndReason::FlowUnreadable, fx);
        };
        let mut turn = Turn::Step(step);
        while let Turn::Step(step) = turn {
            turn = self.enter_step(step, &flow, fx);
        }
    }

    fn enter_step(&mut self, name: String, flow: &Flow, fx: &mut Effects) -> Turn {
        let Some(step) = flow.step.get(&name) else {
            self.land(EndReason::FlowUnreadable, fx);
            return Turn::Over;
        };
        if step.kind.needs_answer() && !self.answered {
            self.answer(0, name, fx);
            return Turn::Wait;
        }
        self.steps += 1;
        if self.steps > flow.max_steps {
            self.land(EndReason::StepBudget, fx);
            return Turn::Over;
        }
        self.clear_step_timers();
        self.between(&name);
        self.generation += 1;
        self.entered = self.generation;
        self.step_since = fx.now();
        self.timers.set(
            CallTimer::Step,
            fx.now() + Duration::from_millis(self.limits().step_ms),
        );
        let mut stage = Stage {
            call: self,
            fx,
            flow,
            step: &name,
        };
        let (progress, next) = step.kind.enter(&mut stage);
        self.take(name, progress, next, flow, fx)
    }

    /// Hands the running step something that happened.
    pub(super) fn happened(&mut self, what: &Happening<'_>, fx: &mut Effects) {
        let CallState::Running {
            step: name,
            progress: Some(progress),
        } = &self.state
        else {
            return ignored("no step runs");
        };
        let (name, mut progress) = (name.clone(), progress.clone());
        let Some(flow) = fx.flow() else {
            return self.land(EndReason::FlowUnreadable, fx);
        };
        let Some(step) = flow.step.get(&name) else {
            return self.land(EndReason::FlowUnreadable, fx);
        };
        let mut stage = Stage {
            call: self,
            fx,
            flow: &flow,
            step: &name,
        };
        let next = step.kind.on(&mut progress, what, &mut stage);
        if let Turn::Step(step) = self.take(name, progress, next, &flow, fx) {
            self.go(step, fx);
        }
    }

    fn take(&mut self, name: String, progress: Progress, next: Next, flow: &Flow, fx: &mut Effects) -> Turn {
        if next == Next::Wait {
            let progress = Some(progress);
            self.state = CallState::Running { step: name, progress };
            return Turn::Wait;
        }
        // From here on nothing is left of the step that could be cut short.
        self.between(&name);
        self.leave_queue(fx);
        match next {
            Next::Wait => {}
            Next::Done(outcome) => return self.way_out(&name, &outcome, flow, fx),
            Next::HangUp { reason, say } => {
                self.state_step(&name, flow, "hangup", fx);
                self.part(reason, say, fx);
            }
            Next::Reject(cause) => {
                self.state_step(&name, flow, "reject", fx);
                match self.answered {
                    true => self.hang_up(EndReason::Rejected, fx),
                    false => self.reject(cause, EndReason::Rejected, fx),
                }
            }
            Next::NotAnswered => self.not_answered_after_all(fx),
        }
        Turn::Over
    }

    /// Takes the way out that the flow has for this outcome, else the one that the kind has.
    fn way_out(&mut self, name: &str, outcome: &str, flow: &Flow, fx: &mut Effects) -> Turn {
        self.state_step(name, flow, outcome, fx);
        self.vars.set("outcomes", name, json!(outcome));
        self.clear_step_timers();
        let Some(step) = flow.step.get(name) else {
            return Turn::Over;
        };
        let goes_on = || step.next.as_deref().unwrap_or(END).to_owned();
        let target = match (
            step.target(outcome),
            step.way_out(outcome).map(|way| way.otherwise),
        ) {
            (Some(target), _) => target.to_owned(),
            (None, Some(Otherwise::Next)) => goes_on(),
            (None, Some(Otherwise::HangUp(reason))) => {
                self.hang_up(reason, fx);
                return Turn::Over;
            }
            (None, Some(Otherwise::Land(reason))) => {
                self.land(reason, fx);
                return Turn::Over;
            }
            // An outcome of the author's own making that `on` does not name counts as the kind's ordinary success.
            (None, None) => match step
                .kind
                .facts()
                .outcomes
                .first()
                .and_then(|way| step.target(way.name))
            {
                Some(target) => target.to_owned(),
                None => goes_on(),
            },
        };
        if target == END {
            self.hang_up(EndReason::Completed, fx);
            return Turn::Over;
        }
        Turn::Step(target)
    }

    fn between(&mut self, name: &str) {
        self.state = CallState::Running {
            step: name.to_owned(),
            progress: None,
        };
    }

    fn state_step(&self, name: &str, flow: &Flow, outcome: &str, fx: &mut Effects) {
        let kind = flow.step.get(name).map_or("", |step| step.kind.facts().name);
        let after = fx.now().since(self.step_since).as_millis();
        fx.fact(Fact::StepTaken {
            step: name.to_owned(),
            kind: kind.to_owned(),
            outcome: outcome.to_owned(),
            after_ms: u64::try_from(after).unwrap_or(u64::MAX),
        });
    }

    /// The call ends while a step runs: the step has its last word to others.
    pub(super) fn cut_step_short(&mut self, fx: &mut Effects) {
        self.clear_step_timers();
        let CallState::Running {
            step: name,
            progress: Some(progress),
        } = &self.state
        else {
            return;
        };
        let (name, progress) = (name.clone(), progress.clone());
        let Some(flow) = fx.flow() else { return };
        if let Some(step) = flow.step.get(&name) {
            let mut stage = Stage {
                call: self,
                fx,
                flow: &flow,
                step: &name,
            };
            step.kind.cut_short(&progress, &mut stage);
            self.state_step(&name, &flow, "cut_short", fx);
        }
    }

    pub(super) fn clear_step_timers(&mut self) {
        for timer in [
            CallTimer::Step,
            CallTimer::Again,
            StepTimer::One.into(),
            StepTimer::Two.into(),
        ] {
            self.timers.clear(timer);
        }
    }

    pub(super) fn reject(&mut self, cause: RejectCause, reason: EndReason, fx: &mut Effects) {
        use super::Purpose;
        use crate::command::LegAction;
        use crate::command::leg::Reject;
        self.heard(fx);
        self.enter(CallState::HangingUp { reason }, 0, fx);
        self.on_leg(LegAction::Reject(Reject { cause }), "reject", Purpose::Hangup, fx);
    }
}
