//! The accounting rules of the ledger, as short stories.
#![allow(clippy::unwrap_used)]

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn touched(caller: Option<CallerNo>, room: Option<&str>) -> Touched {
    Touched {
        caller,
        rooms: room.map(str::to_owned).into_iter().collect(),
    }
}

#[test]
fn started_is_the_sum_of_completed_failed_and_lost() {
    let mut ledger = Ledger::default();
    let callers: Vec<_> = (0..5).map(|_| ledger.call_started("r", PATIENCE, None)).collect();
    ledger.call_ended(callers[0], Ending::Completed);
    ledger.call_ended(callers[1], Ending::Missed("never heard"));
    ledger.fault(Fault::ServerError, &touched(Some(callers[2]), None));
    ledger.call_ended(callers[2], Ending::NeverAnswered);
    ledger.call_ended(callers[3], Ending::EarlyHangup);
    let calls = ledger.report(0, 0, 1).calls;
    assert_eq!(
        (calls.started, calls.completed, calls.failed, calls.lost),
        (5, 1, 2, 2)
    );
}

#[test]
fn a_fault_explains_only_the_leg_or_the_room_it_touched() {
    let mut ledger = Ledger::default();
    let (here, there) = (
        ledger.call_started("a", PATIENCE, None),
        ledger.call_started("b", PATIENCE, None),
    );
    ledger.fault(Fault::WebhookNever, &touched(None, Some("a")));
    ledger.call_ended(here, Ending::Missed("never heard"));
    ledger.call_ended(there, Ending::Missed("never heard"));
    let report = ledger.report(0, 0, 1);
    assert_eq!((report.calls.failed, report.calls.lost), (1, 1));
    assert_eq!(report.failures[0].verdict, "lost");
    assert_eq!(report.failures[1].faults["conference_webhook_never"], 1);
}

#[test]
fn a_repeated_webhook_never_excuses_a_lost_call() {
    let mut ledger = Ledger::default();
    let caller = ledger.call_started("a", PATIENCE, None);
    for fault in [Fault::WebhookDuplicate, Fault::WebhookReorder, Fault::WebhookDrop] {
        ledger.fault(fault, &touched(Some(caller), Some("a")));
    }
    ledger.call_ended(caller, Ending::Missed("never heard"));
    assert_eq!(ledger.report(0, 0, 1).calls.lost, 1);
}

#[test]
fn the_slowest_leg_of_a_room_may_excuse_the_others() {
    let mut ledger = Ledger::default();
    let (slow, waits) = (
        ledger.call_started("a", PATIENCE, None),
        ledger.call_started("a", PATIENCE, None),
    );
    ledger.delayed(slow, Duration::from_secs(11));
    ledger.call_ended(waits, Ending::Missed("never heard"));
    assert_eq!(ledger.report(0, 0, 1).calls.failed, 1);
}

#[test]
fn gauges_follow_the_phases() {
    let mut ledger = Ledger::default();
    let caller = ledger.call_started("a", PATIENCE, None);
    ledger.call_moved(caller, Phase::Waiting);
    ledger.call_moved(caller, Phase::Talking);
    assert_eq!(ledger.snapshot(1, 1).talking, 1);
    ledger.call_ended(caller, Ending::Completed);
    ledger.call_ended(caller, Ending::CutOff);
    let snapshot = ledger.snapshot(0, 0);
    assert_eq!(
        (
            snapshot.ringing,
            snapshot.waiting,
            snapshot.talking,
            snapshot.completed
        ),
        (0, 0, 0, 1)
    );
}

#[test]
fn failures_are_capped_and_lost_ones_come_first() {
    let mut ledger = Ledger::default();
    for index in 0..30 {
        let caller = ledger.call_started("a", PATIENCE, None);
        let ending = if index % 2 == 0 {
            Ending::EarlyHangup
        } else {
            Ending::Missed("never heard")
        };
        ledger.call_ended(caller, ending);
    }
    let failures = ledger.report(0, 0, 1).failures;
    assert_eq!(failures.len(), 20);
    assert!(failures[..15].iter().all(|failure| failure.verdict == "lost"));
}

#[test]
fn a_text_too_many_spoils_even_a_finished_call_and_nothing_excuses_it() {
    let mut ledger = Ledger::default();
    let caller = ledger.call_started("a", PATIENCE, Some(1));
    ledger.fault(Fault::ServerErrorEffect, &touched(Some(caller), None));
    ledger.texted(caller);
    ledger.call_ended(caller, Ending::Completed);
    assert_eq!(ledger.report(0, 0, 1).calls.completed, 1);
    ledger.texted(caller);
    let calls = ledger.report(0, 0, 1).calls;
    assert_eq!((calls.completed, calls.failed, calls.lost), (0, 0, 1));
}
