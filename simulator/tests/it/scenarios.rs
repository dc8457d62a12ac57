//! Every scenario against the toy switchboard, and the ledger's judgement over one that fails them.

use std::time::Duration;

use cordboard_simulator::{LoadScenario, Pace, Report, Scenario, Settings, Simulator};
use tokio_util::sync::CancellationToken;

use crate::desk;

const SEED: u64 = 5;

async fn run(scenario: Scenario, calls: usize, doubles: bool) -> Report {
    let settings = Settings {
        seed: SEED,
        pace: Pace::at(60),
        patience: Some(Duration::from_secs(30)),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    desk::start(&simulator, doubles).await;
    let load = LoadScenario {
        scenario,
        calls,
        rate_per_s: 50.0,
        callers_per_conference: 1,
        hold: Duration::from_millis(300),
        ..LoadScenario::default()
    };
    simulator.run_load(load, CancellationToken::new()).await;
    assert!(
        simulator.quiesce(Duration::from_secs(20)).await,
        "{scenario} (seed {SEED}): {:?}",
        simulator.snapshot()
    );
    let report = simulator.report();
    simulator.shutdown().await;
    report
}

/// Everybody gets what the script says, nothing happens twice.
async fn serves(scenario: Scenario) {
    let report = run(scenario, 60, false).await;
    assert_eq!(
        (report.calls.started, report.calls.completed),
        (60, 60),
        "{scenario} (seed {SEED}): {report:#?}"
    );
    assert_eq!(
        report.commands.duplicate_effects, 0,
        "{scenario} (seed {SEED}): {report:#?}"
    );
    assert_eq!(report.messages.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_the_menu_reach_their_department_or_are_looked_after() {
    serves(Scenario::Ivr).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_leave_their_number_get_one_text() {
    serves(Scenario::Callback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_text_get_one_reply_and_none_after_stop() {
    serves(Scenario::Sms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_a_ring_group_get_the_agent_who_accepts() {
    serves(Scenario::RingGroup).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_recorded_and_told_to_the_owner() {
    serves(Scenario::Voicemail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_a_queue_get_an_agent_each() {
    serves(Scenario::Queue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_replies_twice_loses_the_caller() {
    let report = run(Scenario::Sms, 20, true).await;
    assert!(report.calls.lost > 10, "{report:#?}");
    assert_eq!(report.failures[0].reason, "got more texts than wanted");
}
