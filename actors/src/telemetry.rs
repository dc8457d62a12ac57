//! Makes a call's life visible: metrics and spans out of committed records and settled commands.
//!
//! Called at commit and by the outbox. Ids and times come from records, so the same record always gives the same
//! span. Nothing is decided here, and no number, digit or text may pass.

mod spans;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cordboard_core::{
    Address, Attempt, Effect, EventBody, Input, Issued, Outcome, RefusalKind, Story, Timestamp,
};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::{TraceId, Tracer};

use crate::journal::{EffectKey, Record};

/// Metrics and spans of the actors.
#[derive(Clone)]
pub struct Telemetry {
    tracer: Tracer,
    metrics: Metrics,
    carrier: &'static str,
    /// A few traces that were exported whole, for people to look at.
    examples: Arc<Mutex<Vec<TraceId>>>,
}

/// So many example traces are remembered.
const EXAMPLES: usize = 3;

/// One transition, as the commit saw it.
pub(crate) struct TransitionSeen<'a> {
    pub(crate) record: &'a Record,
    pub(crate) phase_before: &'static str,
    pub(crate) phase_after: &'static str,
    /// When the phase before began.
    pub(crate) phase_since: Timestamp,
    /// Life before the transition, then after it.
    pub(crate) before: &'a (u64, Story),
    pub(crate) after: &'a (u64, Story),
    /// Time in the mailbox.
    pub(crate) waited: Duration,
    /// From hand-over to durable.
    pub(crate) journalled: Duration,
}

/// One attempt, as the outbox saw it.
#[derive(Clone, Debug)]
pub(crate) struct AttemptSeen {
    pub(crate) started: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) result: &'static str,
}

/// One settled command, as the outbox saw it.
pub(crate) struct CommandSeen<'a> {
    pub(crate) key: &'a EffectKey,
    pub(crate) incarnation: u64,
    pub(crate) issued: &'a Issued,
    pub(crate) queued_at: Timestamp,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) attempts: &'a [AttemptSeen],
    /// `None`: an event proved it.
    pub(crate) outcome: Option<&'a Outcome>,
}

impl AttemptSeen {
    pub(crate) fn of(result: &Attempt, started: Timestamp, ended: Timestamp) -> Self {
        let result = match result {
            Attempt::Accepted(_) => "accepted",
            Attempt::Refused(refusal) => refusal.kind.label(),
            Attempt::TryLater { why, .. } | Attempt::InDoubt { why } => why,
        };
        Self {
            started,
            ended,
            result,
        }
    }
}

impl Telemetry {
    /// For a carrier named `carrier`.
    pub fn new(tracer: Tracer, metrics: Metrics, carrier: &'static str) -> Self {
        Self {
            tracer,
            metrics,
            carrier,
            examples: Arc::default(),
        }
    }

    /// The tracer, for flushing at the end.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Traces of the first few calls that ended, when traces are exported.
    pub fn examples(&self) -> Vec<TraceId> {
        self.examples
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn remember(&self, address: &Address, incarnation: u64) {
        let trace = spans::trace_of(address, incarnation);
        let mut examples = self.examples.lock().unwrap_or_else(PoisonError::into_inner);
        if examples.len() < EXAMPLES && self.tracer.records(trace) {
            examples.push(trace);
        }
    }

    pub(crate) fn transition(&self, seen: &TransitionSeen<'_>) {
        self.count(seen);
        if self.tracer.enabled() {
            spans::transition(&self.tracer, seen);
            let over = |effect: &Effect| matches!(effect, Effect::Ended { .. });
            if matches!(seen.record.address, Address::Call(_)) && seen.record.effects.iter().any(over) {
                self.remember(&seen.record.address, seen.record.incarnation);
            }
        }
    }

    pub(crate) fn first_attempt(&self, issued: &Issued, received: Instant) {
        if !issued.command.is_query() {
            self.metrics
                .webhooks
                .to_command_duration
                .observe(received.elapsed());
        }
    }

    pub(crate) fn attempt(&self, issued: &Issued, number: usize, took: Duration) {
        let commands = &self.metrics.commands;
        let name = issued.command.name();
        commands.attempts.inc([name]);
        if number > 1 {
            commands.retries.inc([name]);
        }
        commands.duration.observe(took);
    }

    pub(crate) fn command(&self, seen: &CommandSeen<'_>) {
        if let Some(Outcome::Refused(refusal)) = seen.outcome
            && refusal.kind == RefusalKind::Unauthorized
            && refusal.status != 401
        {
            let command = seen.issued.command.name();
            tracing::error!(
                command,
                carrier = self.carrier,
                "the carrier does not allow this to our API key: check its rights"
            );
        }
        let outcome = seen.outcome.map_or("accepted", Outcome::label);
        self.metrics
            .commands
            .settled
            .inc([seen.issued.command.name(), outcome]);
        if self.tracer.enabled() {
            spans::command(&self.tracer, self.carrier, seen);
        }
    }

    fn count(&self, seen: &TransitionSeen<'_>) {
        let ended = seen.record.effects.iter().find_map(|effect| match effect {
            Effect::Ended { reason } => Some(*reason),
            _ => None,
        });
        match &seen.record.address {
            Address::Call(_) => {
                if seen.record.seq == 1 {
                    self.metrics.calls.live.inc();
                    let direction = match &seen.record.cause {
                        Input::Event { event, .. }
                            if matches!(event.body, EventBody::CallInitiated { .. }) =>
                        {
                            "incoming"
                        }
                        _ => "unknown",
                    };
                    self.metrics.calls.started.inc([direction]);
                }
                if let Some(reason) = ended {
                    self.metrics.calls.live.dec();
                    self.metrics.calls.ended.inc([reason.label()]);
                    if let Some(began) = seen.after.1.began_at {
                        self.metrics.calls.duration.observe(seen.record.at.since(began));
                    }
                }
            }
            Address::Conference(_) => {
                let lives = |phase: &str| matches!(phase, "live" | "closing");
                if !lives(seen.phase_before) && lives(seen.phase_after) {
                    self.metrics.conferences.live.inc();
                    self.metrics.conferences.created.inc();
                }
                if let Some(reason) = ended {
                    self.metrics.conferences.live.dec();
                    self.metrics.conferences.ended.inc([reason.label()]);
                }
            }
            Address::Queue(queue) => {
                let census = seen.after.1.census.clone().unwrap_or_default();
                let metrics = &self.metrics.queues;
                metrics.show(queue.as_str(), census.waiting, &census.agents);
            }
            Address::Sms(_) => {}
        }
    }
}
