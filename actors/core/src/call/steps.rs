//! The steps of a conference call: begin, answer, ask for the PIN, ask the room in.

use std::time::Duration;

use crate::Address;
use crate::call::{CallMachine, CallState, CallTimer, Purpose};
use crate::command::leg::{Answer, GatherUsingSpeak, Reject, RejectCause};
use crate::command::{Command, LegAction};
use crate::effect::Effects;
use crate::event::{Direction, Event, EventBody};
use crate::fact::{Fact, LegRole};
use crate::hangup::EndReason;
use crate::ids::{CommandId, ConferenceName};
use crate::message::Message;
use crate::phone::Digits;
use crate::plan::{CallPlan, PinPrompt, RoomChoice, room_of_number, room_of_pin};

/// Silence between two keys that ends the PIN, milliseconds.
const INTER_DIGIT_MS: u32 = 5_000;
/// Speech before the PIN's own silence begins is at most about a minute; past that the gather's end is lost.
const PROMPT_MARGIN_MS: u64 = 60_000;

impl CallMachine {
    /// The call starts: an incoming leg rings.
    pub(super) fn begin(&mut self, event: Event, plan: Option<CallPlan>, fx: &mut Effects) {
        let EventBody::CallInitiated { from, to, .. } = event.body else {
            return;
        };
        let loops = from == to && !from.expose().is_empty();
        self.caller = Some(from);
        self.called = Some(to);
        self.leg = event.leg;
        self.connection = event.connection;
        self.timers.clear(CallTimer::Orphan);
        self.pending.retain(|_, purpose| *purpose != Purpose::Probe);
        let flow = match &plan {
            Some(CallPlan::Conference(plan)) if !loops => Some(plan.flow.clone()),
            Some(CallPlan::Conference(_) | CallPlan::Reject(_)) | None => None,
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
            _ if loops => self.reject(RejectCause::UserBusy, fx),
            Some(CallPlan::Conference(plan)) => {
                self.plan = Some(plan);
                self.heard(fx);
                self.answer(0, fx);
            }
            Some(CallPlan::Reject(cause)) => self.reject(cause, fx),
            None => self.reject(RejectCause::CallRejected, fx),
        }
        for orphan in orphans {
            self.on_event(orphan, None, fx);
        }
    }

    /// Tells the books who calls whom.
    pub(super) fn state_beginning(&self, flow: Option<String>, fx: &mut Effects) {
        fx.fact(Fact::CallBegan {
            direction: Direction::Incoming,
            caller: self.caller.clone(),
            called: self.called.clone(),
            flow,
            connection: self.connection.clone(),
        });
        if let Some(leg) = self.leg.clone() {
            fx.fact(Fact::LegRang {
                leg,
                role: LegRole::Caller,
                to: self.called.clone(),
            });
        }
    }

    /// Asks for the answer, for the `again`-th time.
    pub(super) fn answer(&mut self, again: u32, fx: &mut Effects) {
        self.answers += 1;
        self.enter(
            CallState::Answering {
                accepted: false,
                again,
            },
            self.limits().step_ms,
            fx,
        );
        self.on_leg(
            LegAction::Answer(Answer::default()),
            "answer",
            Purpose::Answer,
            fx,
        );
    }

    fn reject(&mut self, cause: RejectCause, fx: &mut Effects) {
        self.heard(fx);
        self.enter(
            CallState::HangingUp {
                reason: EndReason::NoRoute,
            },
            0,
            fx,
        );
        self.on_leg(LegAction::Reject(Reject { cause }), "reject", Purpose::Hangup, fx);
    }

    /// The leg is up, by the carrier's word or by our best knowledge.
    pub(super) fn answered(&mut self, fx: &mut Effects) {
        if let Some(leg) = self.leg.clone() {
            fx.fact(Fact::LegAnswered { leg });
        }
        let Some(plan) = &self.plan else {
            return self.hang_up(EndReason::NoRoute, fx);
        };
        match &plan.room {
            RoomChoice::Named(room) => self.join(room.clone(), self.is_moderator(), fx),
            RoomChoice::CalledNumber => match &self.called {
                Some(called) => self.join(room_of_number(&plan.room_salt, called), self.is_moderator(), fx),
                None => self.land(EndReason::NoRoute, fx),
            },
            RoomChoice::Pin(pin) => self.ask_pin(pin.tries.max(1), &pin.prompt.clone(), fx),
        }
    }

