//! Turns a call that an operator wants placed into what its actor is told: the flow, the application, the limits.
//!
//! Made by the wiring for the API. Without flows in the machines nothing can be placed yet: every flow is unknown.

use cordboard_core::{ConferenceName, ConnectionId, OperatorRequest};

use crate::api::{Originate, Outgoing};

/// What calls are placed with.
pub(super) struct Originating {
    /// Our applications at the carrier.
    pub(super) connections: Vec<ConnectionId>,
}

impl Originate for Originating {
    fn connection(&self) -> Option<ConnectionId> {
        match self.connections.as_slice() {
            [one] => Some(one.clone()),
            [] | [_, ..] => None,
        }
    }

    fn for_flow(&self, _: &Outgoing, _: &str) -> Option<OperatorRequest> {
        None
    }

    fn for_room(&self, _: &Outgoing, _: &ConferenceName) -> Option<OperatorRequest> {
        None
    }
}
