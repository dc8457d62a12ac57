//! A panic in one call of a hundred: the others do not notice, that call recovers or ends safely.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cordboard::app::Surroundings;
use cordboard_actors::house::FaultHook;
use cordboard_core::{Address, Input};
use cordboard_observability::metrics::Metrics;
use cordboard_simulator::{ConferenceScenario, Report};

use crate::program::Program;

/// Twenty rooms of five.
const CALLS: u64 = 100;

/// Panics whenever the first call that meets such an input meets one again, `times` times in all.
fn panicking(times: usize, fits: fn(&Input) -> bool) -> FaultHook {
    let (victim, left) = (OnceLock::new(), AtomicUsize::new(times));
    Arc::new(move |address: &Address, input: &Input| {
        if matches!(address, Address::Call(_))
            && fits(input)
            && victim.get_or_init(|| address.clone()) == address
        {
            let less = |left: usize| left.checked_sub(1);
            let hit = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
            assert!(hit.is_err(), "a fault of the test");
        }
    })
}

async fn a_hundred_calls(fault: FaultHook) -> (Report, Metrics) {
    let metrics = Metrics::default();
    let around = Surroundings {
        metrics: metrics.clone(),
        fault: Some(fault),
        ..Surroundings::default()
    };
    let program = Program::with("", around).await;
    let scenario = ConferenceScenario {
        conferences: 20,
        callers_per_conference: 5,
        hold: Duration::from_secs(1),
        arrival_spread: Duration::from_secs(2),
        ..ConferenceScenario::default()
    };
    let report = program.run(scenario).await;
    program.stop().await;
    assert_eq!(report.calls.started, CALLS);
    assert_eq!(report.commands.duplicate_effects, 0);
    assert_eq!(
        (report.left_behind.legs, report.left_behind.conferences),
        (Some(0), Some(0))
    );
    (report, metrics)
}

fn answered(input: &Input) -> bool {
    matches!(input, Input::Event { event, .. } if event.body.label() == "call.answered")
}

fn outcome(input: &Input) -> bool {
    matches!(input, Input::Outcome { .. })
}

fn message(input: &Input) -> bool {
    matches!(input, Input::Message { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_one_call_of_a_hundred_is_recovered_from() {
    for fits in [answered, outcome, message] {
        let (report, metrics) = a_hundred_calls(panicking(1, fits)).await;
        assert_eq!(report.calls.completed, CALLS, "{:#?}", report.failures);
        assert_eq!(
            (metrics.actors.panics.get(), metrics.actors.quarantined.get()),
            (1, 0)
        );
    }
}

/// The event that says that the caller is up panics each time it comes: that call is hung up, no other is touched.
#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_event_ends_its_own_call_and_leaves_ninety_nine_untouched() {
    let (report, metrics) = a_hundred_calls(panicking(usize::MAX, answered)).await;
    assert_eq!(report.calls.completed, CALLS - 1, "{:#?}", report.failures);
    assert_eq!(report.failures.len(), 1);
    assert_eq!(
        report.failures[0].reason,
        "hung up by the program before the goal"
    );
    assert_eq!(
        (metrics.actors.panics.get(), metrics.actors.quarantined.get()),
        (2, 1)
    );
    assert_eq!(report.webhooks.rejected, 0, "the carrier is told 200 in the end");
}

/// An input without which the call may go on, or not: safe either way.
#[tokio::test(flavor = "multi_thread")]
async fn poisoned_outcomes_and_messages_cost_one_call_at_most() {
    for fits in [outcome, message] {
        let (report, metrics) = a_hundred_calls(panicking(usize::MAX, fits)).await;
        assert!(report.calls.completed >= CALLS - 1, "{:#?}", report.failures);
        assert!(metrics.actors.quarantined.get() >= 1);
    }
}
