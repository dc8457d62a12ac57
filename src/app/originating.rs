//! Turns a call that an operator wants placed into what its actor is told: the flow, the application, the limits.
//!
//! Made by the wiring for the API; the dialling is the call's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordboard_actors::House;
use cordboard_core::input::StartCall;
use cordboard_core::{CallPlan, ConferenceName, ConnectionId, Flow, OperatorRequest, Text};

use super::reloading::OpenFlows;
use crate::api::{Originate, Outgoing};
use crate::config::flows::Flows;
use crate::config::routes::Terms;

/// Longest room name that a `conference` step leaves as it is.
const LONGEST_ROOM: usize = 60;

/// One flow for all rooms: flows are kept as long as the program runs, and rooms are many.
const INVITATION: &str = r#"
flow  = "invitation"
start = "room"

[vars]
room = "nobody"

[step.room]
do   = "conference"
room = "{{ vars.room }}"
"#;

/// What whoever is invited into a room gets.
pub(super) fn invitation() -> Flow {
    // A test reads it, so this cannot come about.
    Flow::parse(INVITATION).unwrap_or_else(|mistakes| unreachable!("the flow of invitations: {mistakes}"))
}

/// What calls are placed with.
pub(super) struct Originating {
    pub(super) house: Arc<House>,
    /// The flows as they are when the call is placed.
    pub(super) open: Arc<OpenFlows>,
    pub(super) flows: Flows,
    pub(super) terms: Terms,
    /// What whoever is invited into a room gets.
    pub(super) invitation: Arc<Flow>,
    /// Our applications at the carrier.
    pub(super) connections: Vec<ConnectionId>,
}

impl Originating {
    fn start(
        &self,
        call: &Outgoing,
        flow: &Arc<Flow>,
        vars: BTreeMap<String, Text>,
    ) -> Option<OperatorRequest> {
        self.house.keep_flow(flow);
        let CallPlan::Flow(plan) = self.terms.plan(flow) else {
            return None;
        };
        Some(OperatorRequest::Start(Box::new(StartCall {
            from: call.from.clone(),
            to: call.to.clone(),
            connection: call.connection.clone(),
            plan,
            vars,
            ring_ms: u32::try_from(call.ring.as_millis()).unwrap_or(u32::MAX),
            not_after: call.not_after,
        })))
    }
}

impl Originate for Originating {
    fn connection(&self) -> Option<ConnectionId> {
        match self.connections.as_slice() {
            [one] => Some(one.clone()),
            [] | [_, ..] => None,
        }
    }

    fn for_flow(&self, call: &Outgoing, flow: &str) -> Option<OperatorRequest> {
        let flow = self.flows.furnished(self.open.current().library.get(flow)?);
        self.start(call, &flow, BTreeMap::new())
    }

    fn for_room(&self, call: &Outgoing, room: &ConferenceName) -> Option<OperatorRequest> {
        // A step would change another name, and whoever answers would be alone in a room of that one.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if room.as_str().len() > LONGEST_ROOM || !room.as_str().bytes().all(plain) {
            return None;
        }
        let flow = Arc::clone(&self.invitation);
        self.start(
            call,
            &flow,
            BTreeMap::from([("room".into(), Text::new(room.as_str()))]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flow_of_invitations_is_one() {
        assert_eq!(invitation().flow, "invitation");
    }
}
