//! From a flow file to a flow: every mistake with the path of its key, so that tools can point at the line.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Complaints, END, Flow, KINDS, Kind, Step};

/// One thing that is wrong with a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Keys from the top of the file, such as `step`, `menu`, `digits`, `max`; empty for the file as a whole.
    pub path: Vec<String>,
    /// Bytes of the file, where the parser knew them.
    pub bytes: Option<std::ops::Range<usize>>,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Everything that is wrong with a flow; at least one thing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.what),
            false => write!(f, "{}: {}", self.path.join("."), self.what),
        }
    }
}

impl Mistake {
    /// A mistake at this path.
    pub fn at<const N: usize>(path: [&str; N], what: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            bytes: None,
            what: what.into(),
        }
    }
}

pub(super) fn parse(toml: &str) -> Result<Flow, Mistakes> {
    let table: toml::Table = toml.parse().map_err(|error: toml::de::Error| {
        Mistakes(vec![Mistake {
            path: Vec::new(),
            bytes: error.span(),
            what: error.message().to_owned(),
        }])
    })?;
    let value =
        serde_json::to_value(table).map_err(|error| Mistakes(vec![Mistake::at([], error.to_string())]))?;
    from_value(value)
}

pub(super) fn from_canonical(bytes: &[u8]) -> Result<Flow, Mistakes> {
    let value = serde_json::from_slice(bytes)
        .map_err(|error| Mistakes(vec![Mistake::at([], format!("no JSON: {error}"))]))?;
    from_value(value)
}

fn from_value(mut value: Value) -> Result<Flow, Mistakes> {
    let mut mistakes = Vec::new();
    let steps = value
        .as_object_mut()
        .and_then(|top| top.insert("step".into(), Value::Object(Map::new())));
    let mut read = BTreeMap::new();
    match steps {
        Some(Value::Object(steps)) => {
            for (name, table) in steps {
                match step_at(&name, table) {
                    Ok(step) => drop(read.insert(name, step)),
                    Err(mistake) => mistakes.push(mistake),
                }
            }
        }
        Some(_) => mistakes.push(Mistake::at(["step"], "must be tables such as [step.menu]")),
        None => mistakes.push(Mistake::at(
            [],
            "there are no steps: write at least one [step.NAME] with `do = …`",
        )),
    }
    match serde_path_to_error::deserialize::<_, Flow>(value) {
        Ok(mut flow) => {
            let broken = !mistakes.is_empty();
            flow.step = read;
            if let Err(more) = check(&flow) {
                // Steps that could not be read are not missing.
                let missing = |mistake: &Mistake| broken && mistake.what.starts_with(NO_STEP);
                mistakes.extend(more.0.into_iter().filter(|mistake| !missing(mistake)));
            }
            match mistakes.is_empty() {
                true => Ok(flow),
                false => Err(Mistakes(mistakes)),
            }
        }
        Err(error) => {
            mistakes.insert(0, located(&[], &error));
            Err(Mistakes(mistakes))
        }
    }
}

/// Reads one step's table.
pub(super) fn step(table: Value) -> Result<Step, Mistake> {
    step_at("?", table)
}

fn step_at(name: &str, table: Value) -> Result<Step, Mistake> {
    let Value::Object(mut table) = table else {
        return Err(Mistake::at(["step", name], "must be a table with `do = …`"));
    };
    let word = match table.remove("do") {
        Some(Value::String(word)) => word,
        Some(_) => {
            return Err(Mistake::at(
                ["step", name, "do"],
                "must be the name of a kind in quotes",
            ));
        }
        None => {
            return Err(Mistake::at(
                ["step", name],
                format!("has no `do`: {}", known_kinds("")),
            ));
        }
    };
    let on = match table.remove("on") {
        Some(on) => BTreeMap::<String, String>::deserialize(on).map_err(|_| {
            Mistake::at(
                ["step", name, "on"],
                "must name a step, or \"end\", for each outcome",
            )
        })?,
        None => BTreeMap::new(),
    };
    let next = match table.remove("next") {
        Some(Value::String(next)) => Some(next),
        Some(_) => {
            return Err(Mistake::at(
                ["step", name, "next"],
                "must name a step, or \"end\"",
            ));
        }
        None => None,
    };
    match Kind::read(&word, Value::Object(table)) {
        Some(Ok(kind)) => Ok(Step { kind, on, next }),
        Some(Err(error)) => Err(located(&["step", name], &error)),
        None => {
            let what = format!("there is no kind \"{}\": {}", capped(&word), known_kinds(&word));
            Err(Mistake::at(["step", name, "do"], what))
        }
    }
}

