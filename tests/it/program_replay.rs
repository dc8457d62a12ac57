//! `cordboard replay` over the journal of the whole program: while it runs, after a restart, and of something odd.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use cordboard_actors::journal::Append;
use cordboard_actors::replay::flow_of;
use cordboard_core::Address;
use cordboard_simulator::ConferenceScenario;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::program::{Directory, PATIENCE, Program, initiated, session};
use crate::program_restarts::on_disk;

pub(crate) async fn replay(directory: &Path, arguments: &[&str]) -> Output {
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
    command
        .arg("replay")
        .args(arguments)
        .arg("--directory")
        .arg(directory);
    command.current_dir(nowhere.path()).env_clear().kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap()
        .unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_every_simulated_life_replays_identically_while_the_program_runs_and_after() {
    let directory = Directory::new();
    let program = Program::with(crate::program::PIN_ROUTE, on_disk(&directory)).await;
    let scenario = ConferenceScenario {
        conferences: 3,
        hold: Duration::from_millis(500),
        arrival_spread: Duration::from_millis(300),
        early_hangup_share: 0.3,
        pins: true,
        ..ConferenceScenario::default()
    };
    program.run(scenario).await;
    let running = json_of(&replay(directory.path(), &["--all", "--json"]).await);
    assert_eq!(
        (&running["same"], &running["different"]),
        (&true.into(), &json!([]))
    );
    assert!(running["entities"].as_u64().unwrap() >= 12, "{running}");
    program.stop().await;
    let stopped = replay(directory.path(), &["--all"]).await;
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    assert!(text(&stopped).contains(" 0 different"), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_is_stepped_through_and_shows_no_number() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    program.post(&initiated(1)).await;
    let one = replay(directory.path(), &[&session(1)]).await;
    assert_eq!(one.status.code(), Some(0), "{one:?}");
    let text = text(&one);
    for part in [
        "call.initiated  [unborn -> ringing]",
        "-> command answer",
        "same: today's build",
        "from birth",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("1555"), "{text}");
    let object = json_of(&replay(directory.path(), &[&format!("call:{}", session(1)), "--json"]).await);
    assert_eq!(
        (&object["same"], &object["steps"][0]["cause"]),
        (&true.into(), &"call.initiated".into())
    );
    program.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_meant_is_said_with_exit_code_2() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    let unknown = replay(directory.path(), &["nobody"]).await;
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("no call, no room and no queue of this name"),
        "{unknown:?}"
    );
    let missing = replay(Path::new("/nonexistent-journal"), &["nobody"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(!Path::new("/nonexistent-journal").exists(), "nothing is made");
    assert_eq!(replay(directory.path(), &[]).await.status.code(), Some(2));
    assert_eq!(
        replay(directory.path(), &["x", "--all"]).await.status.code(),
        Some(2)
    );
    program.stop().await;
}

/// A journal that another build wrote: one command of it would be another today.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_other_command_is_reported_with_exit_code_1() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    program.post(&initiated(1)).await;
    let other = Directory::new();
    alter(&program, &other).await;
    program.stop().await;
    let output = replay(other.path(), &[&session(1)]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = text(&output);
    for part in [
        "DIFFERENT at record 1 (call.initiated)",
        "recorded: nothing",
        "today:    command answer",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let object = json_of(&replay(other.path(), &["--all", "--json"]).await);
    assert_eq!(
        (&object["same"], object["different"].as_array().unwrap().len()),
        (&false.into(), 1)
    );
}

/// A journal like the program's, but of a build that asked for nothing when the call came in.
async fn alter(program: &Program, other: &Directory) {
    let call = Address::Call(session(1).as_str().into());
    let history = program.app.house().journal.history(&call).await.unwrap();
    let journal = on_disk(other).journal.unwrap();
    let hash = flow_of(&history).unwrap();
    let flow = program.app.house().journal.flow(hash.as_str()).await.unwrap();
    journal.keep_flow(hash.as_str(), flow.unwrap());
    for mut record in history {
        if record.seq == 1 {
            record.effects.clear();
        }
        let (tell, told) = tokio::sync::oneshot::channel();
        journal.append(Append {
            record,
            event: None,
            settles: None,
            terminal: false,
            deadline: None,
            handles: vec![],
            flow: Some(hash.as_str().to_owned()),
            done: Box::new(move |result| tell.send(result.is_ok()).unwrap()),
        });
        assert!(told.await.unwrap());
    }
}
