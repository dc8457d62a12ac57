//! `queue`: the caller waits with music until an agent takes the call.
//!
//! Every waiting call goes through the agents by itself, each from another one on, and a phone that is engaged tells
//! so: no agent gets two calls, but nobody counts places in the row.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::ring::{LOOK, MARGIN, MUSIC, Outlook, Ring, Terms};
use super::rule::{Happening, Next, Rule, StepTimer, Tag};
use super::span::Span;
use super::speech::{music, speak, stop_music};
use super::template::Template;
use super::transfer::{LIMIT, RING, limit};
use crate::call::Stage;
use crate::event::EventBody;
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
    /// Said now and then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Template>,
    /// How often it is said.
    #[serde(default = "half_a_minute")]
    pub every: Span,
    /// The longest wait.
    #[serde(default = "five_minutes")]
    pub max_wait: Span,
    /// How long an agent's phone rings.
    #[serde(default = "twenty_seconds")]
    pub ring: Span,
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

impl Settings for Queue {
    type Progress = Progress;

    const NAME: &'static str = "queue";
    const SUMMARY: &'static str = "Lets the caller wait for the first free agent.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "bridged",
            "An agent took the call and has hung up; the caller is still there.",
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
        complaints.range("ring", self.ring, RING.0, RING.1);
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

/// The longest wait is over.
const TOO_LONG: StepTimer = StepTimer::Two;
/// The next announcement is due; while they talk the same timer asks about the far end.
const ANNOUNCE: StepTimer = LOOK;
/// Between two rounds in which nobody was free.
const BREATH: Duration = Duration::from_secs(3);
const SPEECH: Tag = MUSIC - 1;

/// Where a caller in the queue stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    ring: Ring,
    /// Rounds through the agents so far.
    rounds: u32,
    /// All agents were tried; a moment passes before the next round.
    resting: bool,
    /// The announcement is spoken instead of the music.
    announcing: bool,
}

impl Rule for Queue {
    fn enter(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        music(stage, self.music.as_ref(), MUSIC);
        stage.set_timer(TOO_LONG, self.max_wait.get());
        if self.say.is_some() {
            stage.set_timer(ANNOUNCE, self.every.get());
        }
        self.round(progress, stage)
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Timer(TOO_LONG) if !progress.ring.talks() => {
                progress.ring.give_up(stage);
                return self.quiet(Next::done("timeout"), stage);
            }
            Happening::Timer(ANNOUNCE) if !progress.ring.talks() => {
                self.announce(progress, stage);
                return Next::Wait;
            }
            Happening::Event {
                body: EventBody::SpeakEnded { .. },
                ..
            } if progress.announcing => {
                progress.announcing = false;
                music(stage, self.music.as_ref(), MUSIC);
                return Next::Wait;
            }
            Happening::Overdue if progress.resting => return self.round(progress, stage),
            Happening::Overdue => progress.ring.give_up(stage),
            _ => {}
        }
        progress.ring.on(what, &self.terms(), stage);
        self.went_on(progress, stage)
    }

    fn phase(progress: &Progress) -> &'static str {
        if progress.ring.talks() { "bridged" } else { "queue" }
    }
}

impl Queue {
    fn terms(&self) -> Terms<'_> {
        Terms {
            from: self.from.as_ref(),
            ring: self.ring.get(),
            limit: self.limit.get(),
            accept: None,
            whisper: None,
            detect_machine: false,
            music: self.music.is_some(),
        }
    }

    /// Once more through all agents, each call from another one on, so that callers do not all ring the same phone.
    fn round(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        progress.resting = false;
        // An agent of an earlier round who comes up late is nobody whom this round rings.
        stage.begin_anew();
        let mut agents: Vec<_> = self
            .agents
            .iter()
            .filter_map(|agent| stage.target(agent))
            .collect();
        if agents.is_empty() {
            return self.quiet(Next::done("failed"), stage);
        }
        let first = (stage.lot() + progress.rounds as usize) % agents.len();
        agents.rotate_left(first);
        progress.rounds = progress.rounds.saturating_add(1);
        progress.ring = Ring::of(agents);
        self.ring_more(progress, stage);
        self.went_on(progress, stage)
    }

    fn ring_more(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> bool {
        let terms = self.terms();
        stage.overdue_in(terms.ring + MARGIN);
        progress.ring.ring_next(&terms, stage)
    }

    fn went_on(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        match progress.ring.result() {
            Outlook::Open => Next::Wait,
            Outlook::Talked => Next::done("bridged"),
            Outlook::Nobody(_) if progress.resting => Next::Wait,
            Outlook::Nobody(_) => {
                if !self.ring_more(progress, stage) {
                    progress.resting = true;
                    stage.overdue_in(BREATH);
                }
                Next::Wait
            }
        }
    }

    fn announce(&self, progress: &mut Progress, stage: &mut Stage<'_>) {
        stage.set_timer(ANNOUNCE, self.every.get());
        if let Some(text) = self.say.as_ref().and_then(|say| stage.text(say)) {
            if self.music.is_some() {
                stop_music(stage, MUSIC);
            }
            progress.announcing = true;
            let voice = stage.voice(None, None);
            // Each announcement is one of its own: the same words with the same state would be a repetition.
            stage.prompt(speak(text, voice), SPEECH);
        }
    }

    fn quiet(&self, next: Next, stage: &mut Stage<'_>) -> Next {
        if self.music.is_some() {
            stop_music(stage, MUSIC);
        }
        next
    }
}
