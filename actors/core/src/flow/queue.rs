//! `queue`: the caller waits with music until an agent takes the call.
//!
//! Who is next and which agent is free is decided by the queue's own machine (`crate::queue`). Here the caller hears
//! music and announcements, and the one agent that the queue offers is rung.

mod agent;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::agent::QueueAgent;
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
use crate::message::Message;
use crate::outcome::Outcome;
use crate::queue::word::{AgentOrder, AgentPlan, CallWord, QueueRefusal, QueueTable, QueueWord};

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

    /// Who serves the queue, as this caller's flow has it.
    fn table(&self, stage: &Stage<'_>) -> QueueTable {
        let plan = |agent: &QueueAgent| {
            Some(AgentPlan {
                to: stage.target(&agent.to)?,
                name: agent.name.clone(),
                priority: agent.priority,
                wrap_up_ms: agent.wrap_up.unwrap_or(self.wrap_up).as_millis().into(),
            })
        };
        QueueTable {
            agents: self.agents.iter().filter_map(plan).collect(),
            order: self.order,
            ring_ms: self.ring.as_millis().into(),
            rest_ms: self.rest.as_millis().into(),
            max_waiting: self.max_waiting,
        }
    }

    /// Into the row. From here on the queue is asked every so often, until the longest wait is over.
    fn join(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        let table = self.table(stage);
        if table.agents.is_empty() {
            return self.quiet(Next::done("failed"), stage);
        }
        progress.ring = Ring::default();
        progress.told = false;
        stage.never_overdue();
        stage.set_timer(ASK, self.every.get());
        stage.queue_up(&self.queue, table);
        Next::Wait
    }

    fn heard(&self, progress: &mut Progress, word: &QueueWord, stage: &mut Stage<'_>) -> Next {
        progress.unanswered = 0;
        match word {
            QueueWord::Place {
                position,
                waiting,
                estimate_ms,
            } => {
                stage.set("call", "position", json!(position));
                stage.set("call", "waiting", json!(waiting));
                stage.set("call", "waited", json!(stage.in_step_for().as_secs() / 60));
                let estimate = estimate_ms.map(|ms| ms.div_ceil(60_000));
                stage.set(
                    "call",
                    "estimate",
                    estimate.map_or(json!(""), |minutes| json!(minutes)),
                );
                self.announce(progress, stage);
            }
            QueueWord::Refused(QueueRefusal::Full) => return self.quiet(Next::done("full"), stage),
            QueueWord::Refused(QueueRefusal::NoAgents) => return self.quiet(Next::done("failed"), stage),
            QueueWord::Offer { offer, agent } => {
                if *offer <= progress.offer {
                    return Next::Wait;
                }
                if !progress.ring.is_empty() {
                    stage.tell_queue(CallWord::Declined { offer: *offer });
                    return Next::Wait;
                }
                progress.offer = *offer;
                progress.ring = Ring::of(vec![agent.clone()]);
                // Whoever was rung before and comes up late is nobody whom this offer rings.
                stage.begin_anew();
                stage.overdue_in(self.ring.get() + MARGIN);
                progress.ring.ring_next(&self.terms(), stage);
                self.report(progress, stage);
                return self.went_on(progress, stage);
            }
            QueueWord::Check => self.report(progress, stage),
            QueueWord::Unknown if progress.ring.has_answered() => self.report(progress, stage),
            QueueWord::Unknown => {
                progress.ring.give_up(stage);
                stage.begin_anew();
                return self.join(progress, stage);
            }
        }
        Next::Wait
    }

    /// Tells the queue where the caller stands.
    fn report(&self, progress: &Progress, stage: &mut Stage<'_>) {
        let offer = progress.offer;
        stage.tell_queue(match progress.ring.first_target() {
            Some(agent) if progress.ring.has_answered() => CallWord::Talks {
                offer,
                agent: agent.clone(),
            },
            Some(_) => CallWord::Rings { offer },
            None => CallWord::Waits,
        });
    }

    /// Asks for the place. A queue that never answers is given up: the caller must not wait for nobody.
    fn ask(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        stage.set_timer(ASK, self.every.get());
        if !stage.is_queued() {
            return Next::Wait;
        }
        let patience = (SILENCE.as_millis() / self.every.get().as_millis().max(1)).max(3);
        if u128::from(progress.unanswered) >= patience && progress.ring.is_empty() {
            return self.quiet(Next::done("failed"), stage);
        }
        progress.unanswered += 1;
        progress.due = true;
        stage.tell_queue(CallWord::Asks);
        Next::Wait
    }

    fn went_on(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        if progress.ring.is_empty() {
            return Next::Wait;
        }
        match progress.ring.result() {
            Outlook::Talked => Next::done("bridged"),
            Outlook::Open => {
                if progress.ring.has_answered() && !progress.told {
                    progress.told = true;
                    self.report(progress, stage);
                }
                Next::Wait
            }
            // The call began to wait before its queue had a machine.
            Outlook::Nobody(_) if !stage.is_queued() => {
                stage.begin_anew();
                self.join(progress, stage)
            }
            Outlook::Nobody(_) => {
                if progress.told {
                    music(stage, self.music.as_ref(), MUSIC);
                }
                progress.ring = Ring::default();
                progress.told = false;
                stage.begin_anew();
                stage.never_overdue();
                stage.tell_queue(CallWord::Declined {
                    offer: progress.offer,
                });
                Next::Wait
            }
        }
    }

    fn announce(&self, progress: &mut Progress, stage: &mut Stage<'_>) {
        let due = std::mem::take(&mut progress.due);
        if !due || progress.ring.has_answered() {
            return;
        }
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
