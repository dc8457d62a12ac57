//! Lost events and commands of unknown fate: everything that waits has a way out, and nothing is left behind.

use cordboard_core::RoomSettings;
use proptest::prelude::*;

use crate::world::{Faults, World, cases, pin_plan, room_plan};

/// Deadlines until a world must be quiet; an hour of probes is far less.
const PATIENCE: usize = 600;

fn settle(world: &mut World) {
    for _ in 0..PATIENCE {
        world.run_shuffled(false);
        if world.all_over() || !world.next_deadline() {
            return;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_lost_every_call_ends_and_nothing_stays_at_the_carrier(
        choices in proptest::collection::vec(any::<u16>(), 0..400),
        callers in 1_usize..4,
        lost in 0_usize..60,
        with_effect in 0_usize..40,
        without_effect in 0_usize..40,
        pin in any::<bool>(),
        moments in proptest::collection::vec(0_usize..40, 3),
    ) {
        let plan = if pin { pin_plan() } else { room_plan(RoomSettings::default()) };
        let mut world = World::new(plan, choices);
        world.faults = Faults {
            lost_events: lost,
            repeated_events: 20,
            unknown_with_effect: with_effect,
            unknown_without_effect: without_effect,
        };
        for n in 0..callers {
            world.ring(n, "1234");
        }
        for (n, moment) in moments.iter().enumerate().take(callers) {
            for _ in 0..*moment {
                if !world.step(false) && !world.next_deadline() {
                    break;
                }
            }
            prop_assert!(world.live_rooms() <= 1, "two live conferences in one room");
            world.hang_up(n);
        }
        settle(&mut world);
        prop_assert!(world.carrier_is_empty());
        for (address, (machine, _)) in &world.calls {
            prop_assert!(machine.ending().is_some(), "{} is stuck in {:?}", address, machine.state());
        }
        for (address, (room, _)) in &world.rooms {
            let idle = cordboard_core::Machine::is_terminal(room);
            prop_assert!(idle, "{} is stuck in {:?} with {:?}", address, room.state(), room.members());
        }
        prop_assert!(!world.next_deadline(), "somebody still waits after the end");
    }

    #[test]
    fn callers_who_stay_on_the_line_all_get_in(
        choices in proptest::collection::vec(any::<u16>(), 0..400),
        callers in 1_usize..4,
        lost in 0_usize..40,
        with_effect in 0_usize..30,
        without_effect in 0_usize..30,
    ) {
        let mut world = World::new(room_plan(RoomSettings::default()), choices);
        for n in 0..callers {
            // The first event is not lost: a call nobody tells us about is the reconciler's, not the machine's.
            world.ring(n, "");
        }
        world.faults = Faults {
            lost_events: lost,
            repeated_events: 10,
            unknown_with_effect: with_effect,
            unknown_without_effect: without_effect,
        };
        for _ in 0..PATIENCE {
            world.run_shuffled(false);
            // From here on the way is kind: what went wrong before must heal.
            if world.choices.below(4) == 0 {
                world.faults = Faults::default();
            }
            let settled = (0..callers).all(|n| world.inside(n) || world.machine(n).ending().is_some());
            if settled || !world.next_deadline() {
                break;
            }
        }
        for n in 0..callers {
            prop_assert!(world.inside(n) || world.machine(n).ending().is_some(),
                "caller {} waits in {:?}", n, world.machine(n).state());
        }
    }
}
