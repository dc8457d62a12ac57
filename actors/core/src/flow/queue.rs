//! `queue`: the caller waits with music and hears the position until an agent takes the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::span::Span;
use super::template::Template;
use super::transfer::{LIMIT, RING, limit};
use crate::hangup::EndReason;

/// Settings of a `queue` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue; callers of all flows that name it wait in one row.
    pub queue: String,
    /// Who takes calls: E.164 or SIP URI each, in the order of preference.
    pub agents: Vec<Template>,
    /// Audio while waiting, on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<Template>,
    /// Said now and then; `{{ position }}` is the place in the row, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Template>,
    /// How often it is said.
    #[serde(default = "half_a_minute")]
    pub every: Span,
    /// The longest wait.
    #[serde(default = "five_minutes")]
    pub max_wait: Span,
    /// Most callers waiting.
    #[serde(default = "fifty")]
    pub max_size: u32,
    /// How long an agent's phone rings.
    #[serde(default = "twenty_seconds")]
    pub ring: Span,
    /// How long an agent has peace after a call, or after not answering.
    #[serde(default = "half_a_minute")]
    pub wrap_up: Span,
    /// The number shown to agents; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// How long they may talk.
    #[serde(default = "limit")]
    pub limit: Span,
}

fn half_a_minute() -> Span {
    Span::secs(30)
}

fn twenty_seconds() -> Span {
    Span::secs(20)
}

fn five_minutes() -> Span {
    Span::secs(300)
}

fn fifty() -> u32 {
    50
}

impl Settings for Queue {
    const NAME: &'static str = "queue";
    const SUMMARY: &'static str = "Lets the caller wait for the first free agent.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "bridged",
            "An agent took the call and has hung up; the caller is still there.",
        ),
        WayOut::sorry(
            "full",
            "The queue has its most callers.",
            EndReason::TransferFailed,
        ),
        WayOut::sorry("timeout", "Nobody was free in time.", EndReason::TransferFailed),
        WayOut::sorry("failed", "Nobody can be rung.", EndReason::TransferFailed),
    ];
    const WAITS_FOR_CALLER: bool = true;

    fn check(&self, complaints: &mut Complaints) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let name = (1..=60).contains(&self.queue.len()) && self.queue.bytes().all(plain);
        complaints.require(
            name,
            "queue",
            "must be 1 to 60 letters, digits, dots, dashes or underscores",
        );
        let count = (1..=100).contains(&self.agents.len());
        complaints.require(count, "agents", "must list 1 to 100 numbers or SIP addresses");
        complaints.range("every", self.every, Span::secs(5), Span::secs(600));
        complaints.range("max_wait", self.max_wait, Span::secs(5), Span::secs(14_400));
        complaints.range("max_size", self.max_size, 1, 1_000);
        complaints.range("ring", self.ring, RING.0, RING.1);
        complaints.range("wrap_up", self.wrap_up, Span::secs(0), Span::secs(3_600));
        complaints.range("limit", self.limit, LIMIT.0, LIMIT.1);
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all: Vec<_> = self.agents.iter().map(|agent| ("agents", agent)).collect();
        for (key, text) in [("music", &self.music), ("say", &self.say), ("from", &self.from)] {
            all.extend(text.iter().map(|text| (key, text)));
        }
        all
    }
}
