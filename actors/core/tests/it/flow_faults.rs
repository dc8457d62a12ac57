//! Flows on a bad day: events lost, repeated and in any order, commands of unknown fate, hangups at any moment. Every
//! call ends, and nothing of it stays.

use std::collections::VecDeque;

use cordboard_core::event::Direction;
use cordboard_core::{Answer, CallMachine, EndReason, EventBody, Flow, HttpOutcome, Input, Outcome, Text};
use proptest::prelude::*;

use crate::world::{Far, Faults, Parcel, World, cases, leg};

macro_rules! shipped {
    ($name:literal) => {
        include_str!(concat!("../../../../flows/", $name, ".toml"))
    };
}

/// A program is asked, somebody is transferred to, a group is rung, a message is taken: one flow with all that waits.
const EVERYTHING: &str = "flow = \"everything\"\nstart = \"ask\"\nmax_steps = 60\n\
    [step.ask]\ndo = \"http\"\nurl = \"https://example.com\"\non = { ok = \"menu\", failed = \"menu\", refused = \"menu\" }\n\
    [step.menu]\ndo = \"gather\"\nsay = \"?\"\nbarge_in = false\ndigits = { max = 1, valid = \"1234\" }\ntries = 2\n\
    on = { \"1\" = \"transfer\", \"2\" = \"group\", \"3\" = \"message\", \"4\" = \"room\", invalid = \"play\" }\n\
    [step.transfer]\ndo = \"transfer\"\nto = \"+15550401001\"\non = { bridged = \"menu\", busy = \"group\", no_answer = \"group\" }\n\
    [step.group]\ndo = \"dial\"\nto = [\"+15550401001\", \"+15550401002\", \"+15550401003\"]\nmusic = \"https://example.com/m.mp3\"\n\
    whisper = \"A call.\"\naccept = { say = \"1?\" }\non = { bridged = \"menu\", no_answer = \"message\" }\n\
    [step.message]\ndo = \"record\"\nnotify = { to = \"+15550402001\", text = \"{{ caller }}\" }\nnext = \"text\"\n\
    [step.text]\ndo = \"sms\"\ntext = \"Thank you.\"\nnext = \"menu\"\n\
    [step.room]\ndo = \"conference\"\nper = \"called_number\"\non = { left = \"menu\" }\n\
    [step.play]\ndo = \"play\"\nurl = \"https://example.com/p.mp3\"\nnext = \"menu\"\n";

const FLOWS: [&str; 5] = [
    EVERYTHING,
    shipped!("contact-center"),
    shipped!("text-response"),
    shipped!("ring-group"),
    shipped!("voicemail"),
];
const NUMBERS: [&str; 6] = [
    "+15550401001",
    "+15550401002",
    "+15550401003",
    "+15550402001",
    "sip:sales@departments.example",
    "sip:support@departments.example",
];
const PEOPLE: [Far; 8] = [
    Far::Talks("1"),
    Far::Leaves("1"),
    Far::Talks(""),
    Far::Leaves("2"),
    Far::Busy,
    Far::NoAnswer,
    Far::Rejects,
    Far::Unknown,
];
const KEYS: [&str; 7] = ["1", "2", "3", "4", "", "9", "5550100001"];

/// Deadlines until a world must be quiet.
const PATIENCE: usize = 900;

/// Who is behind each number, and what the caller types.
fn people() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let far = proptest::collection::vec(0..PEOPLE.len(), NUMBERS.len());
    (far, proptest::collection::vec(0..KEYS.len(), 0..8))
}

fn world(flow: usize, (far, keys): &(Vec<usize>, Vec<usize>), choices: Vec<u16>) -> World {
    let mut world = World::with_flow(Flow::parse(FLOWS[flow]).unwrap(), choices);
    for (number, far) in NUMBERS.iter().zip(far) {
        world.phones.insert((*number).to_owned(), PEOPLE[*far]);
    }
    let keys: VecDeque<String> = keys.iter().map(|key| KEYS[*key].to_owned()).collect();
    world.typed.insert(leg(0), keys);
    let body = Text::new("{}");
    world
        .answers
        .push_back(HttpOutcome::Answered { status: 200, body });
    world
}

fn over(machine: &CallMachine) -> bool {
    machine.ending().is_some()
}

