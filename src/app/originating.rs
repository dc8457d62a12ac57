//! Turns a call that an operator wants placed into what its actor is told: the flow, the application, the limits.
//!
//! Made by the wiring for the API; the dialling is the call's own.

use std::sync::Arc;

use cordboard_actors::House;
use cordboard_core::flow::ConferenceRoute;
use cordboard_core::input::StartCall;
use cordboard_core::plan::Voice;
use cordboard_core::{
    CallPlan, ConferenceName, ConnectionId, Flow, OperatorRequest, RoomChoice, RoomSettings,
};

use crate::api::{Originate, Outgoing};
use crate::config::flows::Flows;
use crate::config::routes::Terms;
use crate::flows::Library;

/// Longest room name that a `conference` step leaves as it is.
const LONGEST_ROOM: usize = 60;

/// What calls are placed with.
pub(super) struct Originating {
    pub(super) house: Arc<House>,
    pub(super) library: Library,
    pub(super) flows: Flows,
    pub(super) terms: Terms,
    /// Our applications at the carrier.
    pub(super) connections: Vec<ConnectionId>,
}

impl Originating {
    fn start(&self, call: &Outgoing, flow: &Arc<Flow>) -> Option<OperatorRequest> {
        self.house.keep_flow(flow);
        let CallPlan::Flow(plan) = self.terms.plan(flow) else {
            return None;
        };
        Some(OperatorRequest::Start(Box::new(StartCall {
            from: call.from.clone(),
            to: call.to.clone(),
            connection: call.connection.clone(),
            plan,
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
        let flow = self.flows.furnished(self.library.get(flow)?);
        self.start(call, &flow)
    }

    fn for_room(&self, call: &Outgoing, room: &ConferenceName) -> Option<OperatorRequest> {
        // A step would change another name, and whoever answers would be alone in a room of that one.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if room.as_str().len() > LONGEST_ROOM || !room.as_str().bytes().all(plain) {
            return None;
        }
        let invitation = ConferenceRoute {
            name: "invitation".into(),
            room: RoomChoice::Named(room.clone()),
            moderators: Vec::new(),
            settings: RoomSettings::default(),
            voice: Voice::default(),
        };
        self.start(call, &Arc::new(invitation.flow()))
    }
}
