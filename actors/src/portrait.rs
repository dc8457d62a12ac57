//! What the state in a record shows of its entity: phase, parties, who is in the room.
//!
//! For lists and timelines of committed records; the operator API and `replay` call it. Nothing is decided by it.

use cordboard_core::conference::Member;
use cordboard_core::queue::Caller;
use cordboard_core::queue::agent::Agent;
use cordboard_core::sms::plan::NumberPlan;
use cordboard_core::sms::{Counts, Shown};
use cordboard_core::{
    Address, CallControlId, CallMachine, ConferenceId, ConferenceMachine, EndReason, Machine, PhoneNumber,
    QueueMachine, SmsMachine, Story, Timestamp,
};
use thiserror::Error;

use crate::entity::Envelope;
use crate::journal::Record;

/// An entity as its record left it.
#[derive(Clone, Debug)]
pub struct Portrait {
    /// Name of the state; bounded.
    pub phase: &'static str,
    /// When that phase began.
    pub since: Timestamp,
    /// Nothing more can happen.
    pub over: bool,
    /// When it wants to be woken, whatever happens.
    pub deadline: Option<Timestamp>,
    /// When it began, by which flow, and how it ended.
    pub story: Story,
    /// What only entities of its kind have.
    pub face: Face,
}

/// What only one kind of entity has.
#[derive(Clone, Debug)]
pub enum Face {
    /// A call.
    Call {
        /// Who called.
        caller: Option<PhoneNumber>,
        /// Who was called.
        called: Option<PhoneNumber>,
        /// Why it is over.
        reason: Option<EndReason>,
    },
    /// A sending number.
    Number {
        /// The texts that it still remembers, the oldest first.
        texts: Vec<Shown>,
        /// What it has done, all in all.
        counts: Counts,
        /// The settings it goes by.
        plan: Option<Box<NumberPlan>>,
    },
    /// A room.
    Room {
        /// The carrier's conference, while there is one.
        conference: Option<ConferenceId>,
        /// Who is in, or on the way in.
        members: Vec<(CallControlId, Member)>,
    },
    /// A queue.
    Queue {
        /// Who waits or talks, in the order of the row.
        callers: Vec<Caller>,
        /// Who serves it.
        agents: Vec<Agent>,
    },
}

/// Why a record's state shows nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unreadable {
    /// This build has no machine for such addresses.
    #[error("this build has no machine for {0} addresses")]
    Kind(&'static str),
    /// The state is not one of today's machine. serde's own text may quote it, so only the place is told.
    #[error("the state in record {seq} is not understood by this build (byte {at})")]
    State {
        /// The record.
        seq: u64,
        /// Where reading stopped.
        at: usize,
    },
}

impl Portrait {
    /// Reads the state of a record.
    ///
    /// # Errors
    /// When this build does not understand it.
    pub fn of(record: &Record) -> Result<Self, Unreadable> {
        match &record.address {
            Address::Call(_) => {
                let envelope = open::<CallMachine>(record)?;
                let (caller, called) = envelope.machine.parties();
                let face = Face::Call {
                    caller: caller.cloned(),
                    called: called.cloned(),
                    reason: envelope.machine.ending().map(|ending| ending.reason),
                };
                Ok(Self::paint(&envelope, face))
            }
            Address::Conference(_) => {
                let envelope = open::<ConferenceMachine>(record)?;
                let members = envelope.machine.members();
                let face = Face::Room {
                    conference: envelope.machine.live_conference().cloned(),
                    members: members
                        .iter()
                        .map(|(leg, member)| (leg.clone(), member.clone()))
                        .collect(),
                };
                Ok(Self::paint(&envelope, face))
            }
            Address::Queue(_) => {
                let envelope = open::<QueueMachine>(record)?;
                let face = Face::Queue {
                    callers: envelope.machine.callers().to_vec(),
                    agents: envelope.machine.agents().to_vec(),
                };
                Ok(Self::paint(&envelope, face))
            }
            Address::Sms(_) => {
                let envelope = open::<SmsMachine>(record)?;
                let face = Face::Number {
                    texts: envelope.machine.texts(),
                    counts: envelope.machine.counts(),
                    plan: envelope.machine.plan().cloned().map(Box::new),
                };
                Ok(Self::paint(&envelope, face))
            }
        }
    }

    fn paint<M: Machine>(envelope: &Envelope<M>, face: Face) -> Self {
        let machine = &envelope.machine;
        Self {
            phase: machine.phase(),
            since: envelope.phase_since,
            over: machine.is_terminal(),
            deadline: machine.next_deadline(),
            story: machine.story(),
            face,
        }
    }
}

/// The machine, and what its host keeps beside it, as a record left them.
pub(crate) fn open<M: Machine>(record: &Record) -> Result<Envelope<M>, Unreadable> {
    serde_json::from_slice(&record.state).map_err(|error| Unreadable::State {
        seq: record.seq,
        at: error.column(),
    })
}
