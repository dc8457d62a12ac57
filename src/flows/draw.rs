//! Pictures of flows: Mermaid for documents, SVG for everything else.

use std::fmt::Write;

use cordboard_core::flow::{END, Flow};

use super::{graph, picture};

/// The flow as a Mermaid flowchart.
pub fn mermaid(flow: &Flow) -> String {
    let mut out = String::from("flowchart TD\n");
    let _ = writeln!(out, "    begin([call]) --> {}", node(&flow.start));
    for (name, step) in &flow.step {
        let kind = step.kind.facts().name;
        let (open, close) = match kind {
            "branch" | "gather" => ("{\"", "\"}"),
            "hangup" | "reject" => ("([\"", "\"])"),
            _ => ("[\"", "\"]"),
        };
        let _ = writeln!(
            out,
            "    {}{open}{}<br/><i>{kind}</i>{close}",
            node(name),
            quoted(name)
        );
        for (target, outcomes) in graph::edges(step) {
            let _ = writeln!(
                out,
                "    {} -->|\"{}\"| {}",
                node(name),
                quoted(&outcomes.join(", ")),
                node(target)
            );
        }
    }
    let _ = writeln!(out, "    {}([end])", node(END));
    out
}

/// A node's name without anything that Mermaid or DOT would read; the prefix keeps `end` from being a keyword.
fn node(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("s_{plain}")
}

fn quoted(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => "#quot;".to_owned(),
            '#' => "#35;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

/// The flow in Graphviz' language.
pub fn dot(flow: &Flow) -> String {
    let mut out = String::from("digraph flow {\n    begin [label=\"call\", shape=circle];\n");
    let _ = writeln!(out, "    begin -> {};", node(&flow.start));
    for (name, step) in &flow.step {
        let kind = step.kind.facts().name;
        let fill = match kind {
            "branch" | "gather" => "lightyellow",
            "hangup" | "reject" => "mistyrose",
            "transfer" | "dial" | "conference" | "queue" => "lightblue",
            _ => "white",
        };
        let label = format!("{}\\n{kind}", escaped(name));
        let _ = writeln!(
            out,
            "    {} [label=\"{label}\", shape=box, fillcolor=\"{fill}\"];",
            node(name)
        );
        for (target, outcomes) in graph::edges(step) {
            let label = escaped(&outcomes.join(", "));
            let _ = writeln!(out, "    {} -> {} [label=\"{label}\"];", node(name), node(target));
        }
    }
    let _ = writeln!(out, "    {} [label=\"end\", shape=circle];\n}}", node(END));
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "").replace('"', "'")
}

/// The flow as a picture.
pub fn svg(flow: &Flow) -> String {
    picture::svg(flow)
}
