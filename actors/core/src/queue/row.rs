//! Callers come, report and go.

use crate::Address;
use crate::effect::Effects;
use crate::phone::PhoneNumber;
use crate::queue::agent::{Agent, AgentState, Engaged};
use crate::queue::word::{AgentPlan, CallWord, QueueRefusal, QueueTable, QueueWord};
use crate::queue::{Caller, QueueMachine, Terms, ignored};
use crate::time::Timestamp;

/// The newest caller counts for so much in the average of handling times: one out of four.
const SHARE: u64 = 4;

impl QueueMachine {
    pub(super) fn join(
        &mut self,
        call: Address,
        stay: u32,
        since: Timestamp,
        table: QueueTable,
        fx: &mut Effects,
    ) {
        let now = fx.now();
        if self.is_known(&call, stay) {
            self.hear(&call, now);
            return self.answer(&call, stay, fx);
        }
        // It left its earlier stay without a word that has come here.
        self.forget(&call, now);
        self.take_up(table, now);
        let refusal = if !self.agents.iter().any(|agent| agent.listed) {
            Some(QueueRefusal::NoAgents)
        } else if self.row().count() >= usize::try_from(self.terms.max_waiting).unwrap_or(usize::MAX) {
            Some(QueueRefusal::Full)
        } else {
            None
        };
        if let Some(why) = refusal {
            return self.tell(&call, stay, QueueWord::Refused(why), fx);
        }
        self.insert(call.clone(), stay, since.min(now), now);
        self.answer(&call, stay, fx);
    }

    /// The row is in the order in which callers began to wait.
    fn insert(&mut self, call: Address, stay: u32, since: Timestamp, now: Timestamp) {
        let at = self.callers.partition_point(|other| other.since <= since);
        let caller = Caller {
            call,
            stay,
            since,
            heard: now,
            checks: 0,
        };
        self.callers.insert(at, caller);
    }

    /// The newest table holds. Agents who stay keep what they do; who is busy and not listed any more ends that first.
    fn take_up(&mut self, table: QueueTable, now: Timestamp) {
        self.terms = Terms {
            order: table.order,
            ring_ms: table.ring_ms,
            rest_ms: table.rest_ms,
            max_waiting: table.max_waiting,
        };
        let mut before = std::mem::take(&mut self.agents);
        for plan in table.agents {
            if self.agents.iter().any(|agent| *agent.to() == plan.to) {
                continue;
            }
            let known = before.iter().position(|agent| *agent.to() == plan.to);
            let agent = match known.map(|at| before.remove(at)) {
                Some(agent) => Agent {
                    plan,
                    listed: true,
                    ..agent
                },
                None => Agent::new(plan, true, now),
            };
            self.agents.push(agent);
        }
        for mut agent in before {
            agent.listed = false;
            self.agents.push(agent);
        }
        self.drop_unlisted();
    }

    pub(super) fn drop_unlisted(&mut self) {
        self.agents
            .retain(|agent| agent.listed || agent.at != AgentState::Free);
    }

    /// Anything but coming, talking and going.
    pub(super) fn reported(&mut self, call: &Address, stay: u32, word: &CallWord, fx: &mut Effects) {
        if !self.is_known(call, stay) {
            return match word {
                CallWord::Declined { .. } => ignored("nobody is kept for it"),
                _ => self.tell(call, stay, QueueWord::Unknown, fx),
            };
        }
        let checked = self.caller(call).is_some_and(|caller| caller.checks > 0);
        let (now, rest) = (fx.now(), self.rest());
        self.hear(call, now);
        match word {
            CallWord::Asks => return self.place(call, stay, fx),
            CallWord::Rings { offer } => {
                if let Some(agent) = self.agent_mut(call)
                    && let AgentState::Reserved(engaged) = &agent.at
                    && engaged.offer == *offer
                {
                    let engaged = engaged.clone();
                    agent.becomes(AgentState::Ringing(engaged), now);
                }
            }
            CallWord::Declined { offer } => {
                if let Some(agent) = self.agent_mut(call)
                    && agent.at.engaged().map(|engaged| engaged.offer) == Some(*offer)
                {
                    agent.missed(rest, now);
                }
            }
            CallWord::Waits => {
                let agent = self.agent_mut(call);
                match agent.map(|agent| (agent.at.clone(), agent)) {
                    // It may not have heard of the offer when it said so.
                    Some((AgentState::Reserved(_), _)) if checked => self.answer(call, stay, fx),
                    Some((AgentState::Ringing(_) | AgentState::Talking(_), agent)) => agent.missed(rest, now),
                    _ => ignored("as we know"),
                }
            }
            CallWord::Join { .. } | CallWord::Talks { .. } | CallWord::Left => ignored("handled elsewhere"),
        }
        self.drop_unlisted();
    }

