//! The outbox's queues: order per target, one in flight, hangups that overtake, events that settle.
#![allow(clippy::unwrap_used)]

use cordboard_core::command::LegAction;
use cordboard_core::{Command, Input, OperatorRequest, Outcome};

use crate::stage::{Reply, Stage, accepted, answered, breathe, call, hung_up, room, speak, try_later};

/// What was spoken, in the order in which it was sent.
fn spoken(stage: &Stage) -> Vec<String> {
    let text = |command: &Command| match command {
        Command::Leg {
            action: LegAction::Speak(speak),
            ..
        } => format!("{:?}", speak.payload),
        other => panic!("{other:?}"),
    };
    let sent = stage.carrier.sent("speak");
    sent.iter()
        .map(|sent| text(&sent.command).replace('"', ""))
        .collect()
}

/// How commands of a call ended, oldest first.
async fn outcomes(stage: &Stage, n: usize) -> Vec<&'static str> {
    let outcome = |input: &Input| match input {
        Input::Outcome { outcome, .. } => Some(outcome.label()),
        _ => None,
    };
    let history = stage.history(&call(n)).await;
    history
        .iter()
        .filter_map(|record| outcome(&record.cause))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn commands_of_a_leg_leave_in_order_and_one_at_a_time() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let first = stage.carrier.ask_me("speak");
    let second = stage.carrier.ask_me("speak");
    for text in ["one", "two", "three"] {
        stage.record(&call(1), speak(1, text)).await;
    }
    stage.carrier.seen("speak", 1).await;
    breathe().await;
    assert_eq!(spoken(&stage).len(), 1);
    first.send(accepted()).unwrap();
    stage.carrier.seen("speak", 2).await;
    breathe().await;
    assert_eq!(spoken(&stage).len(), 2);
    second.send(accepted()).unwrap();
    stage.carrier.seen("speak", 3).await;
    let texts = spoken(&stage);
    for (text, place) in ["one", "two", "three"].iter().zip(0..) {
        assert!(texts[place].contains(text), "{texts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn legs_do_not_wait_for_each_other() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    stage.carrier.script("speak", [Reply::Never]);
    stage.record(&call(1), speak(1, "one")).await;
    stage.carrier.seen("speak", 1).await;
    stage.record(&call(2), speak(2, "two")).await;
    stage.carrier.seen("speak", 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_hangup_overtakes_the_command_under_way_and_everything_queued() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.carrier.script("speak", [Reply::Never]);
    for text in ["one", "two", "three"] {
        stage.record(&call(1), speak(1, text)).await;
    }
    stage.carrier.seen("speak", 1).await;
    let asked = tokio::time::Instant::now();
    stage
        .record(&call(1), Input::Operator(OperatorRequest::Hangup))
        .await;
    let hangup = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangup[0].at, asked, "at once");
    stage
        .until("everything is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(stage.carrier.count("speak"), 1);
    let mut ends = outcomes(&stage, 1).await;
    ends.sort_unstable();
    assert_eq!(
        ends,
        ["accepted", "accepted", "cancelled", "cancelled", "cancelled"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hangup_overtakes_a_command_that_waits_for_its_next_attempt() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.carrier.script("speak", [Reply::Now(try_later(Some(30)))]);
    stage.record(&call(1), speak(1, "one")).await;
    stage.carrier.seen("speak", 1).await;
    breathe().await;
    let asked = tokio::time::Instant::now();
    stage
        .record(&call(1), Input::Operator(OperatorRequest::Hangup))
        .await;
    let hangup = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangup[0].at, asked, "at once");
    stage.record(&call(1), hung_up(1)).await;
    stage.empties().await;
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    breathe().await;
    assert_eq!(stage.carrier.count("speak"), 1);
}

/// The carrier's answer to `answer` never comes, its webhook does: the next command of that leg may go.
#[tokio::test(start_paused = true)]
async fn an_event_settles_its_command_and_frees_the_lane_before_the_http_answer() {
    let stage = Stage::open().await;
    stage.carrier.script("answer", [Reply::Never]);
    stage.record(&call(1), stage.initiated(1)).await;
    let answer = stage.carrier.seen("answer", 1).await.swap_remove(0);
    assert!(stage.house.outbox.lane_of(&answer.id).is_some());
    stage.record(&call(1), answered(1)).await;
    stage.carrier.seen("conference_create", 1).await;
    assert!(stage.house.outbox.lane_of(&answer.id).is_none());
    stage
        .until("everything is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(outcomes(&stage, 1).await, [""; 0], "the event was the outcome");
    assert_eq!(stage.house.journal.counts().unsettled, 0);
    assert!(!stage.house.outbox.owes(&call(1)) && !stage.house.outbox.owes(&room()));
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_offered_again_until_its_entity_records_it() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let answer = stage.carrier.ask_me("speak");
    stage.record(&call(1), speak(1, "one")).await;
    stage.carrier.seen("speak", 1).await;
    stage.journal.refuse(&call(1), 3);
    answer.send(accepted()).unwrap();
    stage
        .until("the outcome is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(
        outcomes(&stage, 1).await,
        ["accepted", "accepted"],
        "of answer and speak"
    );
    assert_eq!(
        stage.carrier.count("speak"),
        1,
        "the command itself is not repeated"
    );
    assert_eq!(stage.house.journal.counts().unsettled, 0);
}

#[tokio::test(start_paused = true)]
async fn handing_in_a_known_command_id_again_changes_nothing() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let answer = stage.carrier.ask_me("speak");
    stage.record(&call(1), speak(1, "one")).await;
    stage.carrier.seen("speak", 1).await;
    let unsettled = stage.house.outbox.unsettled();
    for _ in 0..3 {
        // A start hands in whatever the journal has as unsettled.
        assert_eq!(stage.house.recover().await.unwrap().owed, 1);
    }
    breathe().await;
    assert_eq!(stage.house.outbox.unsettled(), unsettled);
    answer.send(accepted()).unwrap();
    stage
        .until("everything is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    assert_eq!(stage.carrier.count("speak"), 1);
    assert_eq!(outcomes(&stage, 1).await.len(), 2, "of answer and speak");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_not_repeated() {
    let stage = Stage::open().await;
    stage.ring(1).await;
    let no = crate::stage::refused(cordboard_core::RefusalKind::Invalid);
    stage.carrier.script("speak", [Reply::Now(no)]);
    stage.record(&call(1), speak(1, "one")).await;
    stage.carrier.seen("speak", 1).await;
    stage
        .until("everything is settled", || stage.house.outbox.unsettled() == 0)
        .await;
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    breathe().await;
    assert_eq!(stage.carrier.count("speak"), 1);
    let last = stage.history(&call(1)).await;
    let refused = last.iter().any(|record| {
        matches!(
            &record.cause,
            Input::Outcome {
                outcome: Outcome::Refused(_),
                ..
            }
        )
    });
    assert!(refused);
}
