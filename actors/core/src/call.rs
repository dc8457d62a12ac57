//! The rule of one call: begin, answer, follow the flow, end. Pure; hosted by an actor.
//!
//! `handle` is the one funnel. What all calls have in common is here; what a caller gets is a flow, whose steps act
//! through `stage`. Outcomes, deadlines and messages have a file each. Everything late, repeated or early ends in
//! `ignored`.

mod ending;
mod events;
mod legacy;
mod outcomes;
mod outgoing;
mod running;
mod stage;
mod starting;
mod vars;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::effect::Effects;
use crate::event::{ClientState, Event};
use crate::flow::rule::Tag;
use crate::flow::{FlowHash, Progress};
use crate::hangup::{EndReason, HangupCause, HangupSource};
use crate::ids::{CallControlId, CommandId, ConferenceName, ConnectionId, QueueName};
use crate::input::{Finding, Input, OperatorRequest};
use crate::machine::{Handle, Machine, Story};
use crate::phone::PhoneNumber;
use crate::plan::{FlowPlan, Limits};
use crate::time::Timestamp;
use crate::timers::Timers;

pub(crate) use stage::Stage;
use vars::Vars;

/// State of one call session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CallMachine {
    state: CallState,
    /// What this caller gets; pinned when the call begins.
    plan: Option<Box<FlowPlan>>,
    /// The leg of the caller, or of the one whom we called.
    leg: Option<CallControlId>,
    /// Other legs that live in this session's name; hung up when the call ends.
    dialled: BTreeSet<CallControlId>,
    /// The carrier application that the call came through.
    connection: Option<ConnectionId>,
    caller: Option<PhoneNumber>,
    called: Option<PhoneNumber>,
    /// We placed this call.
    #[serde(default)]
    outgoing: bool,
    /// How long a call that we placed may ring, milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    ring_ms: u32,
    /// The leg is up, by the carrier's word or by our best knowledge.
    #[serde(default)]
    answered: bool,
    /// Counts prompts; travels in client state.
    generation: u32,
    /// The generation with which the present step began: what is older belongs to other steps.
    #[serde(default)]
    entered: u32,
    /// Steps entered so far.
    #[serde(default)]
    steps: u32,
    /// When the present step began.
    #[serde(default)]
    step_since: Timestamp,
    /// The room that knows of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<Stay>,
    /// The queue that knows of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row: Option<Row>,
    #[serde(default, skip_serializing_if = "Vars::is_empty")]
    vars: Vars,
    /// Commands whose outcome is awaited, and why they were issued.
    pending: BTreeMap<CommandId, Purpose>,
    timers: Timers<CallTimer>,
    /// How often the answer was asked for.
    answers: u32,
    /// Uneventful probes since the carrier's last word.
    probes: u32,
    began_at: Option<Timestamp>,
}

impl Serialize for CallMachine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for CallMachine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut machine = serde_json::Map::deserialize(deserializer)?;
        legacy::modernise(&mut machine);
        Self::deserialize(serde_json::Value::Object(machine)).map_err(serde::de::Error::custom)
    }
}

/// A room that was asked to take the caller in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stay {
    room: ConferenceName,
    /// It has the caller.
    inside: bool,
}

/// A queue in whose row the caller is, or with whose agent it talks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    queue: QueueName,
    /// Which stay of this call in queues it is.
    stay: u32,
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
    /// We dialled, for ourselves; `call.answered` or the leg's end is awaited.
    Calling,
    /// Answer is asked for; `call.answered` is awaited.
    Answering {
        /// The carrier accepted the command.
        accepted: bool,
        /// How often it was asked for again.
        again: u32,
        /// The step of the flow that needs the answer.
        #[serde(default)]
        step: String,
    },
    /// The flow goes on.
    Running {
        /// The step.
        step: String,
        /// Where it stands; absent in the moment between two steps.
        progress: Option<Progress>,
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
    /// Our own call to somebody.
    Call,
    /// Asked for by a step.
    Step {
        /// The generation with which the step began.
        entered: u32,
        /// The step's own word for it.
        tag: Tag,
        /// Not on the caller's leg.
        far: bool,
    },
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
    /// What a step waits for.
    StepOne,
    /// What else a step waits for.
    StepTwo,
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
            | CallState::Calling
            | CallState::Answering { .. }
            | CallState::Running { .. }
            | CallState::Parting { .. }
            | CallState::HangingUp { .. } => None,
        }
    }

    /// Name of the flow that the call follows.
    pub fn flow_name(&self) -> Option<&str> {
        self.plan.as_ref().map(|plan| plan.name.as_str())
    }

    /// The step that runs, and its phase.
    pub fn step(&self) -> Option<&str> {
        match &self.state {
            CallState::Running { step, .. } | CallState::Answering { step, .. } => Some(step),
            CallState::Unborn { .. }
            | CallState::Calling
            | CallState::Parting { .. }
            | CallState::HangingUp { .. }
            | CallState::Ended(_) => None,
        }
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
        self.clear_step_timers();
        if step_ms > 0 {
            self.timers
                .set(CallTimer::Step, fx.now() + Duration::from_millis(step_ms));
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
            OperatorRequest::Start(start) => self.start_call(*start, fx),
            OperatorRequest::Room(_) | OperatorRequest::Number(_) | OperatorRequest::Text(_) => {
                ignored("meant for others");
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
        if let Some(inline) = self.plan.as_ref().and_then(|plan| plan.inline.as_deref()) {
            fx.follow(Arc::new(inline.clone()));
        }
        if let CallState::Ended(_) = self.state {
            return self.after_the_end(input, fx);
        }
        match input {
            Input::Event { event, plan } => self.on_event(*event, plan, fx),
            Input::Outcome { command, outcome } => self.on_outcome(command, outcome, fx),
            Input::HttpOutcome { request, outcome } => self.on_http_outcome(&request, &outcome, fx),
            Input::Deadline => self.on_deadline(fx),
            Input::Message { from, body, .. } => self.on_message(&from, &body, fx),
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
        match &self.state {
            CallState::Unborn { .. } => "unborn",
            CallState::Calling => "calling",
            CallState::Answering { .. } => "ringing",
            CallState::Running {
                progress: Some(progress),
                ..
            } => progress.phase(),
            CallState::Running { progress: None, .. } => "flow",
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

    fn flow(&self) -> Option<&FlowHash> {
        self.plan.as_ref().map(|plan| &plan.flow)
    }

    fn story(&self) -> Story {
        Story {
            began_at: self.began_at,
            flow: self.flow_name().map(str::to_owned),
            hangup_cause: self
                .ending()
                .and_then(|e| e.cause.as_ref())
                .map(HangupCause::label),
            hangup_source: self.ending().map(|ending| ending.source.label()),
            census: None,
            people: 0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Names what is deliberately passed over, so that no wildcard hides an event.
fn ignored(_why: &'static str) {}
