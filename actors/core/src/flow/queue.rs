//! `queue`: the caller waits with music until an agent takes the call.
//!
//! Who is next and which agent is free is decided by the queue's own machine (`crate::queue`). Here the caller hears
//! music and announcements, and the one agent that the queue offers is rung.

mod agent;
mod row;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::agent::QueueAgent;
use super::kind::{Complaints, Settings, WayOut};
use super::ring::{LOOK, MARGIN, MUSIC, Ring};
use super::rule::{Happening, Next, Rule, StepTimer, Tag};
use super::span::Span;
use super::speech::music;
use super::template::Template;
use super::transfer::{LIMIT, RING, limit};
use crate::call::Stage;
use crate::event::EventBody;
use crate::hangup::EndReason;
use crate::message::Message;
use crate::outcome::Outcome;
use crate::queue::word::AgentOrder;

/// Settings of a `queue` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue; callers of all flows that name it wait in one row. Its newest caller's agents and settings hold.
    pub queue: String,
    /// Who takes calls, one call each: E.164 or SIP URI, or a table with `to` and `name`, `wrap_up`, `priority`.
    pub agents: Vec<QueueAgent>,
    /// Which free agent is rung: who is idle for longest, or the first of the list. A lower `priority` comes first.
    #[serde(default)]
    pub order: AgentOrder,
    /// Audio while waiting, on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<Template>,
    /// Said now and then; can name `position`, `waiting`, and `waited` and `estimate` in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Template>,
    /// How often it is said.
    #[serde(default = "half_a_minute")]
    pub every: Span,
    /// The longest wait.
    #[serde(default = "five_minutes")]
    pub max_wait: Span,
    /// Most callers who wait at the same time.
    #[serde(default = "hundred")]
    pub max_waiting: u32,
    /// How long an agent's phone rings.
    #[serde(default = "twenty_seconds")]
    pub ring: Span,
    /// How long an agent who did not take a call is left alone.
    #[serde(default = "ten_seconds")]
    pub rest: Span,
    /// How long an agent is left alone after a call.
    #[serde(default = "quarter_of_a_minute")]
    pub wrap_up: Span,
    /// The number shown to agents; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// How long they may talk.
    #[serde(default = "limit")]
    pub limit: Span,
}

/// Rests and wrap-up times. At least a second: a phone that was just hung up finds itself engaged else.
const BREAK: (Span, Span) = (Span::secs(1), Span::secs(600));
/// The whole row is in each of the queue's records, some 100 bytes a caller.
const MOST_WAITING: u32 = 500;

fn half_a_minute() -> Span {
    Span::secs(30)
}

fn twenty_seconds() -> Span {
    Span::secs(20)
}

fn quarter_of_a_minute() -> Span {
    Span::secs(15)
}

fn ten_seconds() -> Span {
    Span::secs(10)
}

fn five_minutes() -> Span {
    Span::secs(300)
}

fn hundred() -> u32 {
    100
}

impl Settings for Queue {
    type Progress = Progress;

    const NAME: &'static str = "queue";
    const SUMMARY: &'static str =
        "Lets the caller wait in a row for the next free agent, first come first served.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "bridged",
            "An agent took the call and has hung up; the caller is still there.",
        ),
        WayOut::sorry("timeout", "Nobody was free in time.", EndReason::TransferFailed),
        WayOut::sorry("full", "As many callers wait as may.", EndReason::TransferFailed),
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
        let own = self.agents.iter().filter_map(|agent| agent.wrap_up);
        let breaks = own.into_iter().all(|span| (BREAK.0..=BREAK.1).contains(&span));
        complaints.require(
            breaks,
            "agents",
            "has a wrap_up that does not lie between 1s and 10m",
        );
        let ranked = self.agents.iter().all(|agent| (1..=9).contains(&agent.priority));
        complaints.require(
            ranked,
            "agents",
            "has a priority that does not lie between 1 and 9",
        );
        complaints.range("every", self.every, Span::secs(5), Span::secs(600));
        complaints.range("max_wait", self.max_wait, Span::secs(5), Span::secs(14_400));
        complaints.range("max_waiting", self.max_waiting, 1, MOST_WAITING);
        complaints.range("ring", self.ring, RING.0, RING.1);
        complaints.range("rest", self.rest, BREAK.0, BREAK.1);
        complaints.range("wrap_up", self.wrap_up, BREAK.0, BREAK.1);
        complaints.range("limit", self.limit, LIMIT.0, LIMIT.1);
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all: Vec<_> = self.agents.iter().map(|agent| ("agents", &agent.to)).collect();
        for (key, text) in [("music", &self.music), ("say", &self.say), ("from", &self.from)] {
            all.extend(text.iter().map(|text| (key, text)));
        }
        all
    }
}

/// The longest wait is over.
const TOO_LONG: StepTimer = StepTimer::Two;
/// The queue is asked for the place, which is then announced; while they talk the same timer asks about the far end.
const ASK: StepTimer = LOOK;
/// A queue that answers no question for so long is no queue.
const SILENCE: Duration = Duration::from_secs(120);
const SPEECH: Tag = MUSIC - 1;

/// Where a caller in the queue stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The agent who is offered; nobody between two offers.
    ring: Ring,
    /// The latest offer: older ones, and this one said again, are passed over.
    #[serde(default)]
    offer: u64,
    /// The queue knows that the agent has answered.
    #[serde(default)]
    told: bool,
    /// Questions since the queue's latest answer.
    #[serde(default)]
    unanswered: u32,
    /// It is time to say the place once it is known.
    #[serde(default)]
    due: bool,
    /// The announcement is spoken instead of the music.
    announcing: bool,
}

impl Rule for Queue {
    fn enter(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        let can_ring = stage.connection().is_some() && stage.shown_number(self.from.as_ref()).is_some();
        if !can_ring {
            return Next::done("failed");
        }
        stage.set_timer(TOO_LONG, self.max_wait.get());
        let next = self.join(progress, stage);
        if next == Next::Wait {
            music(stage, self.music.as_ref(), MUSIC);
        }
        next
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Message(Message::FromQueue { word, .. }) => return self.heard(progress, word, stage),
            Happening::Timer(TOO_LONG) if progress.ring.has_answered() => {
                // They are being connected. Should that fail, the wait is over.
                stage.set_timer(TOO_LONG, MARGIN + MARGIN);
                return Next::Wait;
            }
            Happening::Timer(TOO_LONG) => {
                progress.ring.give_up(stage);
                return self.quiet(Next::done("timeout"), stage);
            }
            Happening::Timer(ASK) if progress.ring.talks() => self.report(progress, stage),
            Happening::Timer(ASK) => return self.ask(progress, stage),
            Happening::Event {
                body: EventBody::SpeakEnded { .. },
                ..
            } if progress.announcing => {
                progress.announcing = false;
                if !progress.ring.has_answered() {
                    music(stage, self.music.as_ref(), MUSIC);
                }
                return Next::Wait;
            }
            Happening::Outcome {
                tag: SPEECH,
                outcome: Outcome::Refused(_),
            } if progress.announcing => {
                progress.announcing = false;
                music(stage, self.music.as_ref(), MUSIC);
                return Next::Wait;
            }
            Happening::Overdue => progress.ring.give_up(stage),
            Happening::Event { .. }
            | Happening::Far { .. }
            | Happening::Outcome { .. }
            | Happening::Http { .. }
            | Happening::Message(_) => {}
        }
        progress.ring.on(what, &self.terms(), stage);
        self.went_on(progress, stage)
    }

    fn phase(progress: &Progress) -> &'static str {
        if progress.ring.talks() { "bridged" } else { "queue" }
    }
}
