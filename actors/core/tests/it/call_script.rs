//! What a caller lives through, as scripts.

use cordboard_core::call::CallState;
use cordboard_core::flow::ConferenceRoute;
use cordboard_core::{CallMachine, EndReason, RoomSettings};

use crate::world::{World, leg, pin_plan, room_plan};

fn names(world: &World, n: usize) -> Vec<&'static str> {
    world
        .commands
        .iter()
        .filter(|(l, _)| *l == leg(n))
        .map(|(_, name)| *name)
        .collect()
}

fn ended(machine: &CallMachine) -> EndReason {
    machine.ending().unwrap().reason
}

#[test]
fn a_wrong_pin_is_asked_again_and_then_the_call_is_landed() {
    let mut world = World::new(pin_plan(), vec![]);
    world.ring(0, "9999");
    world.run_in_order();
    assert_eq!(
        names(&world, 0),
        [
            "answer",
            "gather_using_speak",
            "gather_using_speak",
            "speak",
            "hangup"
        ]
    );
    assert_eq!(ended(world.machine(0)), EndReason::WrongPin);
    assert!(world.carrier_is_empty());
}

#[test]
fn silence_at_the_pin_prompt_ends() {
    let mut world = World::new(pin_plan(), vec![]);
    world.ring(0, "");
    world.run_in_order();
    assert_eq!(ended(world.machine(0)), EndReason::NoPin);
}

#[test]
fn a_pin_that_no_room_has_written_down_opens_a_room_of_its_own() {
    let ConferenceRoute { room, .. } = pin_plan();
    let cordboard_core::RoomChoice::Pin(mut pin) = room else {
        panic!("a PIN plan")
    };
    pin.pins.clear();
    let plan = ConferenceRoute {
        room: cordboard_core::RoomChoice::Pin(pin),
        ..room_plan(RoomSettings::default())
    };
    let mut world = World::new(plan, vec![]);
    world.ring(0, "4711");
    world.ring(1, "4711");
    world.ring(2, "9999");
    world.run_in_order();
    assert_eq!(world.created, 2, "one room per PIN");
    assert!(world.inside(0) && world.inside(1) && world.inside(2));
}

#[test]
fn a_full_room_turns_the_caller_away_with_words() {
    let settings = RoomSettings {
        max_participants: 2,
        ..RoomSettings::default()
    };
    let mut world = World::new(room_plan(settings), vec![]);
    for n in 0..3 {
        world.ring(n, "");
    }
    world.run_in_order();
    assert_eq!(names(&world, 2), ["answer", "speak", "hangup"]);
    assert_eq!(ended(world.machine(2)), EndReason::ConferenceFull);
    assert!(world.inside(0) && world.inside(1));
}

#[test]
fn an_answered_event_that_never_comes_does_not_keep_the_caller_waiting() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.ring(0, "");
    let initiated = world.way.remove(0);
    world.deliver(initiated);
    world.way.retain(|parcel| parcel.input.label() == "outcome");
    world.run_in_order();
    assert!(matches!(
        world.machine(0).state(),
        CallState::Answering { accepted: true, .. }
    ));
    assert!(world.next_deadline(), "the silence is noticed");
    world.run_in_order();
    assert!(world.inside(0));
}

#[test]
fn initiated_after_hangup_starts_nothing() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.ring(0, "");
    world.hang_up(0);
    world.way.reverse();
    world.run_in_order();
    assert!(world.commands.is_empty());
    assert_eq!(ended(world.machine(0)), EndReason::HungUp);
}
