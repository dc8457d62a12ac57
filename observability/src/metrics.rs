//! The program's metrics: one registry, one struct of handles that are ready to count.
//!
//! Made once by the program, cloned into every actor, read by `/metrics`. Label values are words of the program
//! (event types, outcomes, reasons) and never ids, numbers or text from outside: see [`Counters`] for the fence.

mod calls;
mod commands;
mod counters;
mod durations;
mod gauges;
mod journal;
mod process;
mod queues;
mod records;
mod spans;
mod webhooks;

pub use calls::{CallMetrics, ConferenceMetrics, MessageMetrics};
pub use commands::CommandMetrics;
pub use counters::{Counters, MAX_SERIES, OTHER, known_or_other};
pub use durations::Durations;
pub use gauges::{Gauges, word};
pub use journal::JournalMetrics;
pub use process::{ActorMetrics, BuildVersion, ReconcilerMetrics};
pub use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
pub use queues::QueueMetrics;
pub use records::RecordsMetrics;
pub use spans::SpanCounters;
pub use webhooks::WebhookMetrics;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// `Content-Type` of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// First word of every metric's name.
const PREFIX: &str = "cordboard";

/// Every handle, ready to use; cheap to clone, all clones count into one registry.
#[derive(Clone)]
pub struct Metrics(Arc<Board>);

/// The handles by room. Reached through [`Metrics`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Board {
    /// What came in from the carriers.
    pub webhooks: WebhookMetrics,
    /// What became durable.
    pub journal: JournalMetrics,
    /// What went out to the carriers.
    pub commands: CommandMetrics,
    /// Calls as their actors see them.
    pub calls: CallMetrics,
    /// Conferences as their actors see them.
    pub conferences: ConferenceMetrics,
    /// Queues, their callers and agents.
    pub queues: QueueMetrics,
    /// Text messages.
    pub messages: MessageMetrics,
    /// Actors, mailboxes, timers.
    pub actors: ActorMetrics,
    /// What the comparison with the carrier found.
    pub reconciler: ReconcilerMetrics,
    /// How the books keep up.
    pub records: RecordsMetrics,
    /// What became of our own spans.
    pub spans: SpanCounters,
    registry: Registry,
}

impl Metrics {
    /// A fresh registry with every metric at zero.
    #[must_use]
    pub fn new(build: &BuildVersion) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        process::register_build(&mut registry, build);
        Self(Arc::new(Board {
            webhooks: WebhookMetrics::register(&mut registry),
            journal: JournalMetrics::register(&mut registry),
            commands: CommandMetrics::register(&mut registry),
            calls: CallMetrics::register(&mut registry),
            conferences: ConferenceMetrics::register(&mut registry),
            queues: QueueMetrics::register(&mut registry),
            messages: MessageMetrics::register(&mut registry),
            actors: ActorMetrics::register(&mut registry),
            reconciler: ReconcilerMetrics::register(&mut registry),
            records: RecordsMetrics::register(&mut registry),
            spans: SpanCounters::register(&mut registry),
            registry,
        }))
    }

    /// All metrics as OpenMetrics text, to be served with [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        let mut page = String::with_capacity(16 * 1024);
        text::encode(&mut page, &self.0.registry).expect("writing into a String cannot fail");
        page
    }
}

impl Default for Metrics {
    /// For tests and tools: metrics of an unnamed build.
    fn default() -> Self {
        Self::new(&BuildVersion::default())
    }
}

impl Deref for Metrics {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.0
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests;
