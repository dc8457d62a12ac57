//! What a trace tells about one turn beyond its record: the life before it and after it.
//!
//! The actor knows both when it makes the record; whoever reads records later finds the same in the record before. Both
//! must say the same, or one span would have two shapes.

use cordboard_core::{
    Address, CallMachine, ConferenceMachine, Machine, QueueMachine, SmsMachine, Story, Timestamp,
};

use crate::entity::Envelope;
use crate::journal::Record;
use crate::portrait;

/// The phase of a state that this build does not understand.
const UNREADABLE: &str = "unreadable";

/// A life at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Moment {
    /// Name of the state.
    pub(crate) phase: &'static str,
    /// When that began.
    pub(crate) since: Timestamp,
    /// Which life of the address it is.
    pub(crate) incarnation: u64,
    /// What is known of it.
    pub(crate) story: Story,
}

/// A life before a turn and after it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phases {
    pub(crate) before: Moment,
    pub(crate) after: Moment,
}

impl Moment {
    pub(crate) fn of<M: Machine>(machine: &M, since: Timestamp) -> Self {
        Self {
            phase: machine.phase(),
            since,
            incarnation: machine.incarnation(),
            story: machine.story(),
        }
    }

    /// As this record left it.
    pub(crate) fn after(record: &Record) -> Self {
        Self::left_by(&record.address, Some(record))
    }

    /// As a record left it; before its first record an entity is what its machine begins with.
    fn left_by(address: &Address, record: Option<&Record>) -> Self {
        match address {
            Address::Call(_) => Self::read::<CallMachine>(record),
            Address::Conference(_) => Self::read::<ConferenceMachine>(record),
            Address::Sms(_) => Self::read::<SmsMachine>(record),
            Address::Queue(_) => Self::read::<QueueMachine>(record),
        }
    }

    fn read<M: Machine>(record: Option<&Record>) -> Self {
        let envelope = match record {
            None => Ok(Envelope::<M>::default()),
            Some(record) => portrait::open::<M>(record),
        };
        match (envelope, record) {
            (Ok(envelope), _) => Self::of(&envelope.machine, envelope.phase_since),
            (Err(_), record) => Self {
                phase: UNREADABLE,
                since: record.map(|record| record.at).unwrap_or_default(),
                incarnation: record.map_or(0, |record| record.incarnation),
                story: Story::default(),
            },
        }
    }
}

impl Phases {
    /// What a record changed, told by it and the record before it.
    pub(crate) fn between(before: Option<&Record>, record: &Record) -> Self {
        Self {
            before: Moment::left_by(&record.address, before),
            after: Moment::after(record),
        }
    }
}
