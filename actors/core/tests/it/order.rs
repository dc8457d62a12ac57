//! Repeated and reordered events: the same end, the same commands, and nothing but clean-up after the hangup.

use cordboard_core::call::Ending;
use cordboard_core::flow::ConferenceRoute;
use cordboard_core::{CallControlId, EndReason, HangupCause, HangupSource, RoomSettings};
use proptest::prelude::*;

use crate::world::{Faults, World, cases, leg, pin_plan, room_plan};

fn choices() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(any::<u16>(), 0..160)
}

fn plan(pin: bool) -> ConferenceRoute {
    if pin {
        pin_plan()
    } else {
        room_plan(RoomSettings::default())
    }
}

fn hung_up() -> Ending {
    Ending {
        reason: EndReason::HungUp,
        cause: Some(HangupCause::NormalClearing),
        source: HangupSource::Caller,
    }
}

/// Commands that take away what an ended call may have left at the carrier.
fn is_clean_up(name: &str) -> bool {
    matches!(name, "hangup" | "conference_end")
}

/// The commands of one caller who rings, is in, and hangs up, without any trouble.
fn undisturbed(pin: bool) -> Vec<(CallControlId, &'static str)> {
    let mut world = World::new(plan(pin), vec![]);
    world.ring(0, "1234");
    world.run_in_order();
    assert!(world.inside(0));
    world.hang_up(0);
    world.run_in_order();
    assert_eq!(world.machine(0).ending(), Some(&hung_up()));
    world.commands
}

#[test]
fn an_undisturbed_call_answers_and_creates_and_nothing_else() {
    assert_eq!(
        undisturbed(false),
        [(leg(0), "answer"), (leg(0), "conference_create")]
    );
    assert_eq!(
        undisturbed(true),
        [
            (leg(0), "answer"),
            (leg(0), "gather_using_speak"),
            (leg(0), "conference_create")
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn hangup_last_gives_the_same_commands_and_the_same_end(choices in choices(), pin in any::<bool>()) {
        let mut world = World::new(plan(pin), choices);
        world.faults = Faults { repeated_events: 30, ..Faults::default() };
        world.ring(0, "1234");
        world.run_shuffled(true);
        prop_assert!(world.inside(0));
        world.hang_up(0);
        world.run_shuffled(true);
        prop_assert_eq!(world.machine(0).ending(), Some(&hung_up()));
        prop_assert_eq!(&world.commands, &undisturbed(pin));
        prop_assert!(world.all_over() && world.carrier_is_empty());
    }

    #[test]
    fn hangup_at_any_moment_gives_the_same_end_and_only_fewer_commands(
        choices in choices(),
        pin in any::<bool>(),
        moment in 0_usize..24,
    ) {
        let mut world = World::new(plan(pin), choices);
        world.faults = Faults { repeated_events: 30, ..Faults::default() };
        world.ring(0, "1234");
        for _ in 0..moment {
            world.step(false);
        }
        world.hang_up(0);
        world.run_shuffled(false);
        prop_assert_eq!(world.machine(0).ending(), Some(&hung_up()));
        let full = undisturbed(pin);
        prop_assert!(
            world.commands.iter().all(|command| full.contains(command) || is_clean_up(command.1)),
            "{:?} is not a part of {:?}", world.commands, full
        );
        prop_assert!(
            world.after_hangup.iter().all(|name| is_clean_up(name)),
            "{:?} after the hangup", world.after_hangup
        );
        prop_assert!(world.carrier_is_empty());
    }

    #[test]
    fn callers_who_arrive_together_share_one_conference(choices in choices(), callers in 2_usize..5) {
        let mut world = World::new(plan(false), choices);
        world.faults = Faults { repeated_events: 20, ..Faults::default() };
        for n in 0..callers {
            world.ring(n, "");
        }
        world.run_shuffled(false);
        prop_assert_eq!(world.created, 1);
        for n in 0..callers {
            prop_assert!(world.inside(n), "caller {} is not in", n);
            let of_leg: Vec<_> = world.commands.iter().filter(|(l, _)| *l == leg(n)).collect();
            prop_assert_eq!(of_leg.len(), 2, "answer, then create or join: {:?}", of_leg);
        }
        for n in 0..callers {
            world.hang_up(n);
        }
        world.run_shuffled(false);
        prop_assert!(world.all_over() && world.carrier_is_empty());
    }

    #[test]
    fn the_next_caller_gets_a_new_conference(choices in choices()) {
        let mut world = World::new(plan(false), choices);
        for n in 0..3 {
            world.ring(n, "");
            world.run_shuffled(false);
            prop_assert!(world.inside(n));
            world.hang_up(n);
            world.run_shuffled(false);
            prop_assert_eq!(world.created, n + 1);
        }
        prop_assert!(world.all_over());
    }
}
