//! What a room does, as scripts: election, adoption, moderators, holds.

use cordboard_core::conference::RoomState;
use cordboard_core::flow::ConferenceRoute;
use cordboard_core::{Address, ConferenceMachine, RoomSettings};

use crate::world::{World, leg, room_plan};

fn only_room(world: &World) -> &ConferenceMachine {
    assert_eq!(world.rooms.len(), 1);
    &world.rooms.values().next().unwrap().0
}

fn moderated(settings: RoomSettings) -> ConferenceRoute {
    ConferenceRoute {
        moderators: vec!["+15550100001".into()],
        ..room_plan(settings)
    }
}

#[test]
fn participants_are_held_until_the_moderator_is_in() {
    let settings = RoomSettings {
        hold_until_moderator: true,
        ..RoomSettings::default()
    };
    let mut world = World::new(moderated(settings), vec![]);
    world.ring(0, "");
    world.run_in_order();
    world.ring(2, "");
    world.run_in_order();
    assert!(
        world.commands.contains(&(leg(999), "conference_hold")),
        "the creator is held: {:?}",
        world.commands
    );
    assert!(only_room(&world).members().values().all(|member| member.held));
    world.ring(1, "");
    world.run_in_order();
    assert!(world.commands.contains(&(leg(999), "conference_unhold")));
    assert!(only_room(&world).members().values().all(|member| !member.held));
}

#[test]
fn the_last_moderator_takes_the_conference_along() {
    let settings = RoomSettings {
        end_on_moderator_exit: true,
        ..RoomSettings::default()
    };
    let mut world = World::new(moderated(settings), vec![]);
    for n in 0..3 {
        world.ring(n, "");
    }
    world.run_in_order();
    world.hang_up(1);
    world.run_in_order();
    assert!(world.commands.contains(&(leg(999), "conference_end")));
    assert!(world.all_over() && world.carrier_is_empty());
}

#[test]
fn a_creator_who_hangs_up_is_succeeded() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.ring(0, "");
    world.ring(1, "");
    // Both are answered and have asked the room; the creator's command is on its way when the creator leaves.
    while world
        .commands
        .iter()
        .filter(|(_, name)| *name == "conference_create")
        .count()
        == 0
    {
        assert!(world.step(false));
    }
    world.hang_up(0);
    world.run_in_order();
    assert!(world.inside(1));
    assert_eq!(world.live_rooms(), 1);
}

#[test]
fn an_idle_room_absorbs_events_of_its_past() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.ring(0, "");
    world.run_in_order();
    let address: Address = world.rooms.keys().next().unwrap().clone();
    world.hang_up(0);
    let late = world.way.clone();
    world.run_in_order();
    assert_eq!(*only_room(&world).state(), RoomState::Idle);
    for mut parcel in late {
        parcel.to = address.clone();
        world.deliver(parcel);
    }
    assert_eq!(*only_room(&world).state(), RoomState::Idle);
    assert!(world.way.is_empty());
}
