//! What went wrong in the programs that this one began from, as far as nothing else tests it. `docs/seed-bugs.md` has
//! all of them; a name begins with the seed and the number of the finding.

use std::collections::BTreeSet;

use cordboard_core::event::{GatherStatus, MediaStatus};
use cordboard_core::{Address, ClientState, Digits, EndReason, EventBody, Fact, Flow};

use crate::flow_script::Script;
use crate::world::{Far, Faults, World, call, leg};

macro_rules! shipped {
    ($name:literal) => {
        include_str!(concat!("../../../../flows/", $name, ".toml"))
    };
}

const SALES: &str = "sip:sales@departments.example";
const OPERATOR: &str = "+15550405001";

fn count(world: &World, command: &str) -> usize {
    world.commands.iter().filter(|(_, name)| *name == command).count()
}

/// Lets everything happen, time included, until nobody waits.
fn settle(world: &mut World) {
    for _ in 0..200 {
        world.run_in_order();
        if world.all_over() || !world.next_deadline() {
            return;
        }
    }
}

/// The end of the first prompt arrives when the caller has long typed, and the thanks are being spoken.
#[test]
fn s000_3_the_late_end_of_an_older_prompt_cuts_no_later_words_short() {
    let mut call = Script::of(shipped!("text-response")).types(&["5550100001", "1"]);
    call.world.ring(0, "");
    while call.world.calls.is_empty() || call.phase() != "parting" {
        assert!(!call.world.way.is_empty(), "{}", call.phase());
        let parcel = call.world.way.remove(0);
        call.world.deliver(parcel);
    }
    // What belongs to the thanks is on its way; older words end first.
    let mine: Vec<_> = std::mem::take(&mut call.world.way);
    for generation in 0..3 {
        let older = ClientState {
            owner: crate::world::call(0),
            step: "ask".into(),
            generation,
        };
        let status = MediaStatus::Completed;
        call.world
            .happens_with(0, Some(older), EventBody::SpeakEnded { status });
    }
    assert_eq!(
        call.phase(),
        "parting",
        "nobody hangs up before the thanks were heard"
    );
    call.world.way = mine;
    call.world.run_in_order();
    assert_eq!(call.ended(), EndReason::Completed);
}

#[test]
fn s000_4_a_repeated_end_of_the_input_sends_one_text() {
    let mut call = Script::of(shipped!("text-response")).types(&["5550100001", "1"]);
    call.world.faults = Faults {
        repeated_events: 100,
        ..Faults::default()
    };
    let call = call.runs();
    assert_eq!(call.texts().len(), 1, "{:?}", call.way());
    assert_eq!(call.ended(), EndReason::Completed);
}

/// A caller who leaves in the middle of typing: the carrier reports the gather first, the hangup later or never.
#[test]
fn s000_6_an_input_that_a_hangup_ended_asks_for_nothing() {
    for flow in [
        shipped!("text-response"),
        shipped!("contact-center"),
        shipped!("call-centre"),
    ] {
        let mut call = Script::of(flow);
        call.world.ring(0, "");
        while count(&call.world, "gather_using_speak") == 0 {
            let parcel = call.world.way.remove(0);
            call.world.deliver(parcel);
        }
        let own = call.world.state_of(0);
        call.world.way.clear();
        let before = call.world.commands.len();
        let ended = EventBody::GatherEnded {
            digits: Digits::new("1"),
            status: GatherStatus::CallHangup,
        };
        call.world.happens_with(0, own, ended);
        assert_eq!(call.world.commands.len(), before, "{:?}", call.world.commands);
        let call = call.hangs_up();
        assert_eq!(call.ended(), EndReason::HungUp);
        assert_eq!(call.world.commands.len(), before, "{:?}", call.world.commands);
    }
}