    fn is_moderator(&self) -> bool {
        self.moderator
            || match (&self.plan, &self.caller) {
                (Some(plan), Some(caller)) => plan.moderators.contains(caller),
                _ => false,
            }
    }

    fn pin_prompt(&self) -> Option<&PinPrompt> {
        match self.plan.as_ref().map(|plan| &plan.room) {
            Some(RoomChoice::Pin(pin)) => Some(pin),
            Some(RoomChoice::Named(_) | RoomChoice::CalledNumber) | None => None,
        }
    }

    fn ask_pin(&mut self, tries_left: u32, text: &str, fx: &mut Effects) {
        let (Some(pin), Some(plan)) = (self.pin_prompt(), &self.plan) else {
            return;
        };
        let gather = GatherUsingSpeak {
            payload: text.to_owned(),
            voice: plan.voice.voice.clone(),
            language: Some(plan.voice.language.clone()),
            minimum_digits: Some(pin.min_digits),
            maximum_digits: Some(pin.max_digits),
            // Tries are counted here, so that each has its own words and its own record.
            maximum_tries: Some(1),
            timeout_millis: Some(pin.timeout_ms),
            inter_digit_timeout_millis: Some(INTER_DIGIT_MS),
            terminating_digit: Some("#".into()),
            valid_digits: Some("0123456789".into()),
            ..GatherUsingSpeak::default()
        };
        let way_out = u64::from(pin.timeout_ms) + PROMPT_MARGIN_MS;
        self.generation += 1;
        self.enter(CallState::AskingPin { tries_left }, way_out, fx);
        self.on_leg(LegAction::GatherUsingSpeak(gather), "pin", Purpose::Prompt, fx);
    }

    /// A try brought no usable PIN: ask again, or say why and end.
    pub(super) fn no_pin(&mut self, reason: EndReason, tries_left: u32, fx: &mut Effects) {
        let Some(pin) = self.pin_prompt() else { return };
        if tries_left <= 1 {
            return self.land(reason, fx);
        }
        let text = match reason {
            EndReason::WrongPin => format!("{} {}", pin.wrong, pin.prompt),
            _ => pin.prompt.clone(),
        };
        self.ask_pin(tries_left - 1, &text, fx);
    }

    pub(super) fn room_of(&self, digits: &Digits) -> Option<(ConferenceName, bool)> {
        let (pin, plan) = (self.pin_prompt()?, self.plan.as_ref()?);
        let keys = digits.expose();
        if let Some(room) = pin.pins.get(keys) {
            return Some((room.room.clone(), room.moderator));
        }
        let length = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let free = pin.pins.is_empty() && (pin.min_digits..=pin.max_digits).contains(&length);
        free.then(|| {
            (
                room_of_pin(&plan.room_salt, &plan.flow, keys),
                self.is_moderator(),
            )
        })
    }

    /// Asks the room to take the leg in.
    pub(super) fn join(&mut self, room: ConferenceName, moderator: bool, fx: &mut Effects) {
        let (Some(plan), Some(leg)) = (&mut self.plan, &self.leg) else {
            return;
        };
        // The PIN table has served: it need not stand in every further record.
        plan.room = RoomChoice::Named(room.clone());
        self.moderator = moderator;
        let request = Message::JoinRequest {
            leg: leg.clone(),
            moderator,
            connection: self.connection.clone(),
            settings: Box::new(plan.settings.clone()),
            limits: plan.limits,
        };
        fx.send(Address::Conference(room.clone()), request);
        self.enter(CallState::Joining { room }, self.limits().step_ms, fx);
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
        let proven: Vec<CommandId> = self
            .pending
            .iter()
            .filter(|(_, p)| **p == purpose)
            .map(|(id, _)| id.clone())
            .collect();
        for id in proven {
            self.pending.remove(&id);
            fx.settle(id);
        }
    }
}
