//! One agent of a queue: free, kept for a caller, rung, talking, or left alone for a while. Changed by the queue alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::phone::PhoneNumber;
use crate::queue::word::AgentPlan;
use crate::time::Timestamp;

/// A phone that rang for a caller who has left is still being hung up: to ring it at once would find it engaged.
const SETTLES: Duration = Duration::from_secs(3);

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// As the newest table has it.
    #[serde(flatten)]
    pub plan: AgentPlan,
    /// The newest table lists it. Who is not listed any more is rung no more, and forgotten when free.
    pub listed: bool,
    /// What the agent does.
    pub at: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// When the agent was last set free after a call or a miss.
    pub idle_since: Timestamp,
}

/// What an agent does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// May be offered.
    #[default]
    Free,
    /// Offered to a call that has not rung yet.
    Reserved(Engaged),
    /// The phone rings.
    Ringing(Engaged),
    /// Has answered.
    Talking(Engaged),
    /// Works after a call.
    WrapUp {
        /// Until when.
        until: Timestamp,
    },
    /// Did not take a call, and is left alone.
    Resting {
        /// Until when.
        until: Timestamp,
    },
}

/// For whom an agent is not free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engaged {
    /// The call.
    pub call: Address,
    /// The offer.
    pub offer: u64,
}

impl AgentState {
    /// snake_case word.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Reserved(_) => "reserved",
            Self::Ringing(_) => "ringing",
            Self::Talking(_) => "talking",
            Self::WrapUp { .. } => "wrap_up",
            Self::Resting { .. } => "resting",
        }
    }

    /// The call that has the agent.
    pub fn engaged(&self) -> Option<&Engaged> {
        match self {
            Self::Reserved(engaged) | Self::Ringing(engaged) | Self::Talking(engaged) => Some(engaged),
            Self::Free | Self::WrapUp { .. } | Self::Resting { .. } => None,
        }
    }

    /// When the agent is free again by itself.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::WrapUp { until } | Self::Resting { until } => Some(*until),
            Self::Free | Self::Reserved(_) | Self::Ringing(_) | Self::Talking(_) => None,
        }
    }
}

impl Agent {
    pub(super) fn new(plan: AgentPlan, listed: bool, now: Timestamp) -> Self {
        Self {
            plan,
            listed,
            at: AgentState::Free,
            since: now,
            idle_since: now,
        }
    }

    /// Who the agent is.
    pub fn to(&self) -> &PhoneNumber {
        &self.plan.to
    }

    /// Whether a caller may have this agent.
    pub fn may_be_offered(&self) -> bool {
        self.listed && self.at == AgentState::Free
    }

    pub(super) fn serves(&self, call: &Address) -> bool {
        self.at.engaged().is_some_and(|engaged| engaged.call == *call)
    }

    pub(super) fn becomes(&mut self, at: AgentState, now: Timestamp) {
        self.at = at;
        self.since = now;
    }

    /// Did not take the call.
    pub(super) fn missed(&mut self, rest: Duration, now: Timestamp) {
        self.becomes(AgentState::Resting { until: now + rest }, now);
    }

    /// The caller is gone. From talking an agent goes straight to the work after the call: nobody sees it free between.
    pub(super) fn released(&mut self, now: Timestamp) {
        match self.at {
            AgentState::Talking(_) => {
                let until = now + Duration::from_millis(self.plan.wrap_up_ms);
                self.becomes(AgentState::WrapUp { until }, now);
            }
            AgentState::Ringing(_) => self.missed(SETTLES, now),
            // The call took leave before it heard of the offer: no phone rang.
            AgentState::Reserved(_) => self.becomes(AgentState::Free, now),
            AgentState::Free | AgentState::WrapUp { .. } | AgentState::Resting { .. } => {}
        }
    }

    /// Time has passed: true when that has set the agent free.
    pub(super) fn is_free_by(&mut self, now: Timestamp) -> bool {
        let due = self.at.until().is_some_and(|until| until <= now);
        if due {
            self.becomes(AgentState::Free, now);
            self.idle_since = now;
        }
        due
    }
}
