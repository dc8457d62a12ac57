//! Which plan a new call gets, by the number it called or the application it came through.
//!
//! Built once from the configuration; asked by the router for every new call. Pure.

use std::collections::HashMap;

use std::sync::Arc;

use cordboard_core::command::leg::RejectCause;
use cordboard_core::flow::ConferenceRoute;
use cordboard_core::plan::Voice;
use cordboard_core::{CallPlan, ConnectionId, Flow, FlowPlan, Limits, PhoneNumber, RoomChoice, RoomSettings};

use super::error::Problems;
use super::flows::Flows;
use super::route::{Gets, Matcher, Route};
use crate::flows::Library;

/// The routes, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    numbers: HashMap<PhoneNumber, CallPlan>,
    /// Longest first.
    prefixes: Vec<(String, CallPlan)>,
    connections: HashMap<ConnectionId, CallPlan>,
    default: CallPlan,
    flows: Vec<Arc<Flow>>,
}

impl Routes {
    /// Plans for these routes. Without a default route, every called number is a conference room of its own.
    pub fn new(routes: &[Route], flows: &Flows, library: &Library, terms: &Terms) -> Self {
        let room_per_number = Arc::new(room_per_number().flow());
        let mut built = Self {
            numbers: HashMap::new(),
            prefixes: Vec::new(),
            connections: HashMap::new(),
            default: terms.plan(&room_per_number),
            flows: vec![room_per_number],
        };
        for route in routes {
            let plan = match route.gets() {
                Gets::Refusal(cause) => CallPlan::Reject(*cause),
                Gets::Room(room) => built.take(Arc::new(room.flow()), terms),
                Gets::Flow(name) => match library.get(name) {
                    Some(flow) => built.take(flows.furnished(flow), terms),
                    // It was there when the configuration was checked.
                    None => {
                        tracing::error!(flow = %name, "a route's flow has gone; its calls hear that the line is busy");
                        CallPlan::Reject(RejectCause::UserBusy)
                    }
                },
            };
            match route.matcher().clone() {
                Matcher::Number(number) => drop(built.numbers.insert(number, plan)),
                Matcher::Prefix(prefix) => built.prefixes.push((prefix, plan)),
                Matcher::Connection(connection) => drop(built.connections.insert(connection, plan)),
                Matcher::Default => built.default = plan,
            }
        }
        built
            .prefixes
            .sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        built
    }

    /// Every flow that a plan names.
    pub fn flows(&self) -> &[Arc<Flow>] {
        &self.flows
    }

    fn take(&mut self, flow: Arc<Flow>, terms: &Terms) -> CallPlan {
        let plan = terms.plan(&flow);
        self.flows.push(flow);
        plan
    }

    /// The plan of a new call: exact number, else longest prefix, else connection, else the default.
    ///
    /// The caller plays no part yet; who is a moderator is decided within the plan.
    pub fn plan(&self, _from: &PhoneNumber, to: &PhoneNumber, connection: Option<&ConnectionId>) -> CallPlan {
        let by_prefix = || {
            self.prefixes
                .iter()
                .find(|(prefix, _)| to.expose().starts_with(prefix.as_str()))
        };
        self.numbers
            .get(to)
            .or_else(|| by_prefix().map(|(_, plan)| plan))
            .or_else(|| self.connections.get(connection?))
            .unwrap_or(&self.default)
            .clone()
    }
}

/// What all plans of an installation have in common.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Deadlines.
    pub limits: Limits,
    /// Keeps room names from telling numbers and PINs.
    pub room_salt: String,
}

impl Terms {
    /// The plan of a call that follows this flow.
    pub fn plan(&self, flow: &Flow) -> CallPlan {
        CallPlan::Flow(Box::new(FlowPlan::new(flow, self.limits, self.room_salt.clone())))
    }
}

fn room_per_number() -> ConferenceRoute {
    ConferenceRoute {
        name: "conference".into(),
        room: RoomChoice::CalledNumber,
        moderators: Vec::new(),
        settings: RoomSettings::default(),
        voice: Voice::default(),
    }
}

/// Two routes for the same calls: one of them would never be taken.
pub(super) fn check(routes: &[Route], problems: &mut Problems) {
    for (at, route) in routes.iter().enumerate() {
        if let Some(first) = routes[..at]
            .iter()
            .position(|earlier| earlier.matcher() == route.matcher())
        {
            let what = match route.matcher() {
                Matcher::Number(number) => format!("the number {number}"),
                Matcher::Prefix(_) => "the same prefix".into(),
                Matcher::Connection(_) => "the same connection".into(),
                Matcher::Default => "no number, prefix or connection".into(),
            };
            let why = format!("routes {} and {} both have {what}: remove one", first + 1, at + 1);
            problems.add("route", why);
        }
    }
}
