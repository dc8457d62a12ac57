//! Who gets whom: the first in the row gets the agent whose turn it is, as long as there are both.

use crate::effect::Effects;
use crate::queue::QueueMachine;
use crate::queue::agent::{AgentState, Engaged};
use crate::queue::word::{AgentOrder, QueueWord};

impl QueueMachine {
    /// Gives every free agent to whoever is next. Runs after each input, so that the two never wait for each other.
    pub(super) fn offer_agents(&mut self, fx: &mut Effects) {
        while let Some(at) = self.next_agent() {
            let waits = self
                .callers
                .iter()
                .find(|caller| self.agent_of(&caller.call).is_none());
            let Some((call, stay)) = waits.map(|caller| (caller.call.clone(), caller.stay)) else {
                return;
            };
            let now = fx.now();
            // Above any number of an earlier life of this queue whose memory is lost: calls pass over older offers.
            self.offers = (self.offers + 1).max(now.as_micros());
            let engaged = Engaged {
                call: call.clone(),
                offer: self.offers,
            };
            let agent = &mut self.agents[at];
            agent.becomes(AgentState::Reserved(engaged), now);
            let word = QueueWord::Offer {
                offer: self.offers,
                agent: agent.to().clone(),
            };
            // From here on its patience is that of somebody who was offered an agent.
            self.hear(&call, now);
            self.tell(&call, stay, word, fx);
        }
    }

    /// The free agent whose turn it is.
    fn next_agent(&self) -> Option<usize> {
        let free = self
            .agents
            .iter()
            .enumerate()
            .filter(|(_, agent)| agent.may_be_offered());
        let turn = free.min_by_key(|(at, agent)| match self.terms.order {
            AgentOrder::LongestIdle => (agent.plan.priority, agent.idle_since, *at),
            AgentOrder::InOrder => (agent.plan.priority, Default::default(), *at),
        });
        turn.map(|(at, _)| at)
    }
}
