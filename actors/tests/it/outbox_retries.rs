//! Repetition of one command: the same id, the carrier's wish, the deadline, the carrier's memory for ids.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use cordboard_core::{Input, Limits, Outcome};

use crate::stage::{Reply, Stage, accepted, call, in_doubt, speak, try_later};

/// Longer than the carrier remembers command ids, so that the window is what ends the attempts.
const PATIENT: Limits = Limits {
    probe_after_ms: 3_600_000,
    probe_max_ms: 3_600_000,
    step_ms: 3_600_000,
    after_leave_ms: 5_000,
    orphan_ms: 10_000,
    command_ms: 300_000,
    hangup_ms: 300_000,
};

async fn ringing(limits: Limits) -> Stage {
    let mut stage = Stage::open().await;
    stage.limits = limits;
    stage.ring(1).await;
    stage
}

/// Speaks, waits for the outcome, gives it and when each attempt was made since the first.
async fn outcome_of_speaking(stage: &Stage) -> (Outcome, Vec<Duration>) {
    stage.record(&call(1), speak(1, "one")).await;
    stage
        .until("the command is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    let sent = stage.carrier.sent("speak");
    let ids: BTreeSet<_> = sent.iter().map(|attempt| attempt.id.clone()).collect();
    assert_eq!(ids.len(), 1, "every attempt has the same id");
    let outcome = stage.history(&call(1)).await.pop().map(|record| record.cause);
    let Some(Input::Outcome { command, outcome }) = outcome else {
        panic!("the last record is no outcome: {outcome:?}");
    };
    assert!(ids.contains(&command));
    let times = sent.iter().map(|attempt| attempt.at - sent[0].at).collect();
    (outcome, times)
}

fn always(attempt: impl Fn() -> cordboard_core::Attempt) -> Vec<Reply> {
    (0..200).map(|_| Reply::Now(attempt())).collect()
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_at_least() {
    let stage = ringing(Limits::default()).await;
    let replies = [try_later(Some(7)), try_later(Some(11)), accepted()].map(Reply::Now);
    stage.carrier.script("speak", replies);
    let (outcome, times) = outcome_of_speaking(&stage).await;
    assert_eq!(outcome.label(), "accepted");
    assert_eq!(times.len(), 3);
    assert!(times[1] >= Duration::from_secs(7), "{times:?}");
    assert!(times[2] - times[1] >= Duration::from_secs(11), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn time_outs_are_repeated_under_one_id_until_the_carrier_answers() {
    let stage = ringing(Limits::default()).await;
    let late = |secs| Reply::After(Duration::from_secs(secs), in_doubt());
    stage
        .carrier
        .script("speak", [late(5), late(5), Reply::Now(accepted())]);
    let (outcome, times) = outcome_of_speaking(&stage).await;
    assert_eq!(outcome.label(), "accepted");
    assert_eq!(times.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_none_is_skipped() {
    let stage = ringing(Limits::default()).await;
    stage.carrier.script("speak", always(|| try_later(None)));
    let (_, times) = outcome_of_speaking(&stage).await;
    let pauses: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.len() > 5, "{pauses:?}");
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses[0] >= Duration::from_millis(250), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn past_its_deadline_a_command_is_given_up_as_unknown() {
    let stage = ringing(Limits::default()).await;
    stage.carrier.script("speak", always(|| try_later(None)));
    let (outcome, times) = outcome_of_speaking(&stage).await;
    assert_eq!(outcome.label(), "unknown");
    let last = *times.last().unwrap();
    let deadline = Duration::from_millis(Limits::default().command_ms);
    assert!(last < deadline && last > deadline / 2, "{times:?}");
    tokio::time::advance(Duration::from_secs(120)).await;
    crate::stage::breathe().await;
    assert_eq!(stage.carrier.count("speak"), times.len(), "nothing more is sent");
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_command_is_not_sent_again_past_the_window() {
    let stage = ringing(PATIENT).await;
    stage.carrier.script("speak", always(in_doubt));
    let (outcome, times) = outcome_of_speaking(&stage).await;
    assert_eq!(outcome.label(), "unknown");
    assert!(times.len() > 3, "{times:?}");
    assert!(*times.last().unwrap() < Duration::from_secs(45), "{times:?}");
}

/// One doubtful attempt is enough, whatever came after it.
#[tokio::test(start_paused = true)]
async fn a_command_that_was_once_doubtful_stays_so() {
    let stage = ringing(PATIENT).await;
    let mut replies = vec![Reply::Now(in_doubt())];
    replies.extend(always(|| try_later(None)));
    stage.carrier.script("speak", replies);
    let (outcome, times) = outcome_of_speaking(&stage).await;
    assert_eq!(outcome.label(), "unknown");
    assert!(*times.last().unwrap() < Duration::from_secs(45), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_certainly_was_not_taken_may_go_on_past_the_window() {
    let stage = ringing(PATIENT).await;
    let mut replies: Vec<Reply> = (0..15).map(|_| Reply::Now(try_later(Some(8)))).collect();
    replies.push(Reply::Now(accepted()));
    stage.carrier.script("speak", replies);
    let (outcome, times) = outcome_of_speaking(&stage).await;
    assert_eq!(outcome.label(), "accepted");
    assert!(*times.last().unwrap() > Duration::from_secs(60), "{times:?}");
}