/// Until the call is over and nobody waits.
fn settle(world: &mut World) {
    for _ in 0..PATIENCE {
        world.run_shuffled(false);
        if world.all_over() || !world.next_deadline() {
            return;
        }
    }
}

/// What says that somebody is being rung: the far leg's first event, and the answer to its dial.
fn tells_of_ringing(parcel: &Parcel) -> bool {
    match &parcel.input {
        Input::Event { event, .. } => matches!(
            event.body,
            EventBody::CallInitiated {
                direction: Direction::Outgoing,
                ..
            }
        ),
        Input::Outcome { outcome, .. } => matches!(outcome, Outcome::Accepted(Answer::Dialled { .. })),
        _ => false,
    }
}

#[test]
fn a_leg_whose_ringing_was_never_told_is_hung_up_with_its_call() {
    let flows = [shipped!("ring-group"), shipped!("contact-center")];
    for (flow, after_the_end) in flows.into_iter().flat_map(|flow| [(flow, false), (flow, true)]) {
        let mut world = World::with_flow(Flow::parse(flow).unwrap(), vec![]);
        for number in NUMBERS {
            world.phones.insert(number.to_owned(), Far::Talks("1"));
        }
        world.typed.insert(leg(0), VecDeque::from(["1".to_owned()]));
        world.ring(0, "");
        while world.far_talks() == 0 {
            assert!(world.step(false) || world.next_deadline(), "nobody was rung");
            world.way.retain(|parcel| !tells_of_ringing(parcel));
        }
        world.hang_up(0);
        if after_the_end {
            world.way.sort_by_key(|parcel| !parcel.is_hangup_event());
        }
        world.run_in_order();
        settle(&mut world);
        assert!(world.nothing_known_is_left());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 2, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_lost_a_flow_ends_and_leaves_nothing(
        flow in 0..FLOWS.len(),
        people in people(),
        choices in proptest::collection::vec(any::<u16>(), 0..300),
        lost in 0_usize..40,
        with_effect in 0_usize..30,
        without_effect in 0_usize..30,
        moment in 0_usize..80,
    ) {
        let mut world = world(flow, &people, choices);
        world.ring(0, "");
        world.faults = Faults { lost_events: lost, repeated_events: 20, unknown_with_effect: with_effect, unknown_without_effect: without_effect };
        for _ in 0..moment {
            if !world.step(false) && !world.next_deadline() {
                break;
            }
        }
        world.hang_up(0);
        settle(&mut world);
        for (machine, _) in world.calls.values() {
            prop_assert!(over(machine), "stuck in {:?}", machine.state());
        }
        prop_assert!(world.nothing_known_is_left());
        prop_assert!(!world.next_deadline(), "somebody still waits after the end");
    }

    #[test]
    fn a_caller_who_stays_is_never_left_waiting_for_ever(
        flow in 0..FLOWS.len(),
        people in people(),
        choices in proptest::collection::vec(any::<u16>(), 0..300),
        lost in 0_usize..30,
    ) {
        let mut world = world(flow, &people, choices);
        world.ring(0, "");
        world.faults = Faults { lost_events: lost, repeated_events: 20, ..Faults::default() };
        for _ in 0..PATIENCE {
            world.run_shuffled(false);
            let machine = world.machine(0);
            let talks = ["bridged", "conference"].contains(&cordboard_core::Machine::phase(machine));
            if over(machine) || talks || !world.next_deadline() {
                break;
            }
        }
        let machine = world.machine(0);
        let talks = ["bridged", "conference"].contains(&cordboard_core::Machine::phase(machine));
        prop_assert!(over(machine) || talks, "waits in {:?}", machine.state());
    }

    #[test]
    fn the_order_of_events_does_not_change_how_a_menu_ends(
        people in people(),
        choices in proptest::collection::vec(any::<u16>(), 0..200),
    ) {
        let ends = |choices: Vec<u16>| -> Option<EndReason> {
            let mut world = world(1, &people, choices);
            world.ring(0, "");
            world.run_shuffled(true);
            for _ in 0..PATIENCE {
                if over(world.machine(0)) || cordboard_core::Machine::phase(world.machine(0)) == "bridged" || !world.next_deadline() {
                    break;
                }
                world.run_shuffled(true);
            }
            world.machine(0).ending().map(|ending| ending.reason)
        };
        prop_assert_eq!(ends(choices), ends(vec![]));
    }
}
