//! Calls in a queue, as scripts: two who want one agent, announcements, ways out, calls of older journals.

use cordboard_core::{Address, CallMachine, EndReason, Flow, Input, Machine};
use serde_json::{Value, json};

use crate::world::{Far, World, call};

const QUEUE: &str = "flow = \"queue\"\nstart = \"row\"\n[step.row]\ndo = \"queue\"\nqueue = \"row\"\n\
    agents = [{ to = \"+15550403001\", name = \"Ada\" }]\nsay = \"Number {{ position }} of {{ waiting }}.\"\nevery = \"20s\"\n\
    max_wait = \"2m\"\nmax_waiting = 2\nring = \"10s\"\nwrap_up = \"30s\"\n\
    on = { bridged = \"end\", full = \"full\", timeout = \"late\", failed = \"nobody\" }\n\
    [step.full]\ndo = \"hangup\"\nsay = \"Full.\"\n[step.late]\ndo = \"hangup\"\nsay = \"Late.\"\n\
    [step.nobody]\ndo = \"hangup\"\nsay = \"Nobody.\"\n";
const AGENT: &str = "+15550403001";

fn world(agent: Far) -> World {
    let mut world = World::with_flow(Flow::parse(QUEUE).unwrap(), vec![]);
    world.phones.insert(AGENT.into(), agent);
    world
}

fn rings(world: &mut World, n: usize) {
    world.ring(n, "");
    world.run_in_order();
}

/// Time passes until it is so; at most 200 deadlines.
fn until(world: &mut World, so: impl Fn(&World) -> bool) {
    for _ in 0..200 {
        if so(world) {
            return;
        }
        assert!(world.next_deadline(), "nobody waits");
        world.run_in_order();
    }
    panic!("it never comes to that");
}

fn phase(world: &World, n: usize) -> &'static str {
    world.machine(n).phase()
}

fn agent(world: &World) -> &'static str {
    let (queue, _) = world.queues.values().next().unwrap();
    queue.agents()[0].at.label()
}

fn count(world: &World, command: &str) -> usize {
    world.commands.iter().filter(|(_, name)| *name == command).count()
}

fn heard(world: &World, words: &str) -> bool {
    world.said.iter().any(|said| said.contains(words))
}

fn ended(world: &World, n: usize) -> Option<EndReason> {
    world.machine(n).ending().map(|ending| ending.reason)
}

#[test]
fn the_second_caller_gets_the_agent_when_the_work_after_the_first_call_is_done() {
    let mut world = world(Far::Talks(""));
    rings(&mut world, 0);
    rings(&mut world, 1);
    assert_eq!((phase(&world, 0), phase(&world, 1)), ("bridged", "queue"));
    assert_eq!(count(&world, "dial"), 1, "nobody rings a phone that is engaged");
    world.hang_up(0);
    world.run_in_order();
    assert_eq!((agent(&world), count(&world, "dial")), ("wrap_up", 1));
    let since = world.now;
    until(&mut world, |world| phase(world, 1) == "bridged");
    assert!(world.now.since(since).as_secs() >= 30);
    assert!(heard(&world, "Number 1 of 1."));
    world.hang_up(1);
    world.run_in_order();
    until(&mut world, World::all_over);
    assert!(world.carrier_is_empty());
}

#[test]
fn a_caller_who_hangs_up_while_the_agent_rings_silences_the_phone() {
    let mut world = world(Far::Talks(""));
    world.ring(0, "");
    while count(&world, "dial") == 0 {
        assert!(world.step(false));
    }
    world.hang_up(0);
    let hangup = world.way.pop().unwrap();
    world.deliver(hangup);
    world.run_in_order();
    until(&mut world, World::all_over);
    assert!(world.carrier_is_empty(), "the agent's leg is over");
    assert_eq!(count(&world, "bridge"), 0);
}

#[test]
fn who_comes_when_the_row_is_full_is_told_so() {
    let mut world = world(Far::Talks(""));
    (0..4).for_each(|n| rings(&mut world, n));
    assert!(heard(&world, "Full."));
    assert_eq!(ended(&world, 3), Some(EndReason::Completed));
    assert_eq!((phase(&world, 1), phase(&world, 2)), ("queue", "queue"));
}

