//! `flow check`: what the core refuses, at its line, and what only a look at the whole shows.

use cordboard_core::flow::{END, Flow, KINDS};

use super::finding::{Finding, Severity};
use super::graph;
use super::source::Source;
use crate::config::error::nearest;

/// Longest flow file, bytes. The largest shipped one has 4 KB.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Most steps of one flow. Nobody can survey more; a program can decide by `http` steps.
pub const MAX_FLOW_STEPS: usize = 500;

/// A flow file after a look at it.
#[derive(Debug)]
pub struct Checked {
    /// The flow; none when there is an error.
    pub flow: Option<Flow>,
    /// What is wrong, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a flow file and looks over it.
pub fn check(text: &str) -> Checked {
    if text.len() > MAX_FILE_BYTES {
        let what = format!("the file is larger than {MAX_FILE_BYTES} bytes: this is no flow");
        return Checked::broken(vec![Finding::error(None, what)]);
    }
    let source = Source::new(text);
    let flow = match Flow::parse(text) {
        Ok(flow) => flow,
        Err(mistakes) => {
            let at = |mistake: cordboard_core::flow::Mistake| {
                let path: Vec<&str> = mistake.path.iter().map(String::as_str).collect();
                // A key that is unknown is wrong itself, not its value.
                let key = || {
                    source
                        .key(&path)
                        .filter(|_| mistake.what.starts_with("unknown field"))
                };
                let bytes = mistake
                    .bytes
                    .clone()
                    .or_else(key)
                    .or_else(|| source.place(&mistake.path));
                with_hint(Finding::error(bytes, one_line(&mistake.to_string())))
            };
            return Checked::broken(mistakes.0.into_iter().map(at).collect());
        }
    };
    let mut findings = Vec::new();
    if let Some(finding) = too_large(&flow, &source) {
        return Checked::broken(vec![finding]);
    }
    unreachable(&flow, &source, &mut findings);
    cycles(&flow, &source, &mut findings);
    silence(&flow, &source, &mut findings);
    late_refusal(&flow, &source, &mut findings);
    unknown_names(&flow, &source, &mut findings);
    Checked::of(flow, findings)
}

impl Checked {
    fn broken(findings: Vec<Finding>) -> Self {
        Self {
            flow: None,
            findings: in_order(findings),
        }
    }

    fn of(flow: Flow, findings: Vec<Finding>) -> Self {
        let good = findings.iter().all(|finding| finding.severity != Severity::Error);
        Self {
            flow: good.then_some(flow),
            findings: in_order(findings),
        }
    }
}

fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.bytes.as_ref().map_or(0, |bytes| bytes.start));
    findings
}

/// Parsers spread their messages over lines; the first says what is wrong.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// serde names what it expected: the nearest of those is what was probably meant.
fn with_hint(finding: Finding) -> Finding {
    let mut quoted = finding.what.split('`').skip(1).step_by(2);
    let Some(unknown) = quoted.next().filter(|_| finding.what.contains("unknown")) else {
        return finding;
    };
    let known: Vec<&str> = quoted.collect();
    match nearest(unknown, known.iter().copied()) {
        Some(near) => {
            let hint = format!("did you mean `{near}`?");
            finding.hint(hint)
        }
        None => finding,
    }
}

/// The looks that follow go through the steps again and again.
fn too_large(flow: &Flow, source: &Source<'_>) -> Option<Finding> {
    let what = format!(
        "the flow has {} steps; at most {MAX_FLOW_STEPS} are taken",
        flow.step.len()
    );
    let hint = "decide in a program of yours: an `http` step can name the next step";
    (flow.step.len() > MAX_FLOW_STEPS).then(|| Finding::error(source.key(&["step"]), what).hint(hint))
}

