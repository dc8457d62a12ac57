//! What a call makes of the carrier's events, state by state.

use crate::call::{CallMachine, CallState, CallTimer, Purpose, ignored};
use crate::effect::Effects;
use crate::event::{Direction, Event, EventBody, GatherStatus};
use crate::fact::{Fact, LegRole};
use crate::hangup::EndReason;
use crate::message::Message;
use crate::phone::Digits;
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
            CallState::AskingPin { tries_left } => self.on_event_asking(&event, tries_left, fx),
            CallState::Parting { reason } => self.on_event_parting(&event, reason, fx),
            CallState::Joining { .. } | CallState::InConference { .. } => {
                ignored("the room speaks for the caller now");
            }
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
            && let Some(CallPlan::Conference(plan)) = plan
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
        match &event.body {
            EventBody::CallInitiated {
                direction: Direction::Outgoing,
                to,
                ..
            } => {
                self.dialled.insert(leg.clone());
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
            _ => ignored("this build gives dialled legs no role in a conference call"),
        }
    }

    /// The room's id is not in the registry's index yet, so its event came here.
    fn forward(&mut self, event: Event, fx: &mut Effects) {
        match self.room() {
            Some(room) => fx.send(room, Message::Forwarded(Box::new(event))),
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

    fn on_event_asking(&mut self, event: &Event, tries_left: u32, fx: &mut Effects) {
        let EventBody::GatherEnded { digits, status } = &event.body else {
            return ignored("single keys and prompt sounds: the gather's end reports them all");
        };
        let generation = event.client_state.as_ref().map(|state| state.generation);
        if generation != Some(self.generation) {
            return ignored("digits of an older gather");
        }
        self.settle(Purpose::Prompt, fx);
        match status {
            GatherStatus::CallHangup => ignored("the hangup itself follows"),
            GatherStatus::Valid | GatherStatus::Invalid if !digits.is_empty() => {
                self.pin_typed(&digits.clone(), tries_left, fx);
            }
            GatherStatus::Valid
            | GatherStatus::Invalid
            | GatherStatus::Cancelled
            | GatherStatus::Timeout
            | GatherStatus::Other => self.no_pin(EndReason::NoPin, tries_left, fx),
        }
    }

    fn pin_typed(&mut self, digits: &Digits, tries_left: u32, fx: &mut Effects) {
        match self.room_of(digits) {
            Some((room, moderator)) => self.join(room, moderator, fx),
            None => self.no_pin(EndReason::WrongPin, tries_left, fx),
        }
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
