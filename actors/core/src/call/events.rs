//! What a call makes of the carrier's events, state by state.

use crate::Address;
use crate::call::starting::{CALLING, modern};
use crate::call::{CallMachine, CallState, CallTimer, Purpose, ignored};
use crate::effect::Effects;
use crate::event::{Direction, Event, EventBody};
use crate::fact::{Fact, LegRole};
use crate::flow::rule::Happening;
use crate::hangup::EndReason;
use crate::message::Message;
use crate::plan::CallPlan;

/// Orphaned events kept for a session whose start has not come. A call rarely has more than a dozen in 10 s.
const MAX_ORPHANS: usize = 64;

impl CallMachine {
    pub(super) fn on_event(&mut self, event: Event, plan: Option<CallPlan>, fx: &mut Effects) {
        self.began_at.get_or_insert(fx.now());
        if let CallState::Unborn { .. } = self.state {
            return self.on_event_unborn(event, plan, fx);
        }
        if event.leg.is_some() && event.leg != self.leg && !event.body.is_conference() {
            return self.on_other_leg(&event, fx);
        }
        self.heard(fx);
        if let EventBody::CallHangup { .. } = event.body {
            return self.hung_up(event, fx);
        }
        if event.body.is_conference() {
            return self.forward(event, fx);
        }
        match self.state {
            CallState::Answering { .. } => self.on_event_answering(&event, fx),
            CallState::Running { .. } => self.on_event_running(&event, fx),
            CallState::Calling => self.on_event_calling(&event, fx),
            CallState::Parting { reason } => self.on_event_parting(&event, reason, fx),
            CallState::HangingUp { .. } => ignored("only the hangup matters now"),
            CallState::Unborn { .. } | CallState::Ended(_) => ignored("handled before"),
        }
    }

    fn on_event_unborn(&mut self, event: Event, plan: Option<CallPlan>, fx: &mut Effects) {
        if let EventBody::CallHangup { .. } = event.body {
            return self.hung_up(event, fx);
        }
        if event.body.starts_call() {
            return self.begin(event, plan, fx);
        }
        if self.plan.is_none()
            && let Some(CallPlan::Flow(plan)) = plan.map(modern)
        {
            self.plan = Some(plan);
        }
        let limits = self.limits();
        if let CallState::Unborn { orphans } = &mut self.state
            && orphans.len() < MAX_ORPHANS
        {
            orphans.push(event);
        }
        if !self.timers.is_set(CallTimer::Orphan) && !self.pending.values().any(|p| *p == Purpose::Probe) {
            self.timers.set(
                CallTimer::Orphan,
                fx.now() + std::time::Duration::from_millis(limits.orphan_ms),
            );
        }
    }

    /// A leg that is not the caller's: one that was dialled in this session's name.
    fn on_other_leg(&mut self, event: &Event, fx: &mut Effects) {
        let Some(leg) = event.leg.clone() else { return };
        if self.is_own_leg(event) {
            self.rings_at(leg, fx);
            return self.on_event(event.clone(), None, fx);
        }
        if comes_up(&event.body) {
            self.dialled.insert(leg.clone());
        }
        match &event.body {
            EventBody::CallInitiated {
                direction: Direction::Outgoing,
                to,
                ..
            } => {
                self.heard(fx);
                fx.fact(Fact::LegRang {
                    leg,
                    role: LegRole::Agent,
                    to: Some(to.clone()),
                });
            }
            EventBody::CallAnswered { .. } => fx.fact(Fact::LegAnswered { leg }),
            EventBody::CallHangup {
                cause,
                source,
                sip_code,
            } => {
                self.dialled.remove(&leg);
                fx.fact(Fact::LegEnded {
                    leg,
                    cause: Some(cause.clone()),
                    source: *source,
                    sip_code: sip_code.clone(),
                });
            }
            _ => ignored("a step may know what to do with it"),
        }
        let over = matches!(event.body, EventBody::CallHangup { .. });
        if !over && self.is_unwanted(event) {
            return self.hang_up_unwanted(event, fx);
        }
        let state = event.client_state.as_ref().filter(|_| self.is_ours(event));
        let mark = state.and_then(|state| state.step.split_once('#')?.1.parse().ok());
        self.happened(&Happening::Far { event, mark }, fx);
    }