fn unreachable(flow: &Flow, source: &Source<'_>, findings: &mut Vec<Finding>) {
    let reached = graph::reachable(flow);
    // What a user's program names cannot be seen from here.
    let steered = flow
        .step
        .values()
        .any(|step| step.kind.facts().free_outcomes && step.kind.facts().name == "http");
    for name in flow.step.keys().filter(|name| !reached.contains(name.as_str())) {
        let what = format!("no call gets to step \"{name}\"");
        let bytes = source.key(&["step", name]);
        findings.push(match steered {
            true => Finding::warning(bytes, what),
            false => Finding::error(bytes, what).hint("lead an outcome of another step to it, or remove it"),
        });
    }
}

fn cycles(flow: &Flow, source: &Source<'_>, findings: &mut Vec<Finding>) {
    let Some(cycle) = graph::restless_cycle(flow) else {
        return;
    };
    let round: Vec<&str> = cycle.iter().copied().chain(cycle.first().copied()).collect();
    let what = format!(
        "these steps go round and round without the caller: {}",
        round.join(" -> ")
    );
    let bytes = cycle.first().and_then(|name| source.key(&["step", name]));
    let hint = "put a step into the round that waits for the caller, such as `gather`, or lead it to \"end\"";
    findings.push(Finding::error(bytes, what).hint(hint));
}

fn silence(flow: &Flow, source: &Source<'_>, findings: &mut Vec<Finding>) {
    for (name, step) in &flow.step {
        let facts = step.kind.facts();
        let menu = facts.free_outcomes && facts.waits_for_caller;
        let has_silence = facts.outcomes.iter().any(|way| way.name == "no_input");
        if menu && has_silence && step.next.is_none() && !step.on.contains_key("no_input") {
            let what = format!("step \"{name}\" says nothing about a caller who stays silent");
            let bytes = source
                .key(&["step", name, "on"])
                .or_else(|| source.key(&["step", name]));
            let hint = "name a step for them: on = { no_input = \"…\" }";
            findings.push(Finding::error(bytes, what).hint(hint));
        }
    }
}

/// A call is refused before it is answered, or not at all.
fn late_refusal(flow: &Flow, source: &Source<'_>, findings: &mut Vec<Finding>) {
    let answered = answered_before(flow);
    for (name, step) in &flow.step {
        if step.kind.facts().name == "reject" && answered.contains(&name.as_str()) {
            let what = format!("step \"{name}\" refuses a call that was answered by a step before it");
            let hint = "use `hangup` there, or refuse before the first step that speaks or listens";
            findings.push(Finding::error(source.key(&["step", name]), what).hint(hint));
        }
    }
}

/// Steps that are reached through a step that answers.
fn answered_before(flow: &Flow) -> Vec<&str> {
    let mut todo: Vec<&str> = Vec::new();
    for name in graph::reachable(flow) {
        if let Some(step) = flow.step.get(name).filter(|step| step.kind.needs_answer()) {
            todo.extend(graph::edges(step).into_keys());
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    while let Some(name) = todo.pop() {
        if name == END || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Some(step) = flow.step.get(name) {
            todo.extend(graph::edges(step).into_keys());
        }
    }
    seen
}

/// A text that names something that nothing gives a value to is spoken with a hole.
fn unknown_names(flow: &Flow, source: &Source<'_>, findings: &mut Vec<Finding>) {
    for (name, step) in &flow.step {
        for (key, template) in step.kind.templates() {
            for variable in template.names() {
                let Some(var) = variable.strip_prefix("vars.") else {
                    continue;
                };
                if !flow.vars.contains_key(var) {
                    let what = format!("`{variable}` has no value in this file");
                    let bytes = source.place(&["step".into(), name.clone(), key.to_owned()]);
                    let hint = format!("set it in [vars] here, or `{var}` in [flows.vars] of cordboard.toml");
                    findings.push(Finding::warning(bytes, what).hint(hint));
                }
            }
        }
    }
}

/// Words after `do =`, for completions.
pub fn kind_names() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name).collect()
}
