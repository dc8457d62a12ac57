//! What went out: commands by name and outcome, attempts, retries, the outbox.
//!
//! Counted by the outbox and the carriers' adapters.

use super::{Counters, Durations, Gauge, durations};
use prometheus_client::registry::Registry;

/// Handles for the outgoing side.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CommandMetrics {
    /// `cordboard_commands_total{command,outcome}`: one per settled command; outcomes are `accepted`, `refused`, `unknown`, `cancelled`.
    pub settled: Counters<2>,
    /// `cordboard_command_attempts_total{command,result}`: one per request to a carrier, by what it brought.
    pub attempts: Counters<2>,
    /// `cordboard_command_retries_total{command}`: attempts after the first.
    pub retries: Counters<1>,
    /// `cordboard_command_probes_total{command}`: the carrier was asked what became of a command instead of sending it again.
    pub probes: Counters<1>,
    /// `cordboard_command_duration_seconds`: one request to a carrier.
    pub duration: Durations,
    /// `cordboard_outbox_queued_commands`: commands committed and not settled.
    pub outbox_queued: Gauge,
    /// `cordboard_carrier_key_refused`: 1 while the carrier refuses our API key and commands wait.
    pub key_refused: Gauge,
    /// `cordboard_carrier_attempts_in_flight`: places of the budget for attempts at one time that are in use.
    pub in_flight: Gauge,
    /// `cordboard_carrier_attempts_limit`: that budget.
    pub in_flight_limit: Gauge,
    /// `cordboard_outbox_lanes`: targets that have something queued.
    pub outbox_lanes: Gauge,
}

impl CommandMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let outbox_queued = Gauge::default();
        registry.register(
            "outbox_queued_commands",
            "Commands committed and not settled",
            outbox_queued.clone(),
        );
        let key_refused = Gauge::default();
        registry.register(
            "carrier_key_refused",
            "Whether the carrier refuses our API key and commands wait",
            key_refused.clone(),
        );
        let in_flight = Gauge::default();
        registry.register(
            "carrier_attempts_in_flight",
            "Attempts at the carrier under way",
            in_flight.clone(),
        );
        let in_flight_limit = Gauge::default();
        registry.register(
            "carrier_attempts_limit",
            "Attempts at the carrier that may be under way at one time",
            in_flight_limit.clone(),
        );
        let outbox_lanes = Gauge::default();
        registry.register(
            "outbox_lanes",
            "Targets that have something queued",
            outbox_lanes.clone(),
        );
        Self {
            settled: Counters::register(
                registry,
                "commands",
                "Settled carrier commands, by name and outcome",
                ["command", "outcome"],
            ),
            attempts: Counters::register(
                registry,
                "command_attempts",
                "Requests to a carrier, by command and result",
                ["command", "result"],
            ),
            retries: Counters::register(
                registry,
                "command_retries",
                "Attempts after the first",
                ["command"],
            ),
            probes: Counters::register(
                registry,
                "command_probes",
                "Commands whose fate the carrier was asked for",
                ["command"],
            ),
            duration: Durations::register(
                registry,
                "command_duration",
                "One request to a carrier",
                durations::ANSWER,
            ),
            outbox_queued,
            key_refused,
            in_flight,
            in_flight_limit,
            outbox_lanes,
        }
    }
}
