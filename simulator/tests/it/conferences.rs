//! Whole scenarios against the toy orchestrator.

use std::sync::atomic::Ordering;
use std::time::Duration;

use cordboard_simulator::{ConferenceScenario, LoadScenario, Profile, Settings, Simulator};
use tokio_util::sync::CancellationToken;

use crate::toy;

const QUIET: Duration = Duration::from_secs(10);

fn short() -> ConferenceScenario {
    ConferenceScenario {
        conferences: 5,
        callers_per_conference: 3,
        hold: Duration::from_millis(300),
        arrival_spread: Duration::from_millis(500),
        ..ConferenceScenario::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_conferences_of_three_callers_complete_on_a_calm_carrier() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let (toy, _events) = toy::start(&simulator, false).await;
    simulator.run_conferences(short(), CancellationToken::new()).await;
    assert!(simulator.quiesce(QUIET).await, "{:?}", simulator.snapshot());
    let report = simulator.report();
    assert_eq!(
        (report.calls.started, report.calls.completed),
        (15, 15),
        "{report:#?}"
    );
    assert_eq!(
        (
            report.conferences.created,
            report.conferences.ended,
            report.conferences.duplicates
        ),
        (5, 5, 0)
    );
    assert_eq!(report.commands.duplicate_effects, 0, "{report:#?}");
    assert_eq!(report.webhooks.sent, report.webhooks.acked);
    assert_eq!(toy.forged.load(Ordering::SeqCst), 0);
    assert_eq!(
        (report.left_behind.legs, report.left_behind.conferences),
        (Some(0), Some(0))
    );
    assert!(
        report.latency_ms.ack.max > 0.0 && report.latency_ms.webhook_to_command.max > 0.0,
        "{report:#?}"
    );
    assert_eq!(simulator.acked_events().len() as u64, report.webhooks.acked);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_find_their_room_by_pin() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let (_toy, _events) = toy::start(&simulator, true).await;
    simulator
        .run_conferences(
            ConferenceScenario {
                pins: true,
                ..short()
            },
            CancellationToken::new(),
        )
        .await;
    assert!(simulator.quiesce(QUIET).await);
    let report = simulator.report();
    assert_eq!(
        (report.calls.completed, report.conferences.created),
        (15, 5),
        "{report:#?}"
    );
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn early_hangups_fail_with_an_explanation_and_nothing_is_lost() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let (_toy, _events) = toy::start(&simulator, false).await;
    let scenario = ConferenceScenario {
        early_hangup_share: 0.6,
        hold: Duration::from_secs(2),
        ..short()
    };
    simulator
        .run_conferences(scenario, CancellationToken::new())
        .await;
    assert!(simulator.quiesce(QUIET).await);
    let calls = simulator.report().calls;
    assert_eq!((calls.started, calls.lost), (15, 0), "{calls:?}");
    assert_eq!(calls.completed + calls.failed, 15);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_a_silent_program_are_lost() {
    let patience = Some(Duration::from_millis(300));
    let simulator = Simulator::start(Settings {
        patience,
        ..Settings::default()
    })
    .await
    .unwrap();
    simulator.run_conferences(short(), CancellationToken::new()).await;
    let report = simulator.report();
    assert_eq!((report.calls.started, report.calls.lost), (15, 15), "{report:#?}");
    assert_eq!(report.failures.len(), 15);
    assert_eq!(report.failures[0].reason, "never answered");
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_run_makes_everybody_hang_up() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let (_toy, _events) = toy::start(&simulator, false).await;
    let cancel = CancellationToken::new();
    let run = simulator.run_conferences(
        ConferenceScenario {
            hold: Duration::from_secs(600),
            ..short()
        },
        cancel.clone(),
    );
    let watch = async {
        while simulator.snapshot().talking < 15 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    tokio::join!(run, watch);
    assert!(simulator.quiesce(QUIET).await);
    assert_eq!(simulator.report().calls.completed, 15);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_live_legs_are_no_burden() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let (_toy, _events) = toy::start(&simulator, false).await;
    let scenario = LoadScenario {
        calls: 600,
        rate_per_s: 300.0,
        concurrency: 500,
        callers_per_conference: 3,
        hold: Duration::from_secs(1),
        early_hangup_share: 0.0,
        pins: false,
        ..LoadScenario::default()
    };
    simulator.run_load(scenario, CancellationToken::new()).await;
    assert!(
        simulator.quiesce(Duration::from_secs(30)).await,
        "{:?}",
        simulator.snapshot()
    );
    let report = simulator.report();
    assert_eq!(
        (report.calls.completed, report.calls.lost),
        (600, 0),
        "{report:#?}"
    );
    assert_eq!(report.conferences.duplicates, 0);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_bad_day_nothing_is_lost_that_no_fault_explains() {
    let settings = Settings {
        profile: Profile::BadDay,
        patience: Some(Duration::from_secs(10)),
        withheld: Duration::from_millis(200),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let (_toy, _events) = toy::start(&simulator, false).await;
    let scenario = ConferenceScenario {
        conferences: 30,
        ..short()
    };
    simulator
        .run_conferences(scenario, CancellationToken::new())
        .await;
    let report = simulator.report();
    let calls = report.calls;
    assert_eq!(calls.started, 90);
    assert_eq!(
        calls.started,
        calls.completed + calls.failed + calls.lost,
        "{calls:?}"
    );
    // Only what never arrived costs the toy a call, and the ledger knows of each.
    assert!(calls.completed >= 85, "{report:#?}");
    assert_eq!(calls.lost, 0, "{report:#?}");
    assert_eq!(
        (report.commands.duplicate_effects, report.conferences.duplicates),
        (0, 0),
        "{report:#?}"
    );
    for kind in ["webhook_duplicate", "webhook_reorder", "webhook_drop"] {
        assert!(
            report.faults.contains_key(kind),
            "{kind} never happened: {report:#?}"
        );
    }
    simulator.shutdown().await;
}