    /// An agent has answered for this caller. A queue that had lost its memory learns of both from here.
    pub(super) fn talking(
        &mut self,
        call: Address,
        stay: u32,
        offer: u64,
        to: &PhoneNumber,
        fx: &mut Effects,
    ) {
        let now = fx.now();
        let elsewhere =
            |agent: &Agent| *agent.to() == *to && agent.at.engaged().is_some_and(|e| e.call != call);
        if self.agents.iter().any(elsewhere) {
            // Two calls cannot have the agent: whoever it is kept for will find the phone engaged.
            self.forget(&call, now);
            return ignored("the agent is somebody else's in our books");
        }
        if !self.is_known(&call, stay) {
            self.forget(&call, now);
            self.insert(call.clone(), stay, now, now);
        }
        self.hear(&call, now);
        let rest = self.rest();
        if let Some(other) = self.agent_mut(&call)
            && other.to() != to
        {
            other.missed(rest, now);
        }
        if self.agent_named(to).is_none() {
            let plan = AgentPlan {
                to: to.clone(),
                name: None,
                priority: 1,
                wrap_up_ms: 0,
            };
            self.agents.push(Agent::new(plan, false, now));
        }
        if let Some(agent) = self.agent_named(to)
            && !matches!(agent.at, AgentState::Talking(_))
        {
            agent.becomes(AgentState::Talking(Engaged { call, offer }), now);
        }
        self.drop_unlisted();
    }

    pub(super) fn left(&mut self, call: &Address, stay: u32, now: Timestamp) {
        if self.is_known(call, stay) {
            self.forget(call, now);
        }
    }

    /// Nothing of this call stays: no place, no agent.
    pub(super) fn forget(&mut self, call: &Address, now: Timestamp) {
        self.callers.retain(|caller| caller.call != *call);
        let mut taken = None;
        if let Some(agent) = self.agent_mut(call) {
            if let AgentState::Talking(_) = agent.at {
                let talk = u64::try_from(now.since(agent.since).as_millis()).unwrap_or(u64::MAX);
                taken = Some(talk.saturating_add(agent.plan.wrap_up_ms));
            }
            agent.released(now);
        }
        if let Some(taken) = taken {
            self.handling_ms = match self.handling_ms {
                0 => taken.max(1),
                average => (average * (SHARE - 1) + taken) / SHARE,
            };
        }
        self.drop_unlisted();
    }

    fn is_known(&self, call: &Address, stay: u32) -> bool {
        let mut callers = self.callers.iter();
        callers.any(|caller| caller.call == *call && caller.stay == stay)
    }

    pub(super) fn hear(&mut self, call: &Address, now: Timestamp) {
        if let Some(caller) = self.caller(call) {
            caller.heard = now;
            caller.checks = 0;
        }
    }

    /// Tells a caller what it should know: the agent who is kept for it, else its place.
    fn answer(&self, call: &Address, stay: u32, fx: &mut Effects) {
        match self.agent_of(call) {
            Some(agent) => {
                if let AgentState::Reserved(engaged) = &agent.at {
                    let word = QueueWord::Offer {
                        offer: engaged.offer,
                        agent: agent.to().clone(),
                    };
                    self.tell(call, stay, word, fx);
                }
            }
            None => self.place(call, stay, fx),
        }
    }

    fn place(&self, call: &Address, stay: u32, fx: &mut Effects) {
        let position = self.row().position(|caller| caller.call == *call);
        let Some(position) = position.and_then(|at| u32::try_from(at + 1).ok()) else {
            return ignored("it talks with an agent");
        };
        let waiting = u32::try_from(self.row().count()).unwrap_or(u32::MAX);
        let agents = self.agents.iter().filter(|agent| agent.listed).count().max(1) as u64;
        let estimate = self.handling_ms.saturating_mul(u64::from(position)) / agents;
        let word = QueueWord::Place {
            position,
            waiting,
            estimate_ms: Some(estimate).filter(|_| self.handling_ms > 0),
        };
        self.tell(call, stay, word, fx);
    }
}
