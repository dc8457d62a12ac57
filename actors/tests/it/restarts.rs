//! A new house over an old journal: everybody is found asleep, what is owed goes on, nothing is said twice.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard_core::command::Dial;
use cordboard_core::{Command, Handle, Input, OperatorRequest, Outcome};

use crate::stage::{Reply, Stage, answered, breathe, call, hung_up, leg, room, speak};

async fn unknowns(stage: &Stage, n: usize) -> usize {
    let history = stage.history(&call(n)).await;
    let unknown = |input: &Input| {
        matches!(
            input,
            Input::Outcome {
                outcome: Outcome::Unknown { .. },
                ..
            }
        )
    };
    history.iter().filter(|record| unknown(&record.cause)).count()
}

#[tokio::test(start_paused = true)]
async fn an_open_call_is_found_asleep_and_wakes_for_its_next_event() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    stage.record(&call(2), hung_up(2)).await;
    let stage = stage.again().await;
    let memory = stage.house.occupancy();
    assert_eq!((memory.actors, memory.timers, memory.index_entries), (0, 1, 1));
    assert_eq!(stage.house.registry.owner(&Handle::Leg(leg(1))), Some(call(1)));
    assert_eq!(stage.house.registry.owner(&Handle::Leg(leg(2))), None);
    stage.record(&call(1), answered(1)).await;
    stage.carrier.seen("conference_create", 1).await;
    assert_eq!(
        stage.carrier.count("answer"),
        0,
        "what was settled is not said again"
    );
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
    assert_eq!(stage.journal.conflicts(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_unsettled_command_is_sent_again_under_its_id() {
    let stage = Stage::open().await;
    stage.carrier.script("answer", [Reply::Never]);
    stage.record(&call(1), stage.initiated(1)).await;
    let before = stage.carrier.seen("answer", 1).await;
    let stage = stage.again().await;
    let after = stage.carrier.seen("answer", 1).await;
    assert_eq!(before[0].id, after[0].id);
    stage
        .until("it is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(stage.causes(&call(1)).await, ["call.initiated", "outcome"]);
}

#[tokio::test(start_paused = true)]
async fn a_command_older_than_the_window_is_asked_about_and_not_sent_again() {
    let stage = Stage::open().await;
    stage.carrier.script("answer", [Reply::Never]);
    stage.record(&call(1), stage.initiated(1)).await;
    stage.carrier.seen("answer", 1).await;
    let stage = stage.again_after(Duration::from_secs(50)).await;
    stage.carrier.seen("query_call", 1).await;
    breathe().await;
    assert_eq!((stage.carrier.count("answer"), unknowns(&stage, 1).await), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hangup_is_sent_again_however_old_it_is() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.carrier.script("hangup", [Reply::Never]);
    stage
        .record(&call(1), Input::Operator(OperatorRequest::Hangup))
        .await;
    let before = stage.carrier.seen("hangup", 1).await;
    let stage = stage.again_after(Duration::from_secs(3_600)).await;
    let after = stage.carrier.seen("hangup", 1).await;
    assert_eq!(before[0].id, after[0].id);
    assert_eq!(after[0].command, before[0].command);
}

#[tokio::test(start_paused = true)]
async fn speech_is_not_begun_again_once_it_is_stale() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.carrier.script("speak", [Reply::Never]);
    stage.record(&call(1), speak(1, "one")).await;
    stage.carrier.seen("speak", 1).await;
    let stage = stage.again_after(Duration::from_secs(6)).await;
    stage
        .until("it is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!((stage.carrier.count("speak"), unknowns(&stage, 1).await), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_had_not_arrived_arrives_once() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.journal.refuse(&room(), usize::MAX);
    stage.record(&call(1), answered(1)).await;
    breathe().await;
    assert_eq!(stage.causes(&room()).await, [""; 0]);
    stage.journal.refuse(&room(), 0);
    let stage = stage.again().await;
    stage.carrier.seen("conference_create", 1).await;
    let causes = stage.causes(&room()).await;
    assert_eq!(causes.iter().filter(|cause| **cause == "message").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passed_while_nobody_was_there_fires_once() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let stage = stage.again_after(Duration::from_secs(600)).await;
    stage.carrier.seen("query_call", 1).await;
    breathe().await;
    let causes = stage.causes(&call(1)).await;
    assert_eq!(causes.iter().filter(|cause| **cause == "deadline").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_starts_in_a_row_change_nothing() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let records = stage.history(&call(1)).await;
    let stage = stage.again().await.again().await.again().await;
    assert_eq!(stage.history(&call(1)).await, records);
    assert_eq!(stage.house.occupancy().index_entries, 1);
}

/// A telephone that rings hours late wakes somebody for nothing: a dial has a "not after", and a restart keeps it.
#[tokio::test(start_paused = true)]
async fn a_dial_is_not_begun_after_its_time_although_the_carrier_would_know_its_id() {
    for (pause, sent) in [(30, 1), (41, 0), (3_600, 0)] {
        let stage = Stage::open().await;
        stage.ring(1).await;
        stage.carrier.script("dial", [Reply::Never]);
        let dial = Dial::new("connection", "+15550100007", "+15550200002");
        let request = OperatorRequest::Issue(Box::new(Command::Dial(Box::new(dial))));
        stage.record(&call(1), Input::Operator(request)).await;
        stage.carrier.seen("dial", 1).await;
        let stage = stage.again_after(Duration::from_secs(pause)).await;
        stage
            .until("it is settled", || !stage.house.outbox.owes(&call(1)))
            .await;
        assert_eq!(stage.carrier.count("dial"), sent, "after {pause} s");
        assert_eq!(unknowns(&stage, 1).await, 1 - sent, "after {pause} s");
    }
}
