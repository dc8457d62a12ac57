//! Calls of journals that were written before there were flows: read as what they are today.
//!
//! Their conference plan becomes a flow that their state carries along, their states become steps of it. Nothing but
//! reading old records comes here; it goes when no journal of that time is left.

use serde_json::{Map, Value, json};

use crate::flow::ConferenceRoute;
use crate::plan::{ConferencePlan, FlowPlan};

/// Steps of the flow that [`ConferenceRoute`] makes.
const ROOM: &str = "room";
const PIN: &str = "pin";

impl From<ConferencePlan> for FlowPlan {
    fn from(plan: ConferencePlan) -> Self {
        let route = ConferenceRoute {
            name: plan.flow.clone(),
            room: plan.room,
            moderators: plan.moderators,
            settings: plan.settings,
            voice: plan.voice,
        };
        let flow = route.flow();
        Self {
            flow: flow.pinned().0,
            name: plan.flow,
            limits: plan.limits,
            room_salt: plan.room_salt,
            inline: Some(Box::new(flow)),
        }
    }
}

/// Makes the state of a call of that time one of today.
pub(super) fn modernise(machine: &mut Map<String, Value>) {
    let old = machine
        .get("plan")
        .is_some_and(|plan| plan.get("settings").is_some());
    if !old {
        return;
    }
    if let Some(plan) = machine.get("plan").cloned()
        && let Ok(plan) = serde_json::from_value::<ConferencePlan>(plan)
    {
        machine.insert("plan".into(), json!(FlowPlan::from(plan)));
    }
    let state = machine.get("state").cloned().unwrap_or_default();
    if let Some(joining) = state.get("joining") {
        run(machine, ROOM, json!({ "conference": "joining" }));
        machine.insert("room".into(), json!({ "room": joining["room"], "inside": false }));
    } else if let Some(inside) = state.get("in_conference") {
        let progress = json!({ "conference": { "inside": { "conference": inside["conference"] } } });
        run(machine, ROOM, progress);
        machine.insert("room".into(), json!({ "room": inside["room"], "inside": true }));
    } else if state.get("asking_pin").is_some() {
        let progress = json!({ "gather": { "tries": 1, "speaking": false, "keys": "", "after": null } });
        run(machine, PIN, progress);
    } else if state.get("parting").is_some() {
        machine.insert("answered".into(), json!(true));
    }
    if let Some(Value::Object(timers)) = machine.get_mut("timers")
        && let Some(at) = timers.remove("after_leave")
    {
        timers.insert("step_one".into(), at);
    }
    if let Some(Value::Object(pending)) = machine.get_mut("pending") {
        pending.retain(|_, purpose| *purpose != json!("prompt"));
    }
}

fn run(machine: &mut Map<String, Value>, step: &str, progress: Value) {
    machine.insert("answered".into(), json!(true));
    // Events of its latest prompt carry the generation that is current.
    machine.insert(
        "entered".into(),
        machine.get("generation").cloned().unwrap_or_default(),
    );
    machine.insert(
        "state".into(),
        json!({ "running": { "step": step, "progress": progress } }),
    );
}
