//! A flow as a graph: which step leads where, by which outcomes. For checks and drawings.

use std::collections::{BTreeMap, BTreeSet};

use cordboard_core::flow::{END, Flow, Otherwise, Step};

/// Edges of one step: target to the outcomes that lead there.
pub(super) fn edges(step: &Step) -> BTreeMap<&str, Vec<String>> {
    let mut edges: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (outcome, target) in &step.on {
        edges.entry(target).or_default().push(outcome.clone());
    }
    // A menu whose every choice has its target leads nowhere else.
    let own = step.kind.own_outcomes();
    let chosen = !own.is_empty() && own.iter().all(|choice| step.on.contains_key(choice));
    let goes_on: Vec<&str> = step
        .kind
        .facts()
        .outcomes
        .iter()
        .filter(|way| way.otherwise == Otherwise::Next && !step.on.contains_key(way.name))
        .map(|way| way.name)
        .filter(|way| !(chosen && *way == "digits"))
        .collect();
    match &step.next {
        Some(next) => edges.entry(next).or_default().push("next".into()),
        None if !goes_on.is_empty() => {
            edges
                .entry(END)
                .or_default()
                .extend(goes_on.into_iter().map(str::to_owned));
        }
        None => {}
    }
    edges
}

/// Steps that a call can get to.
pub(super) fn reachable(flow: &Flow) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![flow.start.as_str()];
    while let Some(name) = todo.pop() {
        let Some((name, step)) = flow.step.get_key_value(name) else {
            continue;
        };
        if seen.insert(name.as_str()) {
            todo.extend(edges(step).into_keys());
        }
    }
    seen
}

/// A way round through steps none of which waits for the caller, if there is one: its steps in order.
pub(super) fn restless_cycle(flow: &Flow) -> Option<Vec<&str>> {
    let restless = |name: &str| {
        flow.step
            .get(name)
            .is_some_and(|step| !step.kind.facts().waits_for_caller)
    };
    let mut done = BTreeSet::new();
    for start in flow.step.keys().map(String::as_str).filter(|name| restless(name)) {
        let mut path = Vec::new();
        if let Some(cycle) = walk(flow, start, &restless, &mut path, &mut done) {
            return Some(cycle);
        }
    }
    None
}

/// Depth first; at most `max` steps deep, which the number of steps bounds.
fn walk<'f>(
    flow: &'f Flow,
    name: &'f str,
    restless: &impl Fn(&str) -> bool,
    path: &mut Vec<&'f str>,
    done: &mut BTreeSet<&'f str>,
) -> Option<Vec<&'f str>> {
    if let Some(at) = path.iter().position(|step| *step == name) {
        return Some(path[at..].to_vec());
    }
    if !restless(name) || done.contains(name) {
        return None;
    }
    path.push(name);
    let step = flow.step.get(name)?;
    for target in edges(step).into_keys() {
        if let Some(cycle) = walk(flow, target, restless, path, done) {
            return Some(cycle);
        }
    }
    path.pop();
    done.insert(name);
    None
}
