//! `docs/seed-bugs.md` names a test, or a reason, for every finding; a test that is named there must exist.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Findings per section of the page: a row that goes missing is noticed.
const FINDINGS: [(&str, usize); 5] = [("000", 11), ("001", 9), ("002", 7), ("003", 10), ("004", 12)];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of functions in Rust and Python sources below a directory.
fn functions(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
            continue;
        }
        let keyword = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => "fn ",
            Some("py") => "def ",
            _ => continue,
        };
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some((_, rest)) = line.split_once(keyword) {
                let name = rest.split(|sign: char| !sign.is_alphanumeric() && sign != '_');
                names.extend(name.take(1).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_test_that_the_page_of_seed_bugs_names_exists_and_no_finding_is_missing() {
    let page = fs::read_to_string(root().join("docs/seed-bugs.md")).unwrap();
    let mut names = BTreeSet::new();
    for directory in ["src", "actors", "simulator", "observability", "tests"] {
        functions(&root().join(directory), &mut names);
    }
    for (seed, findings) in FINDINGS {
        let section = page
            .split("\n## ")
            .find(|section| section.starts_with(seed))
            .unwrap();
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).collect();
        let rows: Vec<&str> = rows.into_iter().skip(1).collect();
        assert_eq!(rows.len(), findings, "seed {seed}");
        for (at, row) in rows.iter().enumerate() {
            let columns: Vec<&str> = row.split(" | ").collect();
            let [number, _, answer] = columns[..] else {
                panic!("not three columns: {row}");
            };
            assert_eq!(number, format!("| {}", at + 1), "seed {seed}");
            assert!(answer.len() > 10, "seed {seed}, {number}: nothing is said");
            // Every second piece stands between backticks; paths and settings are no names of tests.
            for name in answer
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|name| name.matches('_').count() > 2)
            {
                assert!(
                    names.contains(name),
                    "seed {seed}, {number}: there is no test {name}"
                );
            }
        }
    }
}
