//! The rule of one queue: callers wait in a row, agents serve it, no agent ever has two calls. Pure; hosted by an actor.
//!
//! The queue decides who gets whom and nothing else: it knows no leg and asks the carrier for nothing. A call that is
//! offered an agent rings it, and reports (`word`). What an agent does is told by the agent alone (`agent`), so that no
//! two calls can have the same one. Calls that fall silent are asked, and forgotten when they do not answer: neither a
//! place nor an agent is held by nobody.

pub mod agent;
mod offering;
mod row;
mod watch;
pub mod word;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::effect::Effects;
use crate::hangup::EndReason;
use crate::input::Input;
use crate::machine::{Handle, Machine, Story};
use crate::message::Message;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

use agent::{Agent, AgentState};
use word::{AgentOrder, CallWord, QueueWord};

/// State of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueMachine {
    /// Counts the times that somebody came while nobody was there.
    incarnation: u64,
    /// Everybody whose stay has not ended, in the order of the row; who talks has no place in it.
    callers: Vec<Caller>,
    /// In the order of the newest table; who is not listed any more comes last.
    agents: Vec<Agent>,
    terms: Terms,
    /// The number of the latest offer.
    offers: u64,
    /// How long agents were taken by the latest callers, on average, milliseconds; 0 when none was served yet.
    handling_ms: u64,
    began_at: Option<Timestamp>,
}

/// What holds for all agents, from the newest table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Terms {
    order: AgentOrder,
    ring_ms: u64,
    rest_ms: u64,
    max_waiting: u32,
}

/// Somebody who waits, or talks with an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The call.
    pub call: Address,
    /// Which stay of that call.
    pub stay: u32,
    /// When it began to wait.
    pub since: Timestamp,
    /// The call's latest word, or ours that made its patience begin anew.
    pub heard: Timestamp,
    /// Checks since then.
    #[serde(default)]
    pub checks: u32,
}

/// How many are where, for gauges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Callers in the row.
    pub waiting: usize,
    /// Agents by state.
    pub agents: Vec<(&'static str, usize)>,
}

/// Words of [`AgentState::label`].
pub const AGENT_STATES: [&str; 6] = ["free", "reserved", "ringing", "talking", "wrap_up", "resting"];

impl QueueMachine {
    /// Everybody whose stay has not ended, in the order of the row.
    pub fn callers(&self) -> &[Caller] {
        &self.callers
    }

    /// Who serves the queue, and who still has to end a call although the table lists it no more.
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// The agent who is kept for a call, rings for it or talks with it.
    pub fn agent_of(&self, call: &Address) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.serves(call))
    }

    /// How many callers wait, and how many agents do what.
    pub fn census(&self) -> Census {
        let agents = AGENT_STATES.map(|label| {
            let count = self.agents.iter().filter(|agent| agent.at.label() == label);
            (label, count.count())
        });
        Census {
            waiting: self.row().count(),
            agents: agents.to_vec(),
        }
    }

    /// Whom the call talks with, if it has got so far.
    fn talks(&self, call: &Address) -> bool {
        let agent = self.agent_of(call);
        agent.is_some_and(|agent| matches!(agent.at, AgentState::Talking(_)))
    }

    /// The callers who have a place, first come first.
    fn row(&self) -> impl Iterator<Item = &Caller> {
        self.callers.iter().filter(|caller| !self.talks(&caller.call))
    }

    fn caller(&mut self, call: &Address) -> Option<&mut Caller> {
        self.callers.iter_mut().find(|caller| caller.call == *call)
    }

    fn agent_mut(&mut self, call: &Address) -> Option<&mut Agent> {
        self.agents.iter_mut().find(|agent| agent.serves(call))
    }

    fn agent_named(&mut self, to: &PhoneNumber) -> Option<&mut Agent> {
        self.agents.iter_mut().find(|agent| agent.to() == to)
    }

    fn rest(&self) -> Duration {
        Duration::from_millis(self.terms.rest_ms)
    }

    fn on_message(&mut self, from: Address, message: Message, fx: &mut Effects) {
        let Message::ToQueue { stay, word } = message else {
            return ignored("meant for others");
        };
        match word {
            CallWord::Join { since, table } => self.join(from, stay, since, *table, fx),
            CallWord::Left => self.left(&from, stay, fx.now()),
            CallWord::Talks { offer, agent } => self.talking(from, stay, offer, &agent, fx),
            CallWord::Asks | CallWord::Waits | CallWord::Rings { .. } | CallWord::Declined { .. } => {
                self.reported(&from, stay, &word, fx);
            }
        }
    }

    fn tell(&self, call: &Address, stay: u32, word: QueueWord, fx: &mut Effects) {
        fx.send(call.clone(), Message::FromQueue { stay, word });
    }
}

impl Machine for QueueMachine {
    fn handle(&mut self, input: Input, fx: &mut Effects) {
        let idle = self.is_terminal();
        match input {
            Input::Message { from, body, .. } => self.on_message(from, body, fx),
            Input::Deadline => self.on_deadline(fx),
            // What broke the queue is set aside: everybody is asked how things stand.
            Input::Quarantined { .. } => self.check_everybody(fx),
            Input::Event { .. }
            | Input::Outcome { .. }
            | Input::HttpOutcome { .. }
            | Input::Operator(_)
            | Input::Finding(_) => ignored("a queue deals with calls only"),
        }
        self.offer_agents(fx);
        match (idle, self.is_terminal()) {
            (true, false) => {
                self.incarnation += 1;
                self.began_at = Some(fx.now());
            }
            (false, true) => fx.ended(EndReason::Completed),
            (true, true) | (false, false) => {}
        }
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let free = self.agents.iter().filter_map(|agent| agent.at.until());
        let silent = self.callers.iter().map(|caller| self.patience_ends(caller));
        free.chain(silent).min()
    }

    fn is_terminal(&self) -> bool {
        self.callers.is_empty() && self.agents.iter().all(|agent| agent.at == AgentState::Free)
    }

    fn incarnation(&self) -> u64 {
        self.incarnation
    }

    fn phase(&self) -> &'static str {
        match (self.row().next(), self.is_terminal()) {
            (Some(_), _) => "waiting",
            (None, false) => "serving",
            (None, true) => "idle",
        }
    }

    fn handles(&self) -> Vec<Handle> {
        Vec::new()
    }

    fn story(&self) -> Story {
        Story {
            began_at: self.began_at,
            census: Some(self.census()),
            ..Story::default()
        }
    }
}

/// Names what is deliberately passed over, so that no wildcard hides an event.
fn ignored(_why: &'static str) {}
