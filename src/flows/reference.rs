//! The reference page of flow files, written from what the kinds say about themselves.

use std::fmt::Write;

use cordboard_core::flow::{KINDS, KindFacts, Otherwise};
use serde_json::Value;

/// The page, Markdown.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    for kind in KINDS {
        section(&mut out, kind);
    }
    out
}

const HEAD: &str = "# Flow reference\n\n\
Written by `cordboard flow reference`; a test compares. How flows work is told in [flows.md](flows.md).\n\n\
A flow file has `flow` (its name), `start` (its first step) and `[step.NAME]` tables, each with `do = \"<kind>\"`, the \
settings of that kind, `on` (outcome to step) and `next` (the step after, for outcomes that go on and are not in `on`). \
`\"end\"` ends the call well.\n";

fn section(out: &mut String, kind: &KindFacts) {
    let _ = writeln!(out, "\n## {}\n\n{}", kind.name, kind.summary);
    if !kind.needs_answer {
        let _ = writeln!(out, "\nWorks before the call is answered.");
    }
    let schema = (kind.schema)();
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(properties) = properties.filter(|properties| !properties.is_empty()) {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let _ = writeln!(out, "\n| setting | default | meaning |\n|---|---|---|");
        for (name, property) in properties {
            let default = match property.get("default") {
                Some(Value::Null) | None if required.contains(&name.as_str()) => "required".to_owned(),
                Some(Value::Null) | None => String::new(),
                Some(value) => format!("`{value}`"),
            };
            let meaning = property
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let _ = writeln!(out, "| `{name}` | {default} | {} |", meaning.replace('\n', " "));
        }
    }
    if kind.outcomes.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| outcome | when | otherwise |\n|---|---|---|");
    for way in kind.outcomes {
        let otherwise = match way.otherwise {
            Otherwise::Next => "`next`".to_owned(),
            Otherwise::HangUp(reason) => format!("hangs up (`{}`)", reason.label()),
            Otherwise::Land(reason) => format!("apologises and hangs up (`{}`)", reason.label()),
        };
        let _ = writeln!(out, "| `{}` | {} | {otherwise} |", way.name, way.meaning);
    }
    if kind.free_outcomes {
        let _ = writeln!(
            out,
            "\nBesides these, `on` may name outcomes of your own, as the settings bring them."
        );
    }
}
