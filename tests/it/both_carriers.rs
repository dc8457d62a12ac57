//! One set of scenarios over both carriers: the same flow files, the same callers, the same outcome for each of them.

use std::fmt::Write as _;
use std::time::Duration;

use cordboard::app::Surroundings;
use cordboard_simulator::{Contract, LoadScenario, Report, Scenario, contract};
use tokio_util::sync::CancellationToken;

use crate::program::{PATIENCE, Program};

/// Routes, addresses and sending numbers of a contract, as a user would write them.
fn settings(contract: &Contract) -> String {
    let Contract { number, flow, .. } = contract;
    let mut toml = format!(
        "[messages]\nper_minute = 6000\nper_pair_hour = 1000\n\n[[number]]\nnumber = \"{number}\"\n\n\
         [[route]]\nnumber = \"{number}\"\nflow = \"{flow}\"\n\n[flows.vars]\n"
    );
    for (name, address) in contract.addresses {
        let _ = writeln!(toml, "{name} = \"{address}\"");
    }
    toml
}

async fn judged(program: Program, scenario: Scenario, calls: usize) -> Report {
    let load = LoadScenario {
        scenario,
        calls,
        rate_per_s: 4.0,
        hold: Duration::from_millis(500),
        ..LoadScenario::default()
    };
    let run = program.simulator.run_load(load, CancellationToken::new());
    tokio::time::timeout(PATIENCE * 2, run)
        .await
        .expect("callers that never finish");
    program.settle().await;
    let report = program.simulator.report();
    program.stop().await;
    report
}

/// What callers got, and what is left of it.
type Outcome = (u64, u64, u64, u64, u64, u64, Option<u64>, Option<u64>);

fn outcome(report: &Report) -> Outcome {
    let left = &report.left_behind;
    (
        report.calls.started,
        report.calls.completed,
        report.calls.lost,
        report.commands.duplicate_effects,
        report.messages.sent,
        report.messages.duplicates,
        left.legs,
        left.conferences,
    )
}

#[track_caller]
fn alike(calls: u64, telnyx: &Report, twilio: &Report) {
    let (one, other) = (outcome(telnyx), outcome(twilio));
    assert_eq!(one, other, "{:#?} {:#?}", telnyx.failures, twilio.failures);
    let texts = one.4;
    assert_eq!(one, (calls, calls, 0, 0, texts, 0, Some(0), Some(0)));
}

async fn compare(contract: &Contract, scenario: Scenario, calls: usize) {
    let toml = settings(contract);
    let telnyx = Program::with(&toml, Surroundings::default());
    let (telnyx, twilio) = tokio::join!(telnyx, Program::through_twilio(&toml, Surroundings::default()));
    let (telnyx, twilio) = tokio::join!(judged(telnyx, scenario, calls), judged(twilio, scenario, calls));
    alike(calls as u64, &telnyx, &twilio);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_leads_callers_of_both_carriers_the_same_way() {
    compare(&contract::IVR, Scenario::Ivr, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_rung_for_callers_of_both_carriers() {
    compare(&contract::RING_GROUP, Scenario::RingGroup, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_a_queue_take_callers_of_both_carriers() {
    compare(&contract::QUEUE, Scenario::Queue, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_callers_of_both_carriers_are_taken_and_told_of() {
    compare(&contract::VOICEMAIL, Scenario::Voicemail, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_are_confirmed_by_text_through_both_carriers() {
    compare(&contract::CALLBACK, Scenario::Callback, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_both_carriers_meet_in_rooms() {
    let (telnyx, twilio) = tokio::join!(
        Program::start(),
        Program::through_twilio("", Surroundings::default())
    );
    let (telnyx, twilio) = tokio::join!(
        judged(telnyx, Scenario::Conference, 9),
        judged(twilio, Scenario::Conference, 9)
    );
    alike(9, &telnyx, &twilio);
    assert_eq!(telnyx.conferences.created, twilio.conferences.created);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hears_something_in_a_room_stays_in_it() {
    let toml = "[[route]]\nflow = \"sentiment-conference\"\n";
    let program = Program::through_twilio(toml, Surroundings::default()).await;
    let report = judged(program, Scenario::Conference, 6).await;
    assert_eq!(report.calls.completed, 6, "{:#?}", report.failures);
    assert_eq!(
        (report.conferences.created, report.conferences.duplicates),
        (2, 0)
    );
}