    /// The leg of an outgoing call, heard of before the answer to its dial.
    fn is_own_leg(&self, event: &Event) -> bool {
        let calling = self.leg.is_none() && matches!(self.state, CallState::Calling);
        let ours = event
            .client_state
            .as_ref()
            .is_some_and(|state| state.step == CALLING);
        calling && ours
    }

    /// A leg that a step had dialled which is over: nobody waits for it any more.
    fn is_unwanted(&self, event: &Event) -> bool {
        let dialled = event
            .client_state
            .as_ref()
            .is_some_and(|state| state.step.contains('#'));
        dialled && comes_up(&event.body) && !self.is_ours(event)
    }

    fn hang_up_unwanted(&mut self, event: &Event, fx: &mut Effects) {
        if let Some(leg) = event.leg.clone() {
            self.clean_up(leg, fx);
        }
    }

    /// The room's id is not in the registry's index yet, so its event came here.
    fn forward(&mut self, event: Event, fx: &mut Effects) {
        match &self.room {
            Some(stay) => fx.send(
                Address::Conference(stay.room.clone()),
                Message::Forwarded(Box::new(event)),
            ),
            None => ignored("a conference event of a call that has no room"),
        }
    }

    fn on_event_answering(&mut self, event: &Event, fx: &mut Effects) {
        if let EventBody::CallAnswered { .. } = event.body {
            self.settle(Purpose::Answer, fx);
            self.answered(fx);
        } else {
            ignored("not answered yet, so nothing of ours can have happened");
        }
    }

    fn on_event_running(&mut self, event: &Event, fx: &mut Effects) {
        if let EventBody::CallAnswered { .. } = event.body {
            // The answer of a call that went on because its silence was long enough.
            return ignored("answered by our best knowledge before");
        }
        if let EventBody::RecordingSaved(saved) = &event.body
            && let Some(recording) = saved.recording.clone()
        {
            let leg = event.leg.clone();
            fx.fact(Fact::RecordingSaved { leg, recording });
        }
        let ours = self.is_ours(event)
            && event
                .client_state
                .as_ref()
                .is_some_and(|state| state.generation == self.generation);
        self.happened(
            &Happening::Event {
                body: &event.body,
                ours,
            },
            fx,
        );
    }

    fn on_event_calling(&mut self, event: &Event, fx: &mut Effects) {
        match &event.body {
            EventBody::CallAnswered { .. } => {
                self.settle(Purpose::Call, fx);
                self.answered(fx);
            }
            _ => ignored("not answered yet"),
        }
    }

    /// Whether an event carries the state of a command that this step issued.
    fn is_ours(&self, event: &Event) -> bool {
        let Some(state) = &event.client_state else {
            return false;
        };
        let step = state
            .step
            .split_once('#')
            .map_or(state.step.as_str(), |(step, _)| step);
        self.step() == Some(step) && (self.entered..=self.generation).contains(&state.generation)
    }

    fn on_event_parting(&mut self, event: &Event, reason: EndReason, fx: &mut Effects) {
        let ours = event.client_state.as_ref().map(|state| state.generation) == Some(self.generation);
        if matches!(event.body, EventBody::SpeakEnded { .. }) && ours {
            self.settle(Purpose::Apology, fx);
            self.hang_up(reason, fx);
        } else {
            ignored("waiting for the end of our last sentence");
        }
    }
}

/// A dialled leg is there. Any of these may be the first that we hear of it: events and the answer to the dial get lost.
pub(super) fn comes_up(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::CallInitiated {
            direction: Direction::Outgoing,
            ..
        } | EventBody::CallAnswered { .. }
            | EventBody::CallBridged
    )
}
