//! The contract of every machine: one funnel in which state changes, deadlines as data, no I/O.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::effect::Effects;
use crate::flow::FlowHash;
use crate::ids::{CallControlId, ConferenceId};
use crate::input::Input;
use crate::queue::Census;
use crate::time::Timestamp;

/// A pure rule that an actor hosts.
///
/// `handle` must not read clocks, randomness, environment or unordered maps: the same state and input give the
/// same state and effects, today and in a replay.
pub trait Machine: Clone + std::fmt::Debug + Default + Serialize + DeserializeOwned + Send + 'static {
    /// Applies one input. Late, repeated and early inputs are normal and end in "nothing happens".
    fn handle(&mut self, input: Input, effects: &mut Effects);

    /// When this machine wants a [`Input::Deadline`]; `None` when nothing is awaited.
    fn next_deadline(&self) -> Option<Timestamp>;

    /// Nothing more can happen: every further input is absorbed.
    fn is_terminal(&self) -> bool;

    /// Counts the lives of an address; part of every command id.
    fn incarnation(&self) -> u64;

    /// Name of the present state, for spans and lists; bounded.
    fn phase(&self) -> &'static str;

    /// What carriers call us by at present; the registry routes events by these.
    fn handles(&self) -> Vec<Handle>;

    /// The flow that it follows.
    fn flow(&self) -> Option<&FlowHash> {
        None
    }

    /// What a trace or a list tells about this life.
    fn story(&self) -> Story;
}

/// What a trace or a list tells about one life of an entity. Bounded words, no numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// The route that it came by.
    pub flow: Option<String>,
    /// The carrier's hangup cause.
    pub hangup_cause: Option<&'static str>,
    /// The carrier's hangup source.
    pub hangup_source: Option<&'static str>,
    /// Of a queue: how many wait, and what its agents do.
    pub census: Option<Census>,
    /// Who is in at present, in a room.
    pub people: usize,
}

/// A carrier's id that leads to an entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handle {
    /// A leg.
    Leg(CallControlId),
    /// A conference.
    Conference(ConferenceId),
}
