//! Makes a call's life visible: metrics and spans out of committed records and settled commands.
//!
//! Called at commit and by the outbox. Ids and times come from records, so the same record always gives the same
//! span. Nothing is decided here, and no number, digit or text may pass.

mod again;
mod errands;
mod events;
mod life;
mod place;
mod spans;
mod texts;
mod turn;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cordboard_core::{Address, Attempt, Effect, EventBody, Input, Issued, Outcome, RefusalKind};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::{TraceId, Tracer};

use crate::census::Census;
use crate::journal::{EffectKey, Record};
use crate::outbox::Outbox;
use crate::witness::{Errand, Witnessed, word_of};
pub use again::{Retelling, Retold};
pub(crate) use turn::{Moment, Phases};

/// Metrics and spans of the actors.
#[derive(Clone)]
pub struct Telemetry {
    tracer: Tracer,
    metrics: Metrics,
    carrier: &'static str,
    /// A few traces that were exported whole, for people to look at.
    examples: Arc<Mutex<Vec<TraceId>>>,
    census: Arc<Census>,
}

/// So many example traces are remembered.
const EXAMPLES: usize = 3;

impl Telemetry {
    /// For a carrier named `carrier`.
    pub fn new(tracer: Tracer, metrics: Metrics, carrier: &'static str) -> Self {
        Self {
            tracer,
            metrics,
            carrier,
            examples: Arc::default(),
            census: Arc::default(),
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

    fn remember(&self, trace: TraceId) {
        let mut examples = self.examples.lock().unwrap_or_else(PoisonError::into_inner);
        if examples.len() < EXAMPLES {
            examples.push(trace);
        }
    }

    /// Whether anybody looks at traces of this life: only then records keep what only this process sees.
    pub(crate) fn witnesses(&self, address: &Address, incarnation: u64) -> bool {
        self.tracer.enabled()
            && match address {
                Address::Call(_) | Address::Conference(_) | Address::Queue(_) => {
                    self.tracer.records(place::trace_of(address, incarnation))
                }
                // Each text has a trace of its own; which are exported is decided for each.
                Address::Sms(_) => true,
            }
    }

    /// What goes into a record for its spans, just before the record is handed over.
    pub(crate) fn witness(
        &self,
        outbox: &Outbox,
        record: &Record,
        waited: Duration,
        handled: Duration,
        errand: Option<Box<Errand>>,
    ) -> Option<Witnessed> {
        if !self.witnesses(&record.address, record.incarnation) {
            return None;
        }
        let proven = record.effects.iter().filter_map(|effect| match effect {
            Effect::Settle { command } => outbox.errand(command),
            _ => None,
        });
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Some(Witnessed {
            waited_us: micros(waited),
            handled_us: micros(handled),
            errands: errand.map(|errand| *errand).into_iter().chain(proven).collect(),
        })
    }

    /// The W3C `traceparent` for a request to the user's own program; `None` where traces go nowhere.
    pub(crate) fn context_of(&self, key: &EffectKey, incarnation: u64) -> Option<String> {
        self.tracer.enabled().then(|| {
            let (trace, span) = errands::request(key, incarnation);
            self.tracer.context(trace, span).to_string()
        })
    }

    /// A record is durable, so long after its turn began.
    pub(crate) fn transition(&self, record: &Record, phases: &Phases, durable_after: Duration) {
        self.count(record, phases);
        if !self.witnesses(&record.address, record.incarnation) {
            return;
        }
        for span in spans::told_by(record, phases, self.carrier) {
            self.tracer.emit(span);
        }
        for span in spans::append(record, durable_after) {
            self.tracer.emit(span);
        }
        let over = |effect: &Effect| matches!(effect, Effect::Ended { .. });
        if matches!(record.address, Address::Call(_)) && record.effects.iter().any(over) {
            self.remember(place::trace_of(&record.address, record.incarnation));
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

    pub(crate) fn attempt(&self, issued: &Issued, number: u32, result: &Attempt, took: Duration) {
        let commands = &self.metrics.commands;
        let name = issued.command.name();
        commands.attempts.inc([name, word_of(result)]);
        if number > 1 {
            commands.retries.inc([name]);
        }
        commands.duration.observe(took);
    }

    /// A command is settled; without an outcome an event proved it.
    pub(crate) fn settled(&self, issued: &Issued, outcome: Option<&Outcome>) {
        if let Some(Outcome::Refused(refusal)) = outcome
            && refusal.kind == RefusalKind::Unauthorized
            && refusal.status != 401
        {
            let command = issued.command.name();
            tracing::error!(
                command,
                carrier = self.carrier,
                "the carrier does not allow this to our API key: check its rights"
            );
        }
        let outcome = outcome.map_or("accepted", Outcome::label);
        self.metrics
            .commands
            .settled
            .inc([issued.command.name(), outcome]);
    }

    /// Who is live.
    pub fn census(&self) -> &Census {
        &self.census
    }

    fn count(&self, record: &Record, phases: &Phases) {
        let ended = record.effects.iter().find_map(|effect| match effect {
            Effect::Ended { reason } => Some(*reason),
            _ => None,
        });
        let call_is_over = ended.is_some() && matches!(record.address, Address::Call(_));
        self.census
            .told(&self.metrics, &record.address, &phases.after, call_is_over);
        match &record.address {
            Address::Call(_) => {
                if record.seq == 1 {
                    self.metrics.calls.started.inc([direction(record)]);
                }
                if let Some(reason) = ended {
                    self.metrics.calls.ended.inc([reason.label()]);
                    if let Some(began) = phases.after.story.began_at {
                        self.metrics.calls.duration.observe(record.at.since(began));
                    }
                }
            }
            Address::Conference(_) => {
                let lives = |phase: &str| matches!(phase, "live" | "closing");
                if !lives(phases.before.phase) && lives(phases.after.phase) {
                    self.metrics.conferences.created.inc();
                }
                if let Some(reason) = ended {
                    self.metrics.conferences.ended.inc([reason.label()]);
                }
            }
            Address::Queue(queue) => {
                let census = phases.after.story.census.clone().unwrap_or_default();
                let metrics = &self.metrics.queues;
                metrics.show(queue.as_str(), census.waiting, &census.agents);
            }
            Address::Sms(_) => texts::count(record, &self.metrics.messages),
        }
    }
}

fn direction(record: &Record) -> &'static str {
    match &record.cause {
        Input::Event { event, .. } if matches!(event.body, EventBody::CallInitiated { .. }) => "incoming",
        Input::Operator(_) => "outgoing",
        _ => "unknown",
    }
}
