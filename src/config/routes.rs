//! Which plan a new call gets, by the number it called or the application it came through.
//!
//! Built once from the configuration; asked by the router for every new call. Pure.

use std::collections::HashMap;

use cordboard_core::plan::{ConferencePlan, Voice};
use cordboard_core::{CallPlan, ConnectionId, Limits, PhoneNumber, RoomChoice, RoomSettings};

use super::error::Problems;
use super::route::{Matcher, Route};

/// The routes, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    numbers: HashMap<PhoneNumber, CallPlan>,
    /// Longest first.
    prefixes: Vec<(String, CallPlan)>,
    connections: HashMap<ConnectionId, CallPlan>,
    default: CallPlan,
}

impl Routes {
    /// Plans for these routes; `room_salt` keeps room names from telling numbers and PINs. Without a default route, every called number is a conference room of its own.
    pub fn new(routes: &[Route], limits: Limits, room_salt: &str) -> Self {
        let mut built = Self {
            numbers: HashMap::new(),
            prefixes: Vec::new(),
            connections: HashMap::new(),
            default: room_per_number(limits, room_salt),
        };
        for route in routes {
            let plan = route.plan(limits, room_salt);
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

fn room_per_number(limits: Limits, room_salt: &str) -> CallPlan {
    CallPlan::Conference(Box::new(ConferencePlan {
        flow: "conference".into(),
        room: RoomChoice::CalledNumber,
        moderators: Vec::new(),
        settings: RoomSettings::default(),
        voice: Voice::default(),
        limits,
        room_salt: room_salt.to_owned(),
    }))
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