/// The terminator is no digit of ours, and comes once more when the step is over.
#[test]
fn s000_9_a_late_pound_sign_is_nobodys_input() {
    let plain = Script::of(shipped!("text-response"))
        .types(&["5550100001", "1"])
        .runs();
    let mut call = Script::of(shipped!("text-response")).types(&["5550100001#", "1"]);
    call.world.ring(0, "");
    for _ in 0..400 {
        if call.world.way.is_empty() {
            break;
        }
        let parcel = call.world.way.remove(0);
        call.world.deliver(parcel);
        let digit = Digits::new("#");
        let way = std::mem::take(&mut call.world.way);
        call.world
            .happens_with(0, None, EventBody::DtmfReceived { digit });
        call.world.way.splice(0..0, way);
    }
    assert_eq!(call.told(), plain.told());
}

/// Nothing of a caller is kept anywhere but in the call: neither a wrong entry nor a number reaches another one.
#[test]
fn s000_10_callers_share_neither_numbers_nor_mistakes() {
    let flow = Flow::parse(shipped!("text-response")).unwrap();
    let mut world = World::with_flow(flow, vec![3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3]);
    for n in 0..8 {
        world.ring(n, "");
        let own = format!("555010{n:04}");
        let keys = match n % 2 {
            0 => vec!["1".to_owned(), "12".to_owned(), "123".to_owned()],
            _ => vec![own, "1".to_owned()],
        };
        world.typed.insert(leg(n), keys.into());
    }
    for _ in 0..200 {
        world.run_shuffled(false);
        if world.all_over() || !world.next_deadline() {
            break;
        }
    }
    let texted: BTreeSet<String> = world.texts.iter().map(|(to, _)| to.expose().to_owned()).collect();
    let expected: BTreeSet<String> = [1, 3, 5, 7].iter().map(|n| format!("+1555010{n:04}")).collect();
    assert_eq!((texted, world.texts.len()), (expected, 4));
    for n in 0..8 {
        let reason = world.machine(n).ending().unwrap().reason;
        let own = [EndReason::InvalidInput, EndReason::Completed][n % 2];
        assert_eq!(reason, own, "caller {n}");
    }
}

#[test]
fn s001_2_the_leg_that_a_transfer_makes_is_not_answered() {
    let call = Script::of(shipped!("contact-center"))
        .types(&["1"])
        .phone(SALES, Far::Talks(""))
        .rings();
    assert_eq!(call.phase(), "bridged");
    assert_eq!(count(&call.world, "answer"), 1, "the caller's own leg, and once");
    assert_eq!(call.hangs_up().ended(), EndReason::HungUp);
}

#[test]
fn s001_8_a_transfer_has_succeeded_when_the_two_talk_and_not_before() {
    for (far, success) in [
        (Far::Leaves(""), true),
        (Far::Busy, false),
        (Far::NoAnswer, false),
        (Far::Rejects, false),
    ] {
        let call = Script::of(shipped!("contact-center"))
            .types(&["1"])
            .phone(SALES, far)
            .runs();
        assert_eq!(
            count(&call.world, "transfer"),
            1,
            "the carrier took it in every case"
        );
        let ended = |(_, fact): &(Address, Fact)| match fact {
            Fact::TransferEnded { outcome, .. } => Some(outcome == "bridged"),
            _ => None,
        };
        let ended: Vec<bool> = call.world.facts.iter().filter_map(ended).collect();
        assert_eq!(ended, [success], "{far:?}");
    }
}

/// One number, or none at all, calls several times at once.
#[test]
fn s002_4_calls_of_one_number_and_of_none_stay_apart() {
    for number in ["+15550100042", "anonymous"] {
        let flow = Flow::parse(shipped!("call-centre")).unwrap();
        let mut world = World::with_flow(flow, vec![7, 5, 3, 1, 2, 4, 6]);
        for n in 0..3 {
            world.ring_from(n, number.into());
            world.typed.insert(leg(n), [(n + 1).to_string()].into());
        }
        settle(&mut world);
        for n in 0..3 {
            let choices = world.facts.iter().filter_map(|(by, fact)| match fact {
                Fact::StepTaken { step, outcome, .. } if *by == call(n) && step == "menu" => {
                    Some(outcome.clone())
                }
                _ => None,
            });
            assert_eq!(choices.collect::<Vec<_>>(), [(n + 1).to_string()], "{number}");
        }
    }
}

