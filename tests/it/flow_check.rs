//! `flow check` on files that are broken, each in one way: the message is compared with the one beside the file.
//!
//! `CORDBOARD_BLESS=1` writes the messages anew; then read them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use cordboard::flows::{SHIPPED, Severity, check, draw, reference};

fn broken() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/flows/broken");
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn docs(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)
}

#[test]
fn every_broken_file_gets_its_message() {
    let files = broken();
    assert!(files.len() >= 25, "{} files", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let checked = check(&text);
        assert!(!checked.findings.is_empty(), "{name} passes");
        let shown: Vec<String> = checked
            .findings
            .iter()
            .map(|finding| finding.render(&name, &text, false) + "\n")
            .collect();
        let shown = shown.join("\n");
        let expected = path.with_extension("txt");
        if std::env::var_os("CORDBOARD_BLESS").is_some() {
            fs::write(&expected, &shown).unwrap();
        }
        let known = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(shown, known, "{name}");
        let errors = checked
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
        assert_eq!(
            checked.flow.is_none(),
            errors,
            "{name}: an error and a flow exclude each other"
        );
    }
}

#[test]
fn no_101_monstrous_files_are_refused_at_once() {
    let steps: String = (0..2_000)
        .map(|at| {
            format!(
                "[step.s{at}]\ndo = \"gather\"\nsay = \"x\"\nnext = \"s{}\"\n",
                at + 1
            )
        })
        .collect();
    let many = format!("flow = \"many\"\nstart = \"s0\"\n{steps}[step.s2000]\ndo = \"hangup\"\n");
    let long = format!(
        "flow = \"long\"\nstart = \"a\"\n[step.a]\ndo = \"say\"\nsay = \"{}\"\n",
        "a".repeat(1 << 20)
    );
    for (text, why) in [(many, "2001 steps"), (long, "larger than")] {
        let checked = check(&text);
        assert!(checked.flow.is_none());
        assert!(
            checked.findings.iter().any(|finding| finding.what.contains(why)),
            "{why}"
        );
    }
}

#[test]
fn the_reference_page_is_what_the_kinds_say_about_themselves() {
    let path = docs("flow-reference.md");
    let page = reference::page();
    if std::env::var_os("CORDBOARD_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), page);
}

#[test]
fn every_shipped_flow_passes_the_check_and_can_be_drawn() {
    for (name, text) in SHIPPED {
        let checked = check(text);
        let errors: Vec<&str> = checked
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.what.as_str())
            .collect();
        assert_eq!(errors, [""; 0], "{name}");
        let flow = checked.flow.unwrap();
        assert!(draw::mermaid(&flow).contains("flowchart"), "{name}");
        let path = docs(&format!("flows/{name}.svg"));
        let picture = draw::svg(&flow);
        if std::env::var_os("CORDBOARD_BLESS").is_some() {
            fs::write(&path, &picture).unwrap();
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        assert!(known == picture, "the picture of {name} is not that of its flow");
        let shown = fs::read_to_string(docs("shipped-flows.md")).unwrap();
        assert!(
            shown.contains(&format!("(flows/{name}.svg)")),
            "{name} is not shown"
        );
    }
}

#[test]
fn every_flow_that_the_pages_show_passes_the_check() {
    for page in ["docs/flows.md", "README.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        let blocks = text
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next());
        for flow in blocks.filter(|block| block.starts_with("flow ")) {
            let errors: Vec<String> = check(flow)
                .findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|finding| finding.render(page, flow, false))
                .collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
        }
    }
}
