//! The main job: callers ring, are answered, meet in the right room, leave; nothing is left.

use std::time::Duration;

use cordboard::app::Surroundings;
use cordboard_simulator::{ConferenceScenario, Report};

use crate::program::{PIN_ROUTE, Program};

fn meeting(conferences: usize, callers: usize) -> ConferenceScenario {
    ConferenceScenario {
        conferences,
        callers_per_conference: callers,
        hold: Duration::from_secs(1),
        arrival_spread: Duration::from_millis(500),
        ..ConferenceScenario::default()
    }
}

/// What holds after every run, whatever the callers did.
fn nothing_is_wrong(report: &Report) {
    assert_eq!(report.calls.lost, 0, "{:#?}", report.failures);
    assert_eq!(report.commands.duplicate_effects, 0);
    assert_eq!(report.conferences.duplicates, 0);
    assert_eq!(report.conferences.created, report.conferences.ended);
    assert_eq!(
        (report.left_behind.legs, report.left_behind.conferences),
        (Some(0), Some(0))
    );
    assert_eq!(report.webhooks.rejected, 0);
    assert_eq!(report.webhooks.sent, report.webhooks.acked);
}

fn everybody_met(report: &Report, calls: u64, conferences: u64) {
    nothing_is_wrong(report);
    assert_eq!((report.calls.started, report.calls.completed), (calls, calls));
    assert_eq!(report.conferences.created, conferences);
    assert_eq!(report.commands.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_conferences_of_three_leave_nothing_behind() {
    let program = Program::start().await;
    let report = program.run(meeting(10, 3)).await;
    everybody_met(&report, 30, 10);
    let counts = program.app.house().journal.counts();
    assert_eq!((counts.open, counts.unsettled), (0, 0));
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_on_one_number_meet_by_pin() {
    let program = Program::with(PIN_ROUTE, Surroundings::default()).await;
    let scenario = ConferenceScenario {
        pins: true,
        ..meeting(4, 3)
    };
    everybody_met(&program.run(scenario).await, 12, 4);
    program.stop().await;
}

/// Half of the callers hang up at a random moment of the first three seconds, ringing and joining included.
#[tokio::test(flavor = "multi_thread")]
async fn callers_who_hang_up_early_leave_nothing_behind() {
    let program = Program::start().await;
    let scenario = ConferenceScenario {
        early_hangup_share: 0.5,
        ..meeting(12, 4)
    };
    let report = program.run(scenario).await;
    nothing_is_wrong(&report);
    assert_eq!(report.calls.started, 48);
    assert_eq!(report.calls.completed + report.calls.failed, 48);
    assert!(
        report.calls.failed > 0 && report.calls.completed > 12,
        "{:?}",
        report.calls
    );
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_begins_anew_for_the_next_callers() {
    let program = Program::start().await;
    for round in 1..=3 {
        let report = program.run(meeting(2, 2)).await;
        everybody_met(&report, 4 * round, 2 * round);
    }
    program.stop().await;
}
