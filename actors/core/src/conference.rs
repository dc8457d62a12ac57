//! The rule of one room: create exactly one conference however many callers arrive together, bring the others
//! in, notice when it is over, start a new one for the next caller. Pure; hosted by an actor.
//!
//! A room outlives its conferences: each conference is an *incarnation* of the room. Who may enter, who waits on
//! hold and whose leaving ends the conference is decided here, not at the carrier.

mod audit;
mod creating;
mod events;
mod members;
mod operating;
mod outcomes;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::command::Command;
use crate::effect::Effects;
use crate::event::ClientState;
use crate::ids::{CallControlId, CommandId, ConferenceId, ConnectionId};
use crate::input::{Finding, Input, OperatorRequest};
use crate::machine::{Handle, Machine, Story};
use crate::message::{JoinFailure, Message};
use crate::plan::{Limits, RoomSettings};
use crate::time::Timestamp;
use crate::timers::Timers;

/// State of one room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConferenceMachine {
    /// Counts the conferences of this room.
    incarnation: u64,
    state: RoomState,
    /// Rules, from the first caller of this incarnation.
    settings: RoomSettings,
    limits: Limits,
    /// Every leg that is in, or on its way in.
    members: BTreeMap<CallControlId, Member>,
    /// Legs that left this incarnation, and when: their late `joined` must not bring them back.
    departed: BTreeMap<CallControlId, Timestamp>,
    /// The latest conferences of this room that are over for us: their late events must not revive them.
    finished: VecDeque<ConferenceId>,
    /// The carrier application of the first caller: conferences of others may have our name.
    connection: Option<ConnectionId>,
    /// Commands whose outcome is awaited.
    pending: BTreeMap<CommandId, Purpose>,
    timers: Timers<RoomTimer>,
    /// Uneventful audits since the carrier's last word.
    audits: u32,
    /// Failed creates and look-ups in a row.
    failures: u32,
    /// When the present conference was first asked for.
    began_at: Option<Timestamp>,
}

/// Where a room stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomState {
    /// No conference, nobody here.
    #[default]
    Idle,
    /// A conference was asked for; its creator is the member in stage `Creating`.
    Creating,
    /// A conference of this name seems to exist: the carrier is asked which.
    LookingUp {
        /// After a pause: if there is none, create.
        paused: bool,
    },
    /// The carrier could not make one just now; the next attempt has its deadline.
    Pausing,
    /// The conference is live.
    Live {
        /// Its id.
        conference: ConferenceId,
    },
    /// We asked the carrier to end it.
    Closing {
        /// Its id.
        conference: ConferenceId,
    },
}

/// One leg of the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The call that it belongs to.
    pub call: Address,
    /// Whether its caller is a moderator.
    pub moderator: bool,
    /// How far in it is.
    pub stage: Stage,
    /// Whether it hears hold audio, as far as we asked for it.
    pub held: bool,
    /// Whether an operator put it on hold: no moderator's coming takes it off.
    #[serde(default)]
    pub parked: bool,
    /// Whether the others do not hear it, as far as we asked for that.
    #[serde(default)]
    pub muted: bool,
    /// When it reached its stage.
    pub since: Timestamp,
    /// How often its join was asked for.
    pub joins: u32,
    /// Audits in a row that did not list it although it is in.
    pub missed: u32,
}

/// How far in a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waits for a conference to exist.
    Waiting,
    /// The conference is being created from this leg.
    Creating,
    /// Create or join was taken by the carrier or is under way; `participant.joined` is awaited.
    Joining,
    /// In.
    In,
}

/// Why a command was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    Create {
        leg: CallControlId,
    },
    LookUp,
    Join {
        leg: CallControlId,
    },
    Hold,
    Unhold,
    End,
    Audit {
        asked_at: Timestamp,
    },
    /// A refusal says that the conference is over although members are in: asked before it is believed.
    Confirm,
    Operator,
}

/// What a room waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoomTimer {
    /// The next attempt to create or look up.
    Retry,
    /// The carrier's next word about the conference.
    Audit,
}

/// A question or a hold is given up after so long.
const QUERY_PATIENCE: Duration = Duration::from_secs(15);

impl ConferenceMachine {
    /// Where the room stands.
    pub fn state(&self) -> &RoomState {
        &self.state
    }

    /// The conference that is live, or being ended.
    pub fn live_conference(&self) -> Option<&ConferenceId> {
        self.conference()
    }

    /// Who is in, or on the way in.
    pub fn members(&self) -> &BTreeMap<CallControlId, Member> {
        &self.members
    }

    fn conference(&self) -> Option<&ConferenceId> {
        match &self.state {
            RoomState::Live { conference } | RoomState::Closing { conference } => Some(conference),
            RoomState::Idle | RoomState::Creating | RoomState::LookingUp { .. } | RoomState::Pausing => None,
        }
    }

    fn client_state(&self, step: &str, fx: &Effects) -> Option<ClientState> {
        let generation = u32::try_from(self.incarnation).unwrap_or(u32::MAX);
        Some(ClientState {
            owner: fx.address().clone(),
            step: step.to_owned(),
            generation,
        })
    }

