//! `cordboard calls` and `cordboard conferences`, as a person or a script runs them, against a running program.
#![allow(clippy::unwrap_used)]

use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::program::{PATIENCE, Program, hung_up, initiated, session};

/// Runs the program's own command line against a door, in a directory without settings.
pub(crate) async fn cordboard(server: &str, arguments: &[&str]) -> Output {
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
    command
        .args(arguments)
        .args(["--server", server])
        .current_dir(nowhere.path());
    command.env_clear().kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap()
        .unwrap()
}

async fn at(program: &Program, arguments: &[&str]) -> Output {
    cordboard(&format!("http://{}", program.app.addresses().operator), arguments).await
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A room with so many people in it; its name, and the participants' legs.
async fn room(program: &Program, count: usize) -> (String, Vec<String>) {
    let wanted = json!({ "to": "+15550100042", "count": count, "talk_ms": 600_000, "patience_ms": 60_000 });
    program.ring(&wanted).await;
    let everybody = |program: &Program| program.simulator.snapshot().talking == count as u64;
    program.until("everybody is in", everybody).await;
    let list = json_of(&at(program, &["conferences", "list", "--json"]).await);
    let name = list["conferences"][0]["name"].as_str().unwrap().to_owned();
    let legs = loop {
        let shown = json_of(&at(program, &["conferences", "show", &name, "--json"]).await);
        let members = shown["members"].as_array().unwrap().clone();
        if members.len() == count && members.iter().all(|member| member["stage"] == "in") {
            break members;
        }
    };
    (
        name,
        legs.iter()
            .map(|member| member["leg"].as_str().unwrap().to_owned())
            .collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_listed_shown_followed_and_hung_up() {
    let program = Program::start().await;
    program.post(&initiated(1)).await;
    let list = at(&program, &["calls", "list"]).await;
    assert!(list.status.success(), "{list:?}");
    let table = text(&list);
    assert!(
        table.starts_with("ID") && table.contains(&session(1)) && table.contains("ringing"),
        "{table}"
    );
    let json = json_of(&at(&program, &["calls", "list", "--json", "--phase", "ringing"]).await);
    assert_eq!(json["calls"][0]["id"], session(1));
    let (one, server) = (session(1), format!("http://{}", program.app.addresses().operator));
    let watching = tokio::spawn(async move { cordboard(&server, &["calls", "watch", &one]).await });
    program
        .until("somebody follows", |program| {
            program.app.house().watchers.watched() == 1
        })
        .await;
    let hangup = at(&program, &["calls", "hangup", &session(1)]).await;
    assert!(
        hangup.status.success() && text(&hangup).contains("accepted"),
        "{hangup:?}"
    );
    program.post(&hung_up(1)).await;
    let watched = watching.await.unwrap();
    assert!(watched.status.success(), "{watched:?}");
    let life = text(&watched);
    for part in [
        "call.initiated  [ringing]",
        "-> command answer",
        "operator",
        "-> command hangup",
        "== ended: operator",
    ] {
        assert!(life.contains(part), "{part} in {life}");
    }
    let shown = text(&at(&program, &["calls", "show", &session(1)]).await);
    assert!(
        shown.contains("ended: operator (normal_clearing by caller)"),
        "{shown}"
    );
    assert!(!shown.contains("+1555"), "{shown}");
    program.stop().await;
}

/// One field of a participant, as `conferences show` tells it.
async fn member(program: &Program, room: &str, leg: &str, field: &str) -> Option<Value> {
    let shown = json_of(&at(program, &["conferences", "show", room, "--json"]).await);
    let members = shown["members"].as_array().unwrap();
    let member = members.iter().find(|member| member["leg"] == leg);
    member.map(|member| member[field].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_in_a_room_are_muted_held_spoken_to_and_kicked() {
    operate(Program::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_in_a_room_of_the_other_carrier_are_operated_alike() {
    operate(Program::through_twilio("", cordboard::app::Surroundings::default()).await).await;
}

async fn operate(program: Program) {
    let (name, legs) = room(&program, 3).await;
    let member = async |leg: &str, field: &str| member(&program, &name, leg, field).await;
    let act = async |arguments: &[&str]| {
        let verb = arguments[0];
        let mut all = vec!["conferences", verb, name.as_str()];
        all.extend(&arguments[1..]);
        let output = at(&program, &all).await;
        assert!(output.status.success(), "{verb}: {output:?}");
    };
    act(&["mute", &legs[0], &legs[1]]).await;
    assert_eq!(member(&legs[0], "muted").await, Some(true.into()));
    assert_eq!(member(&legs[2], "muted").await, Some(false.into()));
    act(&["unmute", "--everybody"]).await;
    assert_eq!(member(&legs[0], "muted").await, Some(false.into()));
    act(&["hold", &legs[2]]).await;
    assert_eq!(member(&legs[2], "held").await, Some(true.into()));
    act(&["unhold", &legs[2]]).await;
    assert_eq!(member(&legs[2], "held").await, Some(false.into()));
    act(&["say", "Five minutes left."]).await;
    act(&[
        "say",
        "Only you.",
        "--to",
        &legs[0],
        "--voice",
        "male",
        "--language",
        "de-DE",
    ])
    .await;
    act(&["kick", &legs[0], "--hang-up"]).await;
    program
        .until("one has gone", |program| {
            program.simulator.snapshot().legs_live == 2
        })
        .await;
    act(&["kick", &legs[1]]).await;
    program
        .until("another has gone", |program| {
            program.simulator.snapshot().legs_live == 1
        })
        .await;
    let shown = text(&at(&program, &["conferences", "show", &name]).await);
    for part in [
        "mute, 2 participants",
        "conference_speak",
        "conference_leave",
        "unhold, 1 participants",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(!shown.contains("minutes"), "{shown}");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_rooms_that_are_over_are_refused() {
    let program = Program::start().await;
    let (name, _) = room(&program, 2).await;
    let stranger = at(&program, &["conferences", "mute", &name, "v3:nobody"]).await;
    assert_eq!(stranger.status.code(), Some(1));
    assert!(
        errors(&stranger).contains("participant number 1 is not in this room"),
        "{stranger:?}"
    );
    assert!(
        at(&program, &["conferences", "end", &name])
            .await
            .status
            .success()
    );
    program.settle().await;
    let over = at(&program, &["conferences", "mute", &name, "--everybody"]).await;
    assert_eq!(over.status.code(), Some(1), "{over:?}");
    let idle = json_of(&at(&program, &["conferences", "list", "--idle", "--json"]).await);
    assert_eq!(
        (
            &idle["conferences"][0]["name"],
            &idle["conferences"][0]["participants"]
        ),
        (&json!(name), &json!(0))
    );
    program.stop().await;
}

#[tokio::test]
async fn odd_requests_to_a_room_are_told_apart() {
    let program = Program::start().await;
    let post = async |path: &str, body: &str| program.operator("POST", path, Some(body)).await.status;
    assert_eq!(
        post("/api/v1/conferences/nobody/mute", "{\"everybody\":true}").await,
        404
    );
    assert_eq!(post("/api/v1/conferences/nobody/mute", "{").await, 400);
    assert_eq!(
        post("/api/v1/conferences/nobody/mute", "{\"everyone\":true}").await,
        422
    );
    assert_eq!(
        post("/api/v1/conferences/nobody/say", "{\"text\":\"  \"}").await,
        422
    );
    let long = json!({ "text": "x".repeat(3_001) }).to_string();
    assert_eq!(post("/api/v1/conferences/nobody/say", &long).await, 422);
    assert_eq!(
        post("/api/v1/conferences/a%20b/mute", "{\"everybody\":true}").await,
        400
    );
    program.stop().await;
}

#[tokio::test]
async fn exit_codes_tell_refusals_wrong_use_and_absence_apart() {
    let program = Program::start().await;
    let unknown = at(&program, &["calls", "show", "nobody"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        errors(&unknown).contains("nobody here goes by that name"),
        "{unknown:?}"
    );
    let json = at(&program, &["calls", "show", "nobody", "--json"]).await;
    assert_eq!(
        (json.status.code(), &json_of(&json)["status"]),
        (Some(1), &404.into())
    );
    let wrong = at(&program, &["calls", "lst"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        errors(&wrong).contains("list"),
        "no 90: names the nearest: {wrong:?}"
    );
    let odd = at(&program, &["conferences", "mute", "room"]).await;
    assert_eq!(odd.status.code(), Some(2), "nobody is named");
    program.stop().await;
    let absent = cordboard("http://127.0.0.1:9", &["calls", "list"]).await;
    assert_eq!(absent.status.code(), Some(3));
    assert!(errors(&absent).contains("cordboard serve"), "{absent:?}");
    let scheme = cordboard("ftp://127.0.0.1", &["calls", "list"]).await;
    assert_eq!(scheme.status.code(), Some(2), "{scheme:?}");
}

#[tokio::test]
async fn no_72_a_door_with_a_token_wants_it_and_a_file_has_it() {
    let toml = "[operator]\ntoken = \"a-token-of-some-length\"\n";
    let program = Program::with(toml, cordboard::app::Surroundings::default()).await;
    let without = at(&program, &["calls", "list"]).await;
    assert_eq!(without.status.code(), Some(1));
    assert!(errors(&without).contains("--token-file"), "{without:?}");
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("token");
    std::fs::write(&file, "a-token-of-some-length\n").unwrap();
    let with = at(
        &program,
        &["calls", "list", "--token-file", file.to_str().unwrap()],
    )
    .await;
    assert!(with.status.success(), "{with:?}");
    program.stop().await;
}
