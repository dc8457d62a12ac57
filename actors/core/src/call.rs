//! The rule of one call: answer, find the room, be in the conference, end. Pure; hosted by an actor.
//!
//! `handle` is the one funnel. Each state has its own function for events; outcomes, deadlines and messages
//! have a file each. Everything late, repeated or early ends in `ignored`.

mod ending;
mod events;
mod outcomes;
mod steps;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::effect::Effects;
use crate::event::{ClientState, Event};
use crate::hangup::{EndReason, HangupCause, HangupSource};
use crate::ids::{CallControlId, CommandId, ConferenceId, ConferenceName, ConnectionId};
use crate::input::{Finding, Input, OperatorRequest};
use crate::machine::{Handle, Machine, Story};
use crate::phone::PhoneNumber;
use crate::plan::{ConferencePlan, Limits};
use crate::time::Timestamp;
use crate::timers::Timers;

/// State of one call session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallMachine {
    state: CallState,
    /// What this caller gets; pinned when the call begins.
    plan: Option<Box<ConferencePlan>>,
    /// The incoming leg.
    leg: Option<CallControlId>,
    /// Legs that we had dialled or transferred to in this session's name; hung up when the call ends.
    dialled: BTreeSet<CallControlId>,
    /// The carrier application that the call came through.
    connection: Option<ConnectionId>,
    caller: Option<PhoneNumber>,
    called: Option<PhoneNumber>,
    /// Counts prompts; travels in client state.
    generation: u32,
    /// Commands whose outcome is awaited, and why they were issued.
    pending: BTreeMap<CommandId, Purpose>,
    timers: Timers<CallTimer>,
    /// How often the answer was asked for.
    answers: u32,
    /// Let in as a moderator, by number or PIN.
    moderator: bool,
    /// Uneventful probes since the carrier's last word.
    probes: u32,
    began_at: Option<Timestamp>,
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Events came, the one that starts the call did not; they are kept for it.
    Unborn {
        /// In order of arrival.
        orphans: Vec<Event>,
    },
    /// Answer is asked for; `call.answered` is awaited.
    Answering {
        /// The carrier accepted the command.
        accepted: bool,
        /// How often it was asked for again.
        again: u32,
    },
    /// The caller hears the PIN prompt.
    AskingPin {
        /// Tries left, this one included.
        tries_left: u32,
    },
    /// The room was asked to take the leg in.
    Joining {
        /// The room.
        room: ConferenceName,
    },
    /// The caller is in.
    InConference {
        /// The room.
        room: ConferenceName,
        /// The conference.
        conference: ConferenceId,
    },
    /// The caller hears why the call ends.
    Parting {
        /// Why.
        reason: EndReason,
    },
    /// Hangup is asked for; the carrier's `call.hangup` is awaited.
    HangingUp {
        /// Why.
        reason: EndReason,
    },
    /// Over. Absorbs everything.
    Ended(Ending),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Why, in our words.
    pub reason: EndReason,
    /// Why, in the carrier's words.
    pub cause: Option<HangupCause>,
    /// By whom, in the carrier's words.
    pub source: HangupSource,
}

impl Default for CallState {
    fn default() -> Self {
        Self::Unborn { orphans: Vec::new() }
    }
}

/// Why a command was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    Answer,
    Prompt,
    Apology,
    Hangup,
    Probe,
    /// Clean-up of a leg that we had dialled.
    CleanUp,
    Operator,
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallTimer {
    /// The missing start of an orphaned session.
    Orphan,
    /// The way out of the present state.
    Step,
    /// Hanging up a leg that left its conference.
    AfterLeave,
    /// Asking for the answer once more.
    Again,
    /// The carrier's next word.
    Silence,
    /// The hangup event of a leg that the carrier says is over.
    Gone,
}

impl CallMachine {
    /// Where the call stands.
    pub fn state(&self) -> &CallState {
        &self.state
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        match &self.state {
            CallState::Ended(ending) => Some(ending),
            CallState::Unborn { .. }
            | CallState::Answering { .. }
            | CallState::AskingPin { .. }
            | CallState::Joining { .. }
            | CallState::InConference { .. }
            | CallState::Parting { .. }
            | CallState::HangingUp { .. } => None,
        }
    }

    /// Name of the route that the call came by.
    pub fn flow(&self) -> Option<&str> {
        self.plan.as_ref().map(|plan| plan.flow.as_str())
    }

    /// The caller and the called number.
    pub fn parties(&self) -> (Option<&PhoneNumber>, Option<&PhoneNumber>) {
        (self.caller.as_ref(), self.called.as_ref())
    }

    fn limits(&self) -> Limits {
        self.plan.as_ref().map(|plan| plan.limits).unwrap_or_default()
    }

    fn client_state(&self, step: &str, fx: &Effects) -> Option<ClientState> {
        Some(ClientState {
            owner: fx.address().clone(),
            step: step.to_owned(),
            generation: self.generation,
        })
    }

