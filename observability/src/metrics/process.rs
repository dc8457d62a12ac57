//! The process itself: its build, its actors and timers, what the reconciler found.
//!
//! Counted by the registry of actors, the supervisors and the reconciler.

use super::{Counter, Counters, Durations, Gauge, durations};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Which build is running, for `cordboard_build_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildVersion {
    /// Version of the program.
    pub version: String,
    /// Commit it was built from, or `unknown`.
    pub revision: String,
}

impl Default for BuildVersion {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: "unknown".to_owned(),
        }
    }
}

pub(super) fn register_build(registry: &mut Registry, build: &BuildVersion) {
    let labels = vec![
        ("version", build.version.clone()),
        ("revision", build.revision.clone()),
    ];
    registry.register("build", "The running build", Info::new(labels));
}

/// Handles for actors.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorMetrics {
    /// `cordboard_actors_awake`: entities in memory.
    pub awake: Gauge,
    /// `cordboard_actors_asleep`: open entities that are only on disk.
    pub asleep: Gauge,
    /// `cordboard_actor_wakes_total`: loads from the last record.
    pub wakes: Counter,
    /// `cordboard_timers_armed`: deadlines that the registry keeps.
    pub timers: Gauge,
    /// `cordboard_index_entries`: legs and conferences that route to an owner.
    pub index_entries: Gauge,
    /// `cordboard_mailbox_wait_duration_seconds`: from the cast to the turn.
    pub mailbox_wait: Durations,
    /// `cordboard_handle_duration_seconds`: one turn of a machine.
    pub handle_duration: Durations,
    /// `cordboard_actor_panics_total`: turns that panicked.
    pub panics: Counter,
    /// `cordboard_quarantined_inputs_total`: inputs set aside because they panicked twice.
    pub quarantined: Counter,
    /// `cordboard_flows_closed_total`: flows that took no new calls for a while, because call after call panicked.
    pub flows_closed: Counter,
    /// `cordboard_flows_broken`: flow files that cannot be used at present; calls get what the file gave before.
    pub flows_broken: Gauge,
    /// `cordboard_flow_changes_total`: times that changed flow files were taken up for new calls.
    pub flow_changes: Counter,
}

impl ActorMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let awake = Gauge::default();
        registry.register("actors_awake", "Entities in memory", awake.clone());
        let asleep = Gauge::default();
        registry.register(
            "actors_asleep",
            "Open entities that are only on disk",
            asleep.clone(),
        );
        let wakes = Counter::default();
        registry.register(
            "actor_wakes",
            "Entities loaded from their last record",
            wakes.clone(),
        );
        let timers = Gauge::default();
        registry.register("timers_armed", "Deadlines kept for entities", timers.clone());
        let index_entries = Gauge::default();
        registry.register(
            "index_entries",
            "Legs and conferences that route to an owner",
            index_entries.clone(),
        );
        let panics = Counter::default();
        registry.register("actor_panics", "Turns of an actor that panicked", panics.clone());
        let quarantined = Counter::default();
        registry.register(
            "quarantined_inputs",
            "Inputs set aside after two panics",
            quarantined.clone(),
        );
        let flows_closed = Counter::default();
        registry.register(
            "flows_closed",
            "Times that a flow was closed to new calls because its calls panicked",
            flows_closed.clone(),
        );
        let (flows_broken, flow_changes) = flow_files(registry);
        Self {
            awake,
            asleep,
            wakes,
            timers,
            index_entries,
            mailbox_wait: Durations::register(
                registry,
                "mailbox_wait_duration",
                "From sending an input to an actor to its turn",
                durations::INSIDE,
            ),
            handle_duration: Durations::register(
                registry,
                "handle_duration",
                "One turn of a machine",
                durations::INSIDE,
            ),
            panics,
            quarantined,
            flows_closed,
            flows_broken,
            flow_changes,
        }
    }
}

/// What the watch over flow files counts.
fn flow_files(registry: &mut Registry) -> (Gauge, Counter) {
    let flows_broken = Gauge::default();
    registry.register(
        "flows_broken",
        "Flow files that cannot be used at present",
        flows_broken.clone(),
    );
    let flow_changes = Counter::default();
    registry.register(
        "flow_changes",
        "Times that changed flow files were taken up for new calls",
        flow_changes.clone(),
    );
    (flows_broken, flow_changes)
}

/// Handles for the reconciler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReconcilerMetrics {
    /// `cordboard_reconciler_findings_total{kind}`: differences between our books and the carrier's.
    pub findings: Counters<1>,
    /// `cordboard_reconciler_runs_total`: comparisons that came to an end.
    pub runs: Counter,
}

impl ReconcilerMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let runs = Counter::default();
        registry.register(
            "reconciler_runs",
            "Comparisons with the carrier that came to an end",
            runs.clone(),
        );
        Self {
            findings: Counters::register(
                registry,
                "reconciler_findings",
                "Differences between our books and the carrier's",
                ["kind"],
            ),
            runs,
        }
    }
}
