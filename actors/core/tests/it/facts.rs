//! What calls and rooms state for the books: each thing once, in an order that makes sense, whatever was lost.

use std::collections::BTreeMap;

use cordboard_core::{Fact, RoomSettings};

use crate::world::{World, call, room_plan};

fn labels(world: &World, n: usize) -> Vec<&'static str> {
    let of_call = world.facts.iter().filter(|(owner, _)| *owner == call(n));
    of_call.map(|(_, fact)| fact.label()).collect()
}

#[test]
fn a_call_states_its_beginning_its_leg_and_its_end() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    world.ring(0, "");
    world.run_in_order();
    assert_eq!(labels(&world, 0), ["call_began", "leg_rang", "leg_answered"]);
    world.hang_up(0);
    world.run_in_order();
    let all = labels(&world, 0);
    assert_eq!(all.last(), Some(&"call_ended"), "{all:?}");
    assert!(all.contains(&"leg_ended"), "{all:?}");
}

#[test]
fn whoever_joins_leaves_and_every_conference_ends() {
    let mut world = World::new(room_plan(RoomSettings::default()), vec![]);
    for n in 0..4 {
        world.ring(n, "");
    }
    world.run_in_order();
    for n in 0..4 {
        world.hang_up(n);
    }
    world.run_in_order();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, fact) in &world.facts {
        *counts.entry(fact.label()).or_default() += 1;
    }
    let count = |label| counts.get(label).copied().unwrap_or(0);
    assert_eq!((count("participant_joined"), count("participant_left")), (4, 4));
    assert_eq!((count("conference_began"), count("conference_ended")), (1, 1));
    assert_eq!((count("call_began"), count("call_ended")), (4, 4));
}

#[test]
fn a_fact_shows_no_number_no_key_and_no_word() {
    let secret = |fact: Fact| {
        let shown = format!("{fact:?}");
        assert!(!shown.contains("5550100") && !shown.contains("hello"), "{shown}");
    };
    secret(Fact::InputCollected {
        step: "number".into(),
        digits: cordboard_core::Digits::new("5550100"),
    });
    secret(Fact::MessageReceived {
        key: "m-1".into(),
        from: "+15550100".into(),
        to: "+15550100".into(),
        text: cordboard_core::Text::new("hello"),
        attachments: 0,
    });
}