    /// The carrier said something about this call: the next probe is far away again.
    fn heard(&mut self, fx: &Effects) {
        self.probes = 0;
        if self.leg.is_some() {
            self.timers
                .set(CallTimer::Silence, fx.now() + self.limits().probe_delay(0));
        }
    }

    /// Enters a state; its way out is `step_ms` away unless the caller of this says otherwise.
    fn enter(&mut self, state: CallState, step_ms: u64, fx: &Effects) {
        self.state = state;
        self.timers.clear(CallTimer::AfterLeave);
        self.timers.clear(CallTimer::Again);
        if step_ms == 0 {
            self.timers.clear(CallTimer::Step);
        } else {
            self.timers
                .set(CallTimer::Step, fx.now() + Duration::from_millis(step_ms));
        }
    }

    fn room(&self) -> Option<Address> {
        match &self.state {
            CallState::Joining { room } | CallState::InConference { room, .. } => {
                Some(Address::Conference(room.clone()))
            }
            CallState::Unborn { .. }
            | CallState::Answering { .. }
            | CallState::AskingPin { .. }
            | CallState::Parting { .. }
            | CallState::HangingUp { .. }
            | CallState::Ended(_) => None,
        }
    }

    fn on_operator(&mut self, request: OperatorRequest, fx: &mut Effects) {
        match request {
            OperatorRequest::Issue(command) => {
                let give_up_at = fx.now() + Duration::from_millis(self.limits().command_ms);
                let id = fx.command(*command, self.client_state("operator", fx), give_up_at);
                self.pending.insert(id, Purpose::Operator);
            }
            OperatorRequest::Hangup => self.hang_up(EndReason::Operator, fx),
            OperatorRequest::Room(_) | OperatorRequest::Number(_) | OperatorRequest::Text(_) => {
                ignored("meant for others")
            }
        }
    }

    fn on_finding(&mut self, finding: Finding, fx: &mut Effects) {
        match finding {
            // A list may be behind: the leg itself is asked before it is believed dead.
            Finding::LegGone { leg } if self.leg.as_ref() == Some(&leg) => self.probe(fx),
            Finding::LegGone { leg } => {
                self.dialled.remove(&leg);
            }
            // A leg that was dialled for this call while the answer to its dial was lost: it goes when the call goes.
            Finding::LegAlive { leg } => {
                if self.leg.as_ref() != Some(&leg) {
                    self.dialled.insert(leg);
                }
            }
            Finding::ConferenceGone { .. } | Finding::ConferenceAlive { .. } => {
                ignored("meant for a room");
            }
        }
    }

    /// An input broke this call twice. If that was its very first, the leg is known from there alone.
    fn on_quarantined(&mut self, leg: Option<CallControlId>, fx: &mut Effects) {
        if let CallState::Unborn { .. } = self.state {
            self.leg = self.leg.take().or(leg);
        }
        self.land(EndReason::Quarantined, fx);
    }
}

impl Machine for CallMachine {
    fn handle(&mut self, input: Input, fx: &mut Effects) {
        if let CallState::Ended(_) = self.state {
            return self.after_the_end(input, fx);
        }
        match input {
            Input::Event { event, plan } => self.on_event(*event, plan, fx),
            Input::Outcome { command, outcome } => self.on_outcome(command, outcome, fx),
            Input::HttpOutcome { .. } => ignored("nothing was asked"),
            Input::Deadline => self.on_deadline(fx),
            Input::Message { body, .. } => self.on_message(body, fx),
            Input::Operator(request) => self.on_operator(request, fx),
            Input::Finding(finding) => self.on_finding(finding, fx),
            Input::Quarantined { leg, .. } => self.on_quarantined(leg, fx),
        }
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    fn is_terminal(&self) -> bool {
        matches!(self.state, CallState::Ended(_))
    }

    fn incarnation(&self) -> u64 {
        1
    }

    fn phase(&self) -> &'static str {
        match self.state {
            CallState::Unborn { .. } => "unborn",
            CallState::Answering { .. } => "ringing",
            CallState::AskingPin { .. } => "asking_pin",
            CallState::Joining { .. } => "joining",
            CallState::InConference { .. } => "conference",
            CallState::Parting { .. } => "parting",
            CallState::HangingUp { .. } => "hanging_up",
            CallState::Ended(_) => "ended",
        }
    }

    fn handles(&self) -> Vec<Handle> {
        if self.is_terminal() {
            return Vec::new();
        }
        self.leg
            .iter()
            .chain(&self.dialled)
            .cloned()
            .map(Handle::Leg)
            .collect()
    }

    fn story(&self) -> Story {
        Story {
            began_at: self.began_at,
            flow: self.flow().map(str::to_owned),
            hangup_cause: self
                .ending()
                .and_then(|e| e.cause.as_ref())
                .map(HangupCause::label),
            hangup_source: self.ending().map(|ending| ending.source.label()),
        }
    }
}

/// Names what is deliberately passed over, so that no wildcard hides an event.
fn ignored(_why: &'static str) {}
