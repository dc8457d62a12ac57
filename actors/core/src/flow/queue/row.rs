//! A call in the row: joining, what the queue says and is told, the agent who is rung, announcements.

use serde_json::json;

use super::{ASK, Progress, Queue, QueueAgent, SILENCE, SPEECH};
use crate::call::Stage;
use crate::flow::ring::{MARGIN, MUSIC, Outlook, Ring, Terms};
use crate::flow::rule::Next;
use crate::flow::speech::{music, speak, stop_music};
use crate::queue::word::{AgentPlan, CallWord, QueueRefusal, QueueTable, QueueWord};

impl Queue {
    pub(super) fn terms(&self) -> Terms<'_> {
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
    pub(super) fn join(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
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

    pub(super) fn heard(&self, progress: &mut Progress, word: &QueueWord, stage: &mut Stage<'_>) -> Next {
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
    pub(super) fn report(&self, progress: &Progress, stage: &mut Stage<'_>) {
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
    pub(super) fn ask(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
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

    pub(super) fn went_on(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
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

    pub(super) fn quiet(&self, next: Next, stage: &mut Stage<'_>) -> Next {
        if self.music.is_some() {
            stop_music(stage, MUSIC);
        }
        next
    }
}
