//! How a call ends, and what may still happen after that.

use std::time::Duration;

use crate::Address;
use crate::call::events::comes_up;
use crate::call::waiting::not_here;
use crate::call::{CallMachine, CallState, CallTimer, Ending, Purpose, ignored};
use crate::command::leg::{Hangup, Speak};
use crate::command::{Command, LegAction};
use crate::effect::Effects;
use crate::event::{Event, EventBody};
use crate::fact::Fact;
use crate::flow::{Flow, Variables};
use crate::hangup::{EndReason, HangupCause, HangupSource};
use crate::ids::CallControlId;
use crate::input::{Finding, Input};
use crate::message::Message;
use crate::outcome::{Answer, Outcome};
use crate::queue::word::CallWord;

/// The longest text that the carrier speaks takes about four minutes; then the call is hung up whatever was heard.
const PARTING_MS: u64 = 240_000;

impl CallMachine {
    /// The carrier reported the hangup.
    pub(super) fn hung_up(&mut self, event: Event, fx: &mut Effects) {
        let EventBody::CallHangup {
            cause,
            source,
            sip_code,
        } = event.body
        else {
            return;
        };
        if let Some(leg) = event.leg.or_else(|| self.leg.clone()) {
            fx.fact(Fact::LegEnded {
                leg,
                cause: Some(cause.clone()),
                source,
                sip_code,
            });
        }
        let reason = match (self.asked_for(), &self.state) {
            (Some(reason), _) => reason,
            (None, CallState::Calling) => Self::unanswered(&cause),
            (None, _) => EndReason::HungUp,
        };
        self.end(reason, Some(cause), source, fx);
    }

    /// The carrier says that the leg is over. Its hangup event, which says why, is usually a moment away.
    pub(super) fn expect_hangup(&mut self, fx: &Effects) {
        if !self.timers.is_set(CallTimer::Gone) {
            let patience = Duration::from_millis(self.limits().after_leave_ms);
            self.timers.set(CallTimer::Gone, fx.now() + patience);
        }
    }

    /// The carrier has no such live leg, and its hangup event never came.
    pub(super) fn vanished(&mut self, fx: &mut Effects) {
        let reason = match (&self.state, self.asked_for()) {
            (_, Some(reason)) => reason,
            (CallState::Unborn { .. }, None) => EndReason::NeverStarted,
            // What ended a leg that nobody had answered is not known, but that nobody did is.
            (CallState::Calling, None) => EndReason::NoAnswer,
            (_, None) => EndReason::Vanished,
        };
        if let Some(leg) = self.leg.clone() {
            fx.fact(Fact::LegEnded {
                leg: leg.clone(),
                cause: None,
                source: HangupSource::Unknown,
                sip_code: None,
            });
            // Should the carrier be wrong, the caller must not be left in silence; a leg that is over does not mind.
            self.clean_up(leg, fx);
        }
        self.end(reason, None, HangupSource::Unknown, fx);
    }

    fn asked_for(&self) -> Option<EndReason> {
        match self.state {
            CallState::Parting { reason } | CallState::HangingUp { reason } => Some(reason),
            CallState::Unborn { .. }
            | CallState::Calling
            | CallState::Answering { .. }
            | CallState::Running { .. }
            | CallState::Ended(_) => None,
        }
    }

    /// Says why, then hangs up. A caller who has not been answered, or is among others, just hears the hangup.
    pub(super) fn land(&mut self, reason: EndReason, fx: &mut Effects) {
        let alone = self.room.as_ref().is_none_or(|stay| !stay.inside);
        let running = matches!(self.state, CallState::Running { .. });
        if !(self.answered && alone && running) {
            return self.hang_up(reason, fx);
        }
        let own = fx
            .flow()
            .and_then(|flow| flow.apology.as_ref()?.render(&flow_values(&flow)).ok());
        let say = own.unwrap_or_else(|| apology(reason).to_owned());
        self.part(reason, Some(say), fx);
    }

    /// Says a last word, then hangs up.
    pub(super) fn part(&mut self, reason: EndReason, say: Option<String>, fx: &mut Effects) {
        let Some(payload) = say.filter(|_| self.answered) else {
            return self.hang_up(reason, fx);
        };
        let voice = fx.flow().map(|flow| flow.voice()).unwrap_or_default();
        let speak = Speak {
            payload,
            voice: voice.voice,
            language: Some(voice.language),
            ..Speak::default()
        };
        self.cut_step_short(fx);
        self.leave_room(fx);
        self.leave_queue(fx);
        self.let_go_of_others(fx);
        self.generation += 1;
        self.enter(CallState::Parting { reason }, PARTING_MS, fx);
        self.on_leg(LegAction::Speak(speak), "parting", Purpose::Apology, fx);
    }

    /// Ends the legs that were dialled for this call; the carrier's word that they are over is still awaited.
    fn let_go_of_others(&mut self, fx: &mut Effects) {
        for leg in self.dialled.clone() {
            self.clean_up(leg, fx);
        }
    }