/// Going round in a menu is one call.
#[test]
fn s002_5_a_caller_who_presses_wrong_keys_is_one_call_and_gets_an_end() {
    let call = Script::of(shipped!("call-centre")).types(&["9"; 50]).runs();
    assert_eq!(call.ended(), EndReason::InvalidInput);
    let began = call
        .world
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::CallBegan { .. }));
    assert_eq!(began.count(), 1);
}

fn says(words: &str) -> EventBody {
    EventBody::Transcription {
        is_final: true,
        transcript: Digits::new(words),
    }
}

/// The room: two callers, and an operator who answers.
fn sentiment() -> World {
    let flow = Flow::parse(shipped!("sentiment-conference")).unwrap();
    let mut world = World::with_flow(flow, vec![]);
    world.phones.insert(OPERATOR.into(), Far::Talks(""));
    for n in 0..2 {
        world.ring(n, "");
        world.run_in_order();
        assert!(world.inside(n));
    }
    world
}

#[test]
fn s004_6_the_menu_is_spoken_on_the_leg_that_takes_commands() {
    let world = sentiment();
    let spoken = world.commands.iter().filter(|(_, name)| *name == "speak");
    let legs: Vec<_> = spoken.map(|(about, _)| about.clone()).collect();
    assert_eq!(legs, [leg(0), leg(1)], "each caller once, nobody else");
}

#[test]
fn s004_8_the_creators_state_in_a_rooms_event_names_nobody() {
    let world = sentiment();
    let joined = world.facts.iter().filter_map(|(_, fact)| match fact {
        Fact::ParticipantJoined { leg, call, .. } => Some((leg.clone(), call.clone())),
        _ => None,
    });
    let expected = [0, 1].map(|n| (leg(n), call(n)));
    assert_eq!(joined.collect::<Vec<_>>(), expected, "by their legs");
}

#[test]
fn s004_10_each_caller_has_one_call_for_help_and_a_late_one_still_has_it() {
    let mut world = sentiment();
    for _ in 0..3 {
        world.happens(0, says("This is terrible and awful"));
    }
    assert_eq!(count(&world, "dial"), 1, "however often it is said");
    world.happens(1, says("I am angry"));
    assert_eq!(
        count(&world, "dial"),
        2,
        "what another caller did is used up by nobody else"
    );
    // Nobody talks, so nobody is asked about for ever.
    for n in 0..2 {
        world.hang_up(n);
    }
    settle(&mut world);
    assert!(world.all_over(), "everything ends with its callers");
}

#[test]
fn s004_10_what_the_operator_says_counts_for_nothing() {
    let mut world = sentiment();
    world.happens(0, says("terrible"));
    let dials = count(&world, "dial");
    world.far_happens(0, says("This is terrible, awful and useless"));
    world.far_happens(
        0,
        EventBody::DtmfReceived {
            digit: Digits::new("1"),
        },
    );
    assert_eq!(count(&world, "dial"), dials);
    let listened = world
        .commands
        .iter()
        .filter(|(_, name)| *name == "transcription_start");
    assert!(
        listened.clone().count() == 2
            && listened
                .clone()
                .all(|(about, _)| [leg(0), leg(1)].contains(about))
    );
}

#[test]
fn s004_11_an_operator_who_leaves_takes_nobody_along() {
    let mut world = sentiment();
    world.happens(
        0,
        EventBody::DtmfReceived {
            digit: Digits::new("1"),
        },
    );
    assert!(world.far_leaves(), "the operator was in");
    world.run_in_order();
    assert!(world.inside(0) && world.inside(1));
    assert_eq!(world.live_rooms(), 1);
}
