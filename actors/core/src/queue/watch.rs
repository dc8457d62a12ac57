//! Time: agents become free, calls that say nothing are asked and at last forgotten.

use std::time::Duration;

use crate::effect::Effects;
use crate::queue::agent::AgentState;
use crate::queue::word::QueueWord;
use crate::queue::{Caller, QueueMachine};
use crate::time::Timestamp;

/// A call that waits asks for its place by itself; one that does not for so long is asked.
const QUIET: Duration = Duration::from_secs(180);
/// A call answers an offer as soon as its record is durable.
const ANSWERS: Duration = Duration::from_secs(20);
/// Past its ringing a call has hung up the agent's phone, or says that the agent talks.
const RINGS: Duration = Duration::from_secs(60);
/// A check is answered as fast as an offer; so long to wait for it, in case everything has just been started again.
const AGAIN: Duration = Duration::from_secs(30);
/// A call that lets so many checks pass is served by nobody any more: it was ended by hand, or its journal is lost.
const CHECKS: u32 = 3;

impl QueueMachine {
    /// When a caller has said nothing for long enough.
    pub(super) fn patience_ends(&self, caller: &Caller) -> Timestamp {
        let patience = match self.agent_of(&caller.call).map(|agent| &agent.at) {
            Some(AgentState::Reserved(_)) => ANSWERS,
            Some(AgentState::Ringing(_)) => Duration::from_millis(self.terms.ring_ms) + RINGS,
            Some(AgentState::Talking(_) | AgentState::Free)
            | Some(AgentState::WrapUp { .. } | AgentState::Resting { .. })
            | None => QUIET,
        };
        caller.heard + patience + AGAIN * caller.checks
    }

    pub(super) fn on_deadline(&mut self, fx: &mut Effects) {
        let now = fx.now();
        for agent in &mut self.agents {
            agent.is_free_by(now);
        }
        self.drop_unlisted();
        let silent: Vec<Caller> = self
            .callers
            .iter()
            .filter(|caller| self.patience_ends(caller) <= now)
            .cloned()
            .collect();
        for caller in silent {
            if caller.checks >= CHECKS {
                self.forget(&caller.call, now);
                // Should it live after all, it joins again.
                self.tell(&caller.call, caller.stay, QueueWord::Unknown, fx);
            } else {
                self.check(&caller, fx);
            }
        }
    }

    pub(super) fn check_everybody(&mut self, fx: &mut Effects) {
        for caller in self.callers.clone() {
            self.check(&caller, fx);
        }
    }

    fn check(&mut self, caller: &Caller, fx: &mut Effects) {
        if let Some(known) = self.caller(&caller.call) {
            known.checks += 1;
        }
        self.tell(&caller.call, caller.stay, QueueWord::Check, fx);
    }
}
