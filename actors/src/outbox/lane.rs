//! One queue: what waits for a target, and what is under way to it.

use std::collections::VecDeque;
use std::time::Instant;

use cordboard_core::{Address, CommandId, HttpRequest, Issued, Message, Outcome, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::journal::EffectKey;
use crate::witness::Logbook;

/// A lane exists while it has something in it.
#[derive(Default)]
pub(super) struct LaneState {
    pub(super) queue: VecDeque<Entry>,
    pub(super) current: Option<Current>,
    pub(super) running: bool,
}

/// The command under way.
pub(super) struct Current {
    pub(super) id: CommandId,
    pub(super) owner: Address,
    /// Cancelled by a hangup for the same leg.
    pub(super) overtaken: CancellationToken,
    /// Cancelled by an event that proves the effect.
    pub(super) proven: CancellationToken,
}

/// One effect on its way.
pub(super) struct Entry {
    pub(super) key: EffectKey,
    pub(super) incarnation: u64,
    pub(super) cargo: Cargo,
    /// When the input that caused it entered this process.
    pub(super) received: Instant,
    /// When its record was made.
    pub(super) committed_at: Timestamp,
    /// Decided before it was its turn.
    pub(super) fate: Option<Outcome>,
    /// Found unsettled by a start: it may have been sent already.
    pub(super) resumed: bool,
    pub(super) logbook: Logbook,
}

pub(super) enum Cargo {
    Command(Box<Issued>),
    Message { to: Address, body: Box<Message> },
    Http(Box<HttpRequest>),
}

impl Entry {
    pub(super) fn new(
        key: EffectKey,
        incarnation: u64,
        cargo: Cargo,
        received: Instant,
        committed_at: Timestamp,
    ) -> Self {
        Self {
            key,
            incarnation,
            cargo,
            received,
            committed_at,
            fate: None,
            resumed: false,
            logbook: Logbook::default(),
        }
    }

    pub(super) fn command_id(&self) -> Option<&CommandId> {
        match &self.cargo {
            Cargo::Command(issued) => Some(&issued.id),
            Cargo::Http(request) => Some(&request.id),
            Cargo::Message { .. } => None,
        }
    }
}
