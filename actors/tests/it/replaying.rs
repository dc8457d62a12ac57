//! Replay: the same build does the same again, and whatever is different is named at its first place.
#![allow(clippy::unwrap_used)]

use cordboard_actors::journal::Record;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_actors::replay::{Replay, Surroundings, What, replay};
use cordboard_core::{Effect, Input};

use crate::stage::{Stage, answered, call, hung_up, room};

/// A call and its room, from ringing to the end.
async fn played() -> (Vec<Record>, Vec<Record>, u64) {
    let stage = Stage::open().await;
    stage.ring(0).await;
    stage.record(&call(0), answered(0)).await;
    stage.record(&call(0), hung_up(0)).await;
    stage.empties().await;
    let (calls, rooms) = (stage.history(&call(0)).await, stage.history(&room()).await);
    (calls, rooms, stage.house.journal.salt())
}

fn again(records: &[Record], salt: u64) -> Replay {
    let around = Surroundings {
        salt,
        flow: Some(std::sync::Arc::new(crate::stage::flow())),
    };
    replay(records, &around).unwrap()
}

fn place_of_a_command(records: &[Record]) -> (usize, usize) {
    let command = |record: &Record| {
        let is_command = |effect: &Effect| matches!(effect, Effect::Command(_));
        record.effects.iter().position(is_command)
    };
    let found = records
        .iter()
        .enumerate()
        .find_map(|(place, record)| Some((place, command(record)?)));
    found.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_and_its_room_do_the_same_again() {
    let (call, room, salt) = played().await;
    for records in [call, room] {
        let replayed = again(&records, salt);
        assert!(replayed.difference.is_none(), "{:?}", replayed.difference);
        assert_eq!((replayed.from, replayed.steps.len()), (0, records.len()));
        assert!(replayed.steps.iter().any(|step| step.phases.0 != step.phases.1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_whose_beginning_is_forgotten_goes_on_from_its_oldest_record() {
    let (call, _, salt) = played().await;
    let replayed = again(&call[1..], salt);
    assert!(replayed.difference.is_none(), "{:?}", replayed.difference);
    assert_eq!((replayed.from, replayed.steps.len()), (2, call.len() - 2));
}

#[tokio::test(start_paused = true)]
async fn the_first_other_command_is_named_with_both_sides() {
    let (mut call, _, salt) = played().await;
    let (place, index) = place_of_a_command(&call);
    call[place].effects.remove(index);
    let index = call[place].effects[..index]
        .iter()
        .filter(|effect| !matches!(effect, Effect::Fact(_)))
        .count();
    let replayed = again(&call, salt);
    let difference = replayed.difference.unwrap();
    assert_eq!(difference.seq, call[place].seq);
    assert!(matches!(difference.what, What::Effect { index: at, today: Some(_), .. } if at == index));
    assert_eq!(replayed.steps.len(), place + 1, "it stops there");
}

#[tokio::test(start_paused = true)]
async fn another_cause_and_a_gap_are_differences() {
    let (mut call, _, salt) = played().await;
    let mut gap = call.clone();
    gap.remove(1);
    let missing = again(&gap, salt).difference.unwrap();
    assert!(matches!(missing.what, What::Gap { expected: 2 }));
    call.last_mut().unwrap().cause = Input::Deadline;
    let last = again(&call, salt).difference.unwrap();
    assert_eq!(last.seq, call.last().unwrap().seq);
}

/// A build that states one fact more gives every later command of a record another id.
#[tokio::test(start_paused = true)]
async fn other_ids_for_the_same_commands_are_matched_and_outcomes_find_them() {
    let (call, room, salt) = played().await;
    for records in [call, room] {
        let replayed = again(&records, salt ^ 1);
        assert!(replayed.difference.is_none(), "{:?}", replayed.difference);
        assert!(replayed.renamed > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_parameter_is_shown_where_it_changed() {
    let (mut call, _, salt) = played().await;
    let (place, index) = place_of_a_command(&call);
    let Effect::Command(issued) = &mut call[place].effects[index] else {
        panic!("a command");
    };
    issued.give_up_at = issued.give_up_at + std::time::Duration::from_secs(1);
    let difference = again(&call, salt).difference.unwrap();
    let What::Effect { changes, .. } = difference.what else {
        panic!("{difference:?}");
    };
    assert_eq!(changes[0].path, "give_up_at");
}

#[tokio::test(start_paused = true)]
async fn a_portrait_shows_phase_parties_and_members() {
    let (call, room, _) = played().await;
    let first = Portrait::of(&call[0]).unwrap();
    assert_eq!((first.phase, first.over), ("ringing", false));
    assert!(matches!(
        first.face,
        Face::Call {
            caller: Some(_),
            called: Some(_),
            ..
        }
    ));
    let last = Portrait::of(call.last().unwrap()).unwrap();
    assert!(last.over);
    let most = room
        .iter()
        .map(|record| match Portrait::of(record).unwrap().face {
            Face::Room { members, .. } => members.len(),
            Face::Call { .. } | Face::Number { .. } | Face::Queue { .. } => 0,
        });
    assert_eq!(most.max(), Some(1));
}