#[test]
fn whoever_waits_too_long_is_let_go_and_leaves_the_row() {
    let mut world = world(Far::NoAnswer);
    rings(&mut world, 0);
    until(&mut world, |world| ended(world, 0).is_some());
    assert!(heard(&world, "Late.") && count(&world, "dial") > 3);
    until(&mut world, World::all_over);
}

#[test]
fn the_one_who_is_offered_to_is_the_one_who_came_first() {
    let mut world = world(Far::Talks(""));
    (0..3).for_each(|n| rings(&mut world, n));
    world.hang_up(0);
    world.run_in_order();
    until(&mut world, |world| phase(world, 1) == "bridged");
    assert_eq!(phase(&world, 2), "queue");
}

#[test]
fn a_queue_that_never_answers_is_given_up() {
    let patient = QUEUE.replace("\"2m\"", "\"1h\"");
    let mut world = World::with_flow(Flow::parse(&patient).unwrap(), vec![]);
    world.ring(0, "");
    for _ in 0..50 {
        // Whatever is on its way to the queue is lost, and with it the agent.
        loop {
            world.way.retain(|parcel| !matches!(parcel.to, Address::Queue(_)));
            if !world.step(false) {
                break;
            }
        }
        if ended(&world, 0).is_some() {
            break;
        }
        assert!(world.next_deadline());
    }
    assert_eq!(ended(&world, 0), Some(EndReason::Completed));
    assert!(heard(&world, "Nobody."));
}

/// The call ended by a record that no machine wrote, or was lost: nobody will ever take leave in its name.
#[test]
fn an_agent_whose_call_is_gone_without_a_word_is_found_out_and_freed() {
    let mut world = world(Far::Talks(""));
    rings(&mut world, 0);
    rings(&mut world, 1);
    assert_eq!(phase(&world, 0), "bridged");
    let (dead, queue) = (call(0), world.queues.keys().next().unwrap().clone());
    for _ in 0..100 {
        let (row, _) = &world.queues[&queue];
        if row.callers().iter().all(|caller| caller.call != dead) {
            assert_eq!(agent(&world), "wrap_up");
            return;
        }
        world.now = world.now.max(row.next_deadline().unwrap());
        world.parcel(&queue, Input::Deadline);
        loop {
            world.way.retain(|parcel| parcel.to != dead);
            if !world.step(false) {
                break;
            }
        }
    }
    panic!("the agent is kept for a call that is gone");
}

/// A call as a journal holds it that was written before queues had a machine.
fn of_an_older_journal(world: &mut World, progress: &Value) {
    let (machine, _) = world.calls.get_mut(&call(0)).unwrap();
    let mut state = serde_json::to_value(&*machine).unwrap();
    state["state"]["running"]["progress"] = json!({ "queue": progress });
    state.as_object_mut().unwrap().remove("row");
    // The way out of the moment between two rounds.
    state["timers"]["step"] = state["timers"]["step_one"].clone();
    *machine = serde_json::from_value::<CallMachine>(state).unwrap();
    world.queues.clear();
}

#[test]
fn a_call_of_an_older_journal_joins_the_row_when_its_round_is_over() {
    let over = json!({ "target": AGENT, "leg": null, "at": { "over": "busy" } });
    let progress = json!({
        "ring": { "legs": [over], "winner": null }, "rounds": 3, "resting": true, "announcing": false
    });
    let mut world = world(Far::Talks(""));
    rings(&mut world, 1);
    rings(&mut world, 0);
    world.hang_up(1);
    world.run_in_order();
    of_an_older_journal(&mut world, &progress);
    until(&mut world, |world| phase(world, 0) == "bridged");
    assert_eq!(agent(&world), "talking");
}

#[test]
fn a_call_of_an_older_journal_that_talks_goes_on_talking() {
    let mut world = world(Far::Talks(""));
    rings(&mut world, 0);
    assert_eq!(phase(&world, 0), "bridged");
    let state = serde_json::to_value(world.machine(0)).unwrap();
    let ring = state["state"]["running"]["progress"]["queue"]["ring"].clone();
    of_an_older_journal(
        &mut world,
        &json!({ "ring": ring, "rounds": 1, "resting": false, "announcing": false }),
    );
    for _ in 0..5 {
        assert!(world.next_deadline());
        world.run_in_order();
    }
    assert_eq!(phase(&world, 0), "bridged");
    world.hang_up(0);
    world.run_in_order();
    assert_eq!(ended(&world, 0), Some(EndReason::HungUp));
    assert!(world.carrier_is_empty());
}
