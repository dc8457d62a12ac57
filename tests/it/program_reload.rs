//! Flow files that change while the program runs.
#![allow(clippy::unwrap_used)]

use cordboard::app::Surroundings;
use cordboard_observability::metrics::Metrics;
use serde_json::json;

use crate::program::{Directory, Program};

/// A flow that says the same words before and after a while.
fn words(words: &str) -> String {
    format!(
        "flow = \"notice\"\nstart = \"say\"\n\n[step.say]\ndo = \"say\"\nsay = \"{words} hello\"\nnext = \"wait\"\n\n\
         [step.wait]\ndo = \"wait\"\nwait = \"2s\"\nnext = \"bye\"\n\n[step.bye]\ndo = \"hangup\"\nsay = \"{words} goodbye\"\n"
    )
}

struct Files {
    directory: Directory,
    metrics: Metrics,
}

impl Files {
    fn new() -> Self {
        let directory = Directory::new();
        std::fs::create_dir_all(directory.path()).unwrap();
        let metrics = Metrics::default();
        Self { directory, metrics }
    }

    /// As an editor that is careful does it: no look meets half a file.
    fn write(&self, text: &str) {
        let beside = self.directory.path().join("notice.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.directory.path().join("notice.toml")).unwrap();
    }

    async fn program(&self, every: &str) -> Program {
        let toml = format!(
            "[flows]\ndirectory = \"{}\"\nreload_every = \"{every}\"\n\n[[route]]\nflow = \"notice\"\n",
            self.directory.path().display()
        );
        let around = Surroundings {
            metrics: self.metrics.clone(),
            ..Surroundings::default()
        };
        Program::with(&toml, around).await
    }

    async fn changed(&self, program: &Program, times: u64) {
        let changes = &self.metrics.actors.flow_changes;
        program
            .until("the changed file is taken up", |_| changes.get() == times)
            .await;
    }

    async fn broken(&self, program: &Program, files: i64) {
        let broken = &self.metrics.actors.flows_broken;
        program
            .until("the broken files are counted", |_| broken.get() == files)
            .await;
    }
}

/// A caller who wants to hear these words at the beginning and at the end.
async fn ring(program: &Program, words: &str) {
    let goal =
        json!([{ "hears": format!("{words} hello") }, { "hears": format!("{words} goodbye") }, "dismissed"]);
    program
        .ring(&json!({ "to": "+15550100001", "count": 1, "goal": goal }))
        .await;
}

async fn all_well(program: &Program, calls: u64) {
    // A caller's verdict comes a moment after the call's end.
    program
        .until("all callers had what they wanted", |program| {
            program.simulator.report().calls.completed == calls
        })
        .await;
    program.settle().await;
    let report = program.simulator.report();
    assert_eq!(
        (report.calls.completed, report.calls.lost),
        (calls, 0),
        "{report:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_for_new_calls_and_a_broken_one_for_nobody() {
    let files = Files::new();
    files.write(&words("first"));
    let program = files.program("20ms").await;
    ring(&program, "first").await;
    program
        .until("the first call follows its flow", |program| {
            program.simulator.snapshot().commands >= 2
        })
        .await;
    // The first caller still waits, and hears the old goodbye.
    files.write(&words("second"));
    files.changed(&program, 1).await;
    ring(&program, "second").await;
    all_well(&program, 2).await;

    files.write(&words("third").replace("do = \"wait\"", "do = \"weight\""));
    files.broken(&program, 1).await;
    ring(&program, "second").await;
    all_well(&program, 3).await;

    files.write(&words("third"));
    files.changed(&program, 2).await;
    files.broken(&program, 0).await;
    ring(&program, "third").await;
    all_well(&program, 4).await;

    std::fs::remove_file(files.directory.path().join("notice.toml")).unwrap();
    files.broken(&program, 1).await;
    ring(&program, "third").await;
    all_well(&program, 5).await;
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_looks_a_change_waits_until_somebody_asks() {
    let files = Files::new();
    files.write(&words("first"));
    let program = files.program("0s").await;
    files.write(&words("second"));
    ring(&program, "first").await;
    all_well(&program, 1).await;
    program.app.reload_flows();
    files.changed(&program, 1).await;
    ring(&program, "second").await;
    all_well(&program, 2).await;
    program.stop().await;
}
