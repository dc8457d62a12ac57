//! What goes wrong around an attempt: a client that panics, a turn that comes too late, a carrier that is slow for
//! everybody. The lanes go on.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cordboard_core::command::ConferenceAction;
use cordboard_core::command::conference::ConferencePlay;
use cordboard_core::{Command, Input, OperatorRequest, Outcome};

use crate::stage::{Reply, Stage, breathe, call, in_doubt, speak, try_later};

async fn unknowns(stage: &Stage, n: usize) -> Vec<String> {
    let history = stage.history(&call(n)).await;
    let unknown = |input: &Input| match input {
        Input::Outcome {
            outcome: Outcome::Unknown { why },
            ..
        } => Some(why.clone()),
        _ => None,
    };
    history
        .iter()
        .filter_map(|record| unknown(&record.cause))
        .collect()
}

async fn settled(stage: &Stage) {
    stage
        .until("everything is settled", || stage.house.outbox.unsettled() == 0)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_an_attempt_leaves_its_command_unknown_and_the_lane_alive() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let first = AtomicBool::new(true);
    stage.carrier.watch(move |issued| {
        let speaks = issued.command.name() == "speak";
        assert!(
            !speaks || !first.swap(false, Ordering::SeqCst),
            "a fault of the test"
        );
    });
    stage.record(&call(1), speak(1, "one")).await;
    stage.record(&call(1), speak(1, "two")).await;
    stage.carrier.seen("speak", 1).await;
    settled(&stage).await;
    assert_eq!(unknowns(&stage, 1).await, ["panic"]);
    assert_eq!(stage.house.outbox.lanes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_time_is_over_before_its_turn_is_never_sent() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let slow = || Reply::After(Duration::from_secs(4), try_later(Some(1)));
    stage.carrier.script("speak", (0..60).map(|_| slow()));
    let asked = tokio::time::Instant::now();
    stage.record(&call(1), speak(1, "one")).await;
    stage.record(&call(1), speak(1, "two")).await;
    settled(&stage).await;
    let deadline = Duration::from_millis(stage.limits.command_ms);
    let sent = stage.carrier.sent("speak");
    assert!(sent.iter().all(|each| each.at - asked < deadline));
    assert!(
        sent.iter().all(|each| each.id == sent[0].id),
        "the second was never sent"
    );
    assert_eq!(unknowns(&stage, 1).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_command_that_the_carrier_cannot_recognise_is_not_sent_again() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.carrier.script("conference_play", [Reply::Now(in_doubt())]);
    let command = Command::Conference {
        conference: "c-1".into(),
        action: ConferenceAction::Play(ConferencePlay::default()),
    };
    let request = Input::Operator(OperatorRequest::Issue(Box::new(command)));
    stage.record(&call(1), request).await;
    settled(&stage).await;
    assert_eq!(stage.carrier.count("conference_play"), 1);
    assert_eq!(unknowns(&stage, 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_command_is_not_sent_again_to_a_carrier_that_would_do_it_twice() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.carrier.forgets("speak");
    let replies = [try_later(None), in_doubt()].map(Reply::Now);
    stage.carrier.script("speak", replies);
    stage.record(&call(1), speak(1, "one")).await;
    settled(&stage).await;
    assert_eq!(
        stage.carrier.count("speak"),
        2,
        "what was not taken may be sent again"
    );
    assert_eq!(unknowns(&stage, 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_carrier_gets_so_many_attempts_at_once_and_hangups_all_the_same() {
    const CALLS: usize = 300;
    let stage = Stage::open().await;
    let most = stage.house.settings.max_attempts_in_flight;
    stage.carrier.script("answer", (0..CALLS).map(|_| Reply::Never));
    for n in 0..CALLS {
        stage.record(&call(n), stage.initiated(n)).await;
    }
    breathe().await;
    assert_eq!(stage.carrier.count("answer"), most);
    let asked = tokio::time::Instant::now();
    // One that has its place and one that waits for it.
    for n in [0, CALLS - 1] {
        stage
            .record(&call(n), Input::Operator(OperatorRequest::Hangup))
            .await;
    }
    let hangups = stage.carrier.seen("hangup", 2).await;
    assert!(hangups.iter().all(|hangup| hangup.at == asked), "at once");
    breathe().await;
    assert_eq!(stage.carrier.count("answer"), most + 1, "the place is given on");
    stage.house.close(Duration::from_millis(1)).await;
}
