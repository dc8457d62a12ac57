//! `cordboard flow`: check, draw, list and describe flow files. No server is needed.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::flows::{Library, Severity, check, draw, reference, schema};

/// Flow files: what callers hear.
#[derive(Debug, Args)]
pub(super) struct FlowArguments {
    #[command(subcommand)]
    task: FlowTask,
}

#[derive(Debug, Subcommand)]
enum FlowTask {
    /// Looks for mistakes: file, line, caret and what to do. Exit code 1 when there is an error.
    Check {
        /// Files, or names of shipped flows. Without any: every shipped flow and every file in `flows/`.
        files: Vec<PathBuf>,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Draws a flow.
    Draw {
        /// A file, or the name of a shipped flow.
        file: PathBuf,
        /// As what.
        #[arg(long, value_enum, default_value = "mermaid")]
        format: Picture,
        /// Where to; otherwise to the terminal.
        #[arg(long, short)]
        out: Option<PathBuf>,
    },
    /// Names the flows that routes can use.
    List {
        /// Files here win over shipped flows of the same name.
        #[arg(long, default_value = "flows")]
        directory: PathBuf,
        /// One JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Prints a shipped flow, to begin one of your own with.
    Show {
        /// Its name.
        name: String,
    },
    /// Prints the JSON Schema of flow files, for editors.
    Schema,
    /// Prints the reference of all step kinds, Markdown.
    Reference,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Picture {
    /// For Markdown documents.
    Mermaid,
    /// A picture.
    Svg,
    /// Graphviz.
    Dot,
}

/// Runs the subcommand.
pub(super) fn run(arguments: FlowArguments) -> anyhow::Result<ExitCode> {
    match arguments.task {
        FlowTask::Check { files, json } => check_all(files, json),
        FlowTask::Draw { file, format, out } => draw_one(&file, format, out.as_deref()),
        FlowTask::List { directory, json } => list(&directory, json),
        FlowTask::Show { name } => {
            let text = shipped(&name).with_context(|| unknown(&name))?;
            put(text)
        }
        FlowTask::Schema => put(&format!("{:#}\n", schema::schema())),
        FlowTask::Reference => put(&reference::page()),
    }
}

/// A closed pipe is the reader's way to say "enough".
fn put(text: &str) -> anyhow::Result<ExitCode> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn shipped(name: &str) -> Option<&'static str> {
    crate::flows::SHIPPED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

fn unknown(name: &str) -> String {
    format!("there is no file and no shipped flow \"{name}\": `cordboard flow list` names them")
}

/// A file's name and text.
fn read(path: &Path) -> anyhow::Result<(String, String)> {
    let shown = path.display().to_string();
    if !path.exists()
        && let Some(text) = shipped(&shown)
    {
        return Ok((format!("flows/{shown}.toml"), text.to_owned()));
    }
    if !path.exists() {
        anyhow::bail!("{}", unknown(&shown));
    }
    let bytes = std::fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{shown} is not UTF-8 text"))?;
    Ok((shown, text))
}

fn check_all(mut files: Vec<PathBuf>, as_json: bool) -> anyhow::Result<ExitCode> {
    if files.is_empty() {
        files.extend(crate::flows::SHIPPED.iter().map(|(name, _)| PathBuf::from(name)));
        if let Ok(directory) = std::fs::read_dir("flows") {
            let own = directory.filter_map(|entry| Some(entry.ok()?.path()));
            files.extend(own.filter(|path| path.extension().is_some_and(|extension| extension == "toml")));
        }
        files.sort();
    }
    let colour = std::io::stdout().is_terminal();
    let (mut report, mut errors, mut shown) = (Vec::new(), 0, String::new());
    for file in &files {
        let (path, text) = read(file)?;
        let checked = check(&text);
        errors += checked
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count();
        for finding in &checked.findings {
            shown.push_str(&finding.render(&path, &text, colour));
            shown.push_str("\n\n");
            report.push(json!({
                "file": path,
                "line": finding.line(&text),
                "severity": if finding.severity == Severity::Error { "error" } else { "warning" },
                "what": finding.what,
                "hint": finding.hint,
            }));
        }
    }
    let findings = report.len();
    if as_json {
        put(&format!(
            "{}\n",
            json!({ "files": files.len(), "errors": errors, "findings": report })
        ))?;
    } else {
        let (files, warnings) = (files.len(), findings - errors);
        put(&format!(
            "{shown}{files} flows checked: {errors} errors, {warnings} warnings\n"
        ))?;
    }
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn draw_one(file: &Path, format: Picture, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (path, text) = read(file)?;
    let Some(flow) = check(&text).flow else {
        anyhow::bail!(
            "{path} has mistakes: `cordboard flow check {}` shows them",
            file.display()
        );
    };
    let picture = match format {
        Picture::Mermaid => draw::mermaid(&flow),
        Picture::Dot => draw::dot(&flow),
        Picture::Svg => draw::svg(&flow),
    };
    match out {
        Some(out) => {
            std::fs::write(out, picture).with_context(|| format!("{} cannot be written", out.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        None => put(&picture),
    }
}

fn list(directory: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let library = match directory.is_dir() {
        true => Library::with_directory(directory)?,
        false => Library::shipped(),
    };
    let mut rows = Vec::new();
    for (name, entry) in library.entries() {
        let from = entry
            .path
            .as_ref()
            .map_or_else(|| "shipped".to_owned(), |path| path.display().to_string());
        let about = entry.flow.about.clone().unwrap_or_default();
        rows.push((name.to_owned(), entry.flow.step.len(), from, about));
    }
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(name, steps, from, about)| json!({ "flow": name, "steps": steps, "from": from, "about": about }))
            .collect();
        return put(&format!("{}\n", json!({ "flows": rows })));
    }
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let origin = rows.iter().map(|row| row.2.len()).max().unwrap_or(0);
    let mut table = String::new();
    for (name, steps, from, about) in rows {
        table.push_str(&format!(
            "{name:width$}  {steps:>3} steps  {from:origin$}  {about}\n"
        ));
    }
    put(&table)
}