fn located(above: &[&str], error: &serde_path_to_error::Error<serde_json::Error>) -> Mistake {
    let mut path: Vec<String> = above.iter().map(|key| (*key).to_owned()).collect();
    path.extend(
        error
            .path()
            .iter()
            .map(ToString::to_string)
            .filter(|segment| segment != "?"),
    );
    Mistake {
        path,
        bytes: None,
        what: error.inner().to_string(),
    }
}

fn known_kinds(word: &str) -> String {
    let near = KINDS
        .iter()
        .map(|kind| kind.name)
        .find(|name| distance(name, word) <= 2);
    match near {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            format!("the kinds are {}", names.join(", "))
        }
    }
}

/// How many letters must change to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            let best = changed.min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}

const NO_STEP: &str = "there is no step";

/// What holds between steps: names, targets, outcomes, ranges. Reachability and the like are `flow check`'s.
pub(super) fn check(flow: &Flow) -> Result<(), Mistakes> {
    let mut mistakes = Vec::new();
    if !is_name(&flow.flow) {
        mistakes.push(Mistake::at(
            ["flow"],
            "must be 1 to 60 letters, digits, dots, dashes or underscores",
        ));
    }
    if !(1..=10_000).contains(&flow.max_steps) {
        mistakes.push(Mistake::at(["max_steps"], "must lie between 1 and 10000"));
    }
    let exists = |target: &str| target == END || flow.step.contains_key(target);
    let missing = |target: &str| {
        let near = flow.step.keys().find(|name| distance(name, target) <= 2);
        match near {
            Some(name) => format!("{NO_STEP} \"{}\": did you mean \"{name}\"?", capped(target)),
            None => format!("{NO_STEP} \"{}\"", capped(target)),
        }
    };
    if flow.start == END || !exists(&flow.start) {
        mistakes.push(Mistake::at(["start"], missing(&flow.start)));
    }
    for (name, step) in &flow.step {
        if !is_name(name) || name == END {
            mistakes.push(Mistake::at(
                ["step", name],
                "a step's name is 1 to 60 letters, digits, dots, dashes or underscores, and not \"end\"",
            ));
        }
        for (outcome, target) in &step.on {
            if !exists(target) {
                mistakes.push(Mistake::at(["step", name, "on", outcome], missing(target)));
            }
            if !step.may_bring(outcome) {
                mistakes.push(Mistake::at(["step", name, "on", outcome], unknown_outcome(step)));
            }
        }
        if let Some(next) = &step.next
            && !exists(next)
        {
            mistakes.push(Mistake::at(["step", name, "next"], missing(next)));
        }
        let mut complaints = Complaints::default();
        step.kind.check(&mut complaints);
        for (key, what) in complaints.into_inner() {
            let mut mistake = Mistake::at(["step", name], what);
            mistake.path.extend(key.split('.').map(str::to_owned));
            mistakes.push(mistake);
        }
    }
    match mistakes.is_empty() {
        true => Ok(()),
        false => Err(Mistakes(mistakes)),
    }
}

fn unknown_outcome(step: &Step) -> String {
    let facts = step.kind.facts();
    let mut names: Vec<String> = facts.outcomes.iter().map(|way| way.name.to_owned()).collect();
    names.extend(step.kind.own_outcomes());
    match names.is_empty() {
        true => format!("a {} step ends the call and has no outcomes", facts.name),
        false => format!(
            "a {} step has no such outcome: it has {}",
            facts.name,
            names.join(", ")
        ),
    }
}

/// Whether a name is fit for traces, spans and the state that travels through the carrier.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=60).contains(&name.len()) && name.bytes().all(plain)
}

fn capped(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