    fn issue(&mut self, command: Command, purpose: Purpose, fx: &mut Effects) {
        let patience = match purpose {
            Purpose::LookUp | Purpose::Audit { .. } | Purpose::Confirm => QUERY_PATIENCE,
            Purpose::End => Duration::from_millis(self.limits.hangup_ms),
            Purpose::Create { .. }
            | Purpose::Join { .. }
            | Purpose::Hold
            | Purpose::Unhold
            | Purpose::Operator => Duration::from_millis(self.limits.command_ms),
        };
        let state = match &command {
            Command::Query(_) => None,
            named => self.client_state(named.name(), fx),
        };
        let id = fx.command(command, state, fx.now() + patience);
        self.pending.insert(id, purpose);
    }

    /// An event proved what commands of this purpose were to bring about.
    fn settle(&mut self, purpose: &Purpose, fx: &mut Effects) {
        let proven: Vec<CommandId> = self
            .pending
            .iter()
            .filter(|(_, p)| *p == purpose)
            .map(|(id, _)| id.clone())
            .collect();
        for id in proven {
            self.pending.remove(&id);
            fx.settle(id);
        }
    }

    /// An input broke this room twice: a live conference is compared with the carrier, anything else starts afresh.
    fn land(&mut self, fx: &mut Effects) {
        if self.conference().is_some() {
            return self.audit(fx);
        }
        for leg in self.members.keys().cloned().collect::<Vec<_>>() {
            self.turn_away(&leg, JoinFailure::Unavailable, fx);
        }
        self.over(fx);
    }

    /// The carrier said something about this conference: the next audit is far away again.
    fn heard(&mut self, fx: &Effects) {
        self.audits = 0;
        if self.conference().is_some() {
            self.timers
                .set(RoomTimer::Audit, fx.now() + self.limits.probe_delay(0));
        }
    }

    fn on_message(&mut self, from: Address, message: Message, fx: &mut Effects) {
        match message {
            request @ Message::JoinRequest { .. } => self.join_requested(from, request, fx),
            Message::LegGone { leg } => self.leg_gone(&leg, fx),
            Message::Forwarded(event) => self.on_event(*event, fx),
            Message::Joined { .. }
            | Message::JoinFailed { .. }
            | Message::Left { .. }
            | Message::TextRequest { .. }
            | Message::TextResult { .. }
            | Message::ToQueue { .. }
            | Message::FromQueue { .. } => {
                ignored("meant for a call");
            }
        }
    }

    fn on_finding(&mut self, finding: Finding, fx: &mut Effects) {
        match finding {
            Finding::LegGone { leg } => self.leg_gone(&leg, fx),
            Finding::ConferenceGone { conference } if self.conference() == Some(&conference) => {
                self.said_to_be_over(fx);
            }
            Finding::ConferenceGone { .. } => ignored("of an earlier conference"),
            Finding::ConferenceAlive { conference } => self.end_stray(conference, fx),
            Finding::LegAlive { .. } => ignored("meant for a call"),
        }
    }

    fn on_operator(&mut self, request: OperatorRequest, fx: &mut Effects) {
        match request {
            // A leg dialled from here would belong to nobody: calls dial.
            OperatorRequest::Issue(command) if matches!(*command, Command::Dial(_)) => {
                ignored("a room has no legs of its own");
            }
            OperatorRequest::Issue(command) => self.issue(*command, Purpose::Operator, fx),
            OperatorRequest::Start(_) => ignored("meant for a call"),
            OperatorRequest::Hangup => self.close(fx),
            OperatorRequest::Room(request) => self.on_room_request(request, fx),
            OperatorRequest::Number(_) | OperatorRequest::Text(_) => ignored("meant for a sending number"),
        }
    }
}

impl Machine for ConferenceMachine {
    fn handle(&mut self, input: Input, fx: &mut Effects) {
        match input {
            Input::Event { event, .. } => self.on_event(*event, fx),
            Input::Outcome { command, outcome } => self.on_outcome(command, outcome, fx),
            Input::HttpOutcome { .. } => ignored("a room asks nobody"),
            Input::Deadline => self.on_deadline(fx),
            Input::Message { from, body, .. } => self.on_message(from, body, fx),
            Input::Operator(request) => self.on_operator(request, fx),
            Input::Finding(finding) => self.on_finding(finding, fx),
            Input::Quarantined { .. } => self.land(fx),
        }
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    fn is_terminal(&self) -> bool {
        self.state == RoomState::Idle && self.members.is_empty()
    }

    fn incarnation(&self) -> u64 {
        self.incarnation
    }

    fn phase(&self) -> &'static str {
        match self.state {
            RoomState::Idle => "idle",
            RoomState::Creating => "creating",
            RoomState::LookingUp { .. } => "looking_up",
            RoomState::Pausing => "pausing",
            RoomState::Live { .. } => "live",
            RoomState::Closing { .. } => "closing",
        }
    }

    fn handles(&self) -> Vec<Handle> {
        self.conference()
            .cloned()
            .map(Handle::Conference)
            .into_iter()
            .collect()
    }

    fn story(&self) -> Story {
        Story {
            began_at: self.began_at,
            people: self
                .members
                .values()
                .filter(|member| member.stage == Stage::In)
                .count(),
            ..Story::default()
        }
    }
}

/// Names what is deliberately passed over, so that no wildcard hides an event.
fn ignored(_why: &'static str) {}
