//! One set of scripts over both kinds of carrier: one that reports what happens to legs, and one whose legs ask what to
//! do. The caller takes the same way through the flow, and gets the same texts.

use cordboard_core::conference::RoomState;
use cordboard_core::{RoomSettings, TextResult};

use crate::flow_script::Script;
use crate::world::{Far, World, leg, room_plan};

const SALES: &str = "sip:sales@departments.example";

/// What a caller lives through, whoever the carrier is.
#[track_caller]
fn alike(flow: &str, prepare: impl Fn(Script) -> Script) -> String {
    let lived = [false, true].map(|asks| {
        let call = prepare(Script::of(flow).asking(asks)).runs();
        (call.told(), call.texts())
    });
    assert_eq!(
        lived[0], lived[1],
        "the carrier that asks differs from the one that reports"
    );
    lived[0].0.clone()
}

#[allow(clippy::disallowed_methods)]
fn shipped(name: &str) -> String {
    let path = format!("{}/../../flows/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_menu_leads_the_same_way() {
    let flow = shipped("contact-center");
    let answered = alike(&flow, |call| call.types(&["1"]).phone(SALES, Far::Leaves("")));
    assert_eq!(answered, "menu:1 sales:bridged = completed");
    for far in [Far::Busy, Far::NoAnswer, Far::Rejects, Far::Unknown] {
        alike(&flow, |call| call.types(&["1"]).phone(SALES, far));
    }
    alike(&flow, |call| {
        call.types(&["9", "", "1"]).phone(SALES, Far::Leaves(""))
    });
    alike(&flow, |call| call);
    alike(&flow, |call| call.types(&["1"]).refuses("transfer"));
}

#[test]
fn a_number_is_read_back_and_texted_the_same() {
    let flow = shipped("text-response");
    alike(&flow, |call| call.types(&["2025550123", "1"]));
    alike(&flow, |call| call.types(&["2025550123", "2", "2025550124", "1"]));
    alike(&flow, |call| {
        call.types(&["2025550123", "1"]).text(TextResult::Unknown)
    });
}

#[test]
fn a_message_is_taken_the_same() {
    let flow = shipped("voicemail");
    let owner = "+15550402001";
    for keys in ["", "#"] {
        let told = alike(&flow, |call| call.types(&[keys]).phone(owner, Far::NoAnswer));
        assert!(told.contains("message:recorded"), "{told}");
    }
    alike(&flow, |call| call.phone(owner, Far::Leaves("")));
}

#[test]
fn several_phones_are_rung_the_same() {
    let ring = |call: Script| {
        call.phone("+15550401001", Far::Busy)
            .phone("+15550401002", Far::Leaves("1"))
            .phone("+15550401003", Far::NoAnswer)
    };
    alike(&shipped("ring-group"), ring);
    alike(&shipped("ring-group"), |call| call);
    alike(&shipped("queue"), |call| {
        call.phone("+15550403004", Far::Leaves(""))
    });
}

#[test]
fn a_conference_is_there_when_its_first_caller_is() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.asks = true;
    for n in 0..3 {
        world.ring(n, "");
    }
    world.run_in_order();
    assert_eq!((world.created, world.live_rooms()), (1, 1));
    assert!((0..3).all(|n| world.inside(n)));
    for n in 0..3 {
        world.hang_up(n);
    }
    world.run_in_order();
    assert!(world.all_over() && world.carrier_is_empty());
    let (room, _) = world.rooms.values().next().unwrap();
    assert_eq!(*room.state(), RoomState::Idle);
    assert!(room.members().is_empty() && !world.commands.contains(&(leg(0), "conference_end")));
}

#[test]
fn a_conference_whose_first_event_is_lost_is_found_by_its_name() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.asks = true;
    world.ring(0, "");
    while world.created == 0 {
        assert!(world.step(false));
    }
    world.lose_events();
    world.run_in_order();
    let state = |world: &World| world.rooms.values().next().unwrap().0.state().clone();
    assert_eq!(state(&world), RoomState::Creating);
    assert!(world.next_deadline());
    world.run_in_order();
    assert!(matches!(state(&world), RoomState::Live { .. }) && world.inside(0));
    assert_eq!(world.created, 1);
}

#[test]
fn whoever_is_in_a_new_conference_of_the_name_has_the_room_there() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.asks = true;
    world.ring(0, "");
    world.run_in_order();
    world.ring(1, "");
    let joins = |world: &World| {
        world
            .commands
            .iter()
            .filter(|(_, name)| *name == "conference_join")
            .count()
    };
    while joins(&world) == 0 {
        assert!(world.step(false));
    }
    // The first caller has just left, and nobody has told us yet.
    world.lose_events();
    let address = world.rooms.keys().next().unwrap().clone();
    world.joined_elsewhere(&address, &leg(1), "conf-9");
    world.run_in_order();
    let (room, _) = &world.rooms[&address];
    assert_eq!(
        *room.state(),
        RoomState::Live {
            conference: "conf-9".into()
        }
    );
    let inside: Vec<_> = room.members().keys().cloned().collect();
    assert_eq!(inside, [leg(1)]);
}