    /// Hangs up, whatever the state.
    pub(super) fn hang_up(&mut self, reason: EndReason, fx: &mut Effects) {
        if self.leg.is_none() {
            return self.end(reason, None, HangupSource::Unknown, fx);
        }
        self.cut_step_short(fx);
        self.leave_room(fx);
        self.leave_queue(fx);
        // Everything else pending for this leg is overtaken; its late outcome must not be acted upon.
        self.pending
            .retain(|_, purpose| matches!(purpose, Purpose::Probe | Purpose::CleanUp | Purpose::Call));
        self.enter(CallState::HangingUp { reason }, 0, fx);
        self.timers.set(
            CallTimer::Silence,
            fx.now() + self.limits().probe_delay(self.probes),
        );
        self.on_leg(
            LegAction::Hangup(Hangup::default()),
            "hangup",
            Purpose::Hangup,
            fx,
        );
    }

    pub(super) fn leave_room(&mut self, fx: &mut Effects) {
        if let (Some(stay), Some(leg)) = (self.room.take(), &self.leg) {
            fx.send(
                Address::Conference(stay.room),
                Message::LegGone { leg: leg.clone() },
            );
        }
    }

    /// The last word of a stay: the place, or the agent, is the queue's again.
    pub(super) fn leave_queue(&mut self, fx: &mut Effects) {
        if let Some(row) = self.row.take() {
            let word = CallWord::Left;
            fx.send(
                Address::Queue(row.queue),
                Message::ToQueue { stay: row.stay, word },
            );
        }
    }

    /// The session is over.
    pub(super) fn end(
        &mut self,
        reason: EndReason,
        cause: Option<HangupCause>,
        source: HangupSource,
        fx: &mut Effects,
    ) {
        self.cut_step_short(fx);
        self.leave_room(fx);
        self.leave_queue(fx);
        for leg in std::mem::take(&mut self.dialled) {
            self.clean_up(leg, fx);
        }
        fx.fact(Fact::CallEnded {
            reason,
            cause: cause.clone(),
            source,
        });
        self.state = CallState::Ended(Ending {
            reason,
            cause,
            source,
        });
        self.pending.clear();
        self.timers.clear_all();
        self.vars.clear();
        self.probes = 0;
        fx.ended(reason);
    }

    /// Nothing but clean-up: a leg that we had dialled and that comes up late is hung up at once.
    pub(super) fn after_the_end(&mut self, input: Input, fx: &mut Effects) {
        match input {
            Input::Event { event, .. } => {
                let state = event.client_state.as_ref();
                let dialled =
                    comes_up(&event.body) && state.is_some_and(|state| state.owner == *fx.address());
                match event.leg {
                    Some(leg) if dialled && self.leg.as_ref() != Some(&leg) => self.clean_up(leg, fx),
                    _ => ignored("the call is over"),
                }
            }
            Input::Outcome {
                outcome: Outcome::Accepted(Answer::Dialled { leg, .. }),
                ..
            } => {
                self.clean_up(leg, fx);
            }
            // It outlived its call: a hangup of ours was lost, or the dial's answer was.
            Input::Finding(Finding::LegAlive { leg }) => self.clean_up(leg, fx),
            Input::Message {
                from,
                body: Message::FromQueue { stay, word },
                ..
            } => not_here(&from, stay, &word, fx),
            Input::Outcome { .. }
            | Input::HttpOutcome { .. }
            | Input::Deadline
            | Input::Message { .. }
            | Input::Operator(_)
            | Input::Finding(_)
            | Input::Quarantined { .. } => ignored("the call is over"),
        }
    }

    pub(super) fn clean_up(&mut self, leg: CallControlId, fx: &mut Effects) {
        let give_up_at = fx.now() + Duration::from_millis(self.limits().hangup_ms);
        let command = Command::Leg {
            leg,
            action: LegAction::Hangup(Hangup::default()),
        };
        fx.command(command, self.client_state("clean_up", fx), give_up_at);
    }
}

/// What a flow's own apology can name: the call's values may be what could not be worked out.
fn flow_values(flow: &Flow) -> Variables {
    let vars = serde_json::json!(flow.vars);
    Variables::from([("vars".to_owned(), vars)])
}

/// What a caller hears before we hang up.
fn apology(reason: EndReason) -> &'static str {
    match reason {
        EndReason::NoPin => "We did not receive a PIN. Goodbye.",
        EndReason::WrongPin => "That PIN is not valid. Goodbye.",
        EndReason::NoInput => "We did not receive your choice. Goodbye.",
        EndReason::InvalidInput => "That is not a valid choice. Goodbye.",
        EndReason::TransferFailed => {
            "We are sorry, nobody can take your call right now. Please call again. Goodbye."
        }
        EndReason::ConferenceFull => "This conference is full. Please try again later. Goodbye.",
        EndReason::ConferenceEnded => "The conference has ended. Goodbye.",
        EndReason::ConferenceUnavailable
        | EndReason::CommandRefused
        | EndReason::DeadlineExceeded
        | EndReason::Quarantined
        | EndReason::HungUp
        | EndReason::Vanished
        | EndReason::NeverStarted
        | EndReason::NoRoute
        | EndReason::AnswerRefused
        | EndReason::Operator
        | EndReason::Completed
        | EndReason::StepFailed
        | EndReason::StepBudget
        | EndReason::FlowUnreadable
        | EndReason::Rejected
        | EndReason::Busy
        | EndReason::NoAnswer
        | EndReason::Declined
        | EndReason::Unreachable
        | EndReason::TooLate => "We are sorry, something went wrong on our side. Please call again. Goodbye.",
    }
}
