//! Queues on a bad day: whatever is lost, repeated or late, no agent has two calls, nobody waits for ever, and of calls
//! that are over nothing is left: no place, no agent.

use cordboard_core::queue::word::{AgentOrder, AgentPlan, CallWord, QueueTable, QueueWord};
use cordboard_core::{
    Address, Context, Effect, Effects, Flow, Input, Machine, Message, PhoneNumber, QueueMachine, Timestamp,
};
use proptest::prelude::*;

use crate::world::{Far, Faults, World, call, cases};

/// Two agents, a short row, a short wait: everything that can happen in a queue happens soon.
const QUEUE: &str = "flow = \"queue\"\nstart = \"row\"\nmax_steps = 30\n\
    [step.row]\ndo = \"queue\"\nqueue = \"row\"\nagents = [\"+15550403001\", { to = \"+15550403002\", priority = 2 }]\n\
    music = \"https://example.com/m.mp3\"\nsay = \"{{ position }} of {{ waiting }}\"\nevery = \"20s\"\nmax_wait = \"3m\"\n\
    max_waiting = 3\nring = \"10s\"\nwrap_up = \"5s\"\nrest = \"5s\"\n\
    on = { bridged = \"again\", timeout = \"sorry\", full = \"sorry\", failed = \"sorry\" }\n\
    [step.again]\ndo = \"gather\"\nsay = \"?\"\ntries = 1\ndigits = { max = 1 }\non = { \"1\" = \"row\", no_input = \"end\", invalid = \"end\" }\n\
    [step.sorry]\ndo = \"hangup\"\nsay = \"Sorry.\"\n";
const AGENTS: [&str; 2] = ["+15550403001", "+15550403002"];
const PEOPLE: [Far; 6] = [
    Far::Talks(""),
    Far::Leaves(""),
    Far::Busy,
    Far::NoAnswer,
    Far::Rejects,
    Far::Unknown,
];
const PATIENCE: usize = 1_500;

fn world(people: [usize; 2], callers: usize, faults: Faults, choices: Vec<u16>) -> World {
    let mut world = World::with_flow(Flow::parse(QUEUE).unwrap(), choices);
    for (number, far) in AGENTS.iter().zip(people) {
        world.phones.insert((*number).to_owned(), PEOPLE[far]);
    }
    for n in 0..callers {
        world.ring(n, if n % 2 == 0 { "1" } else { "" });
    }
    world.faults = faults;
    world
}

/// One phone, one leg that we want; one agent, one call in the queue's books.
fn nobody_has_two_calls(world: &World) -> Result<(), TestCaseError> {
    for (number, legs) in world.wanted_legs() {
        prop_assert!(legs <= 1, "{legs} legs at {number}");
    }
    Ok(())
}

fn lives(world: &mut World, steps: usize) -> Result<(), TestCaseError> {
    for _ in 0..steps {
        if !world.step(false) && !world.next_deadline() {
            break;
        }
        nobody_has_two_calls(world)?;
    }
    Ok(())
}

fn faults() -> impl Strategy<Value = Faults> {
    (0_usize..40, 0_usize..30, 0_usize..30).prop_map(|(lost_events, with, without)| Faults {
        lost_events,
        repeated_events: 20,
        unknown_with_effect: with,
        unknown_without_effect: without,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 2, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_lost_no_agent_has_two_calls_and_everybody_leaves(
        people in [0..PEOPLE.len(), 0..PEOPLE.len()],
        callers in 1_usize..6,
        choices in proptest::collection::vec(any::<u16>(), 0..400),
        faults in faults(),
        moments in proptest::collection::vec(0_usize..60, 6),
    ) {
        let mut world = world(people, callers, faults, choices);
        for (n, moment) in moments.into_iter().enumerate().take(callers) {
            lives(&mut world, moment)?;
            world.hang_up(n);
        }
        lives(&mut world, PATIENCE)?;
        for (machine, _) in world.calls.values() {
            prop_assert!(machine.is_terminal(), "stuck in {:?}", machine.state());
        }
        for (queue, _) in world.queues.values() {
            prop_assert!(queue.is_terminal(), "left behind: {queue:?}");
            prop_assert!(queue.next_deadline().is_none());
        }
        prop_assert!(world.nothing_known_is_left());
    }

    #[test]
    fn a_queue_gives_no_agent_to_two_and_forgets_whoever_is_silent(
        words in proptest::collection::vec((0_usize..5, 0_u32..3, 0_usize..9, any::<u8>()), 0..120),
    ) {
        let mut alone = Alone::default();
        for (n, stay, word, number) in words {
            alone.hears(n, stay, word, number);
            alone.agents_are_right()?;
        }
        for _ in 0..PATIENCE {
            let Some(due) = alone.queue.next_deadline() else { break };
            alone.now = alone.now.max(due);
            alone.input(Input::Deadline);
            alone.agents_are_right()?;
        }
        prop_assert!(alone.queue.is_terminal(), "{:?}", alone.queue);
    }
}

proptest! {
    // Half an hour of a queue each.
    #![proptest_config(ProptestConfig { cases: cases() / 16, ..ProptestConfig::default() })]

    #[test]
    fn callers_who_stay_talk_or_are_told_that_nobody_is_free(
        people in [0..PEOPLE.len(), 0..PEOPLE.len()],
        callers in 1_usize..6,
        choices in proptest::collection::vec(any::<u16>(), 0..400),
        lost in 0_usize..30,
    ) {
        let faults = Faults { lost_events: lost, repeated_events: 20, ..Faults::default() };
        let mut world = world(people, callers, faults, choices);
        let begin = world.now;
        // Whoever talks does so until somebody hangs up; the others are through after their longest wait, and a little.
        while world.now.since(begin).as_secs() < 1_200 {
            if !world.step(false) && !world.next_deadline() {
                break;
            }
            nobody_has_two_calls(&world)?;
        }
        for n in 0..callers {
            let machine = world.machine(n);
            prop_assert!(machine.is_terminal() || machine.phase() == "bridged", "waits in {:?}", machine.state());
        }
    }
}

/// A queue that hears any words from anybody.
struct Alone {
    queue: QueueMachine,
    now: Timestamp,
    seq: u64,
    offers: Vec<(u64, PhoneNumber)>,
}

impl Default for Alone {
    fn default() -> Self {
        Self {
            queue: QueueMachine::default(),
            now: Timestamp::from_millis(1_000_000),
            seq: 0,
            offers: vec![],
        }
    }
}

impl Alone {
    fn input(&mut self, input: Input) {
        self.seq += 1;
        let context = Context {
            address: Address::Queue("row".into()),
            seq: self.seq,
            now: self.now,
            salt: 0,
        };
        let mut fx = Effects::new(context, 1);
        self.queue.handle(input, &mut fx);
        for effect in fx.into_list() {
            if let Effect::Send {
                body:
                    Message::FromQueue {
                        word: QueueWord::Offer { offer, agent },
                        ..
                    },
                ..
            } = effect
            {
                self.offers.push((offer, agent));
            }
        }
    }

    fn hears(&mut self, n: usize, stay: u32, word: usize, number: u8) {
        let plan = |agent: u8| AgentPlan {
            to: PhoneNumber::new(format!("+1555040300{agent}")),
            name: None,
            priority: 1 + agent % 2,
            wrap_up_ms: 5_000,
        };
        // Mostly a real offer, which may be an old one or somebody else's.
        let guess = (u64::from(number), plan(number % 4).to);
        let real =
            (!self.offers.is_empty()).then(|| self.offers[usize::from(number) % self.offers.len()].clone());
        let (offer, agent) = real.unwrap_or(guess);
        let word = match word {
            0 | 1 => CallWord::Join {
                since: self.now,
                table: Box::new(QueueTable {
                    agents: (0..number % 4).map(plan).collect(),
                    order: AgentOrder::LongestIdle,
                    ring_ms: 10_000,
                    rest_ms: 5_000,
                    max_waiting: 3,
                }),
            },
            2 => CallWord::Asks,
            3 => CallWord::Waits,
            4 => CallWord::Rings { offer },
            5 => CallWord::Talks { offer, agent },
            6 => CallWord::Declined { offer },
            7 => CallWord::Left,
            _ => {
                self.now = self.now + std::time::Duration::from_secs(u64::from(number));
                return self.input(Input::Deadline);
            }
        };
        self.input(Input::Message {
            from: call(n),
            seq: self.seq,
            index: 0,
            body: Message::ToQueue { stay, word },
        });
    }

    fn agents_are_right(&self) -> Result<(), TestCaseError> {
        let (agents, callers) = (self.queue.agents(), self.queue.callers());
        for (at, agent) in agents.iter().enumerate() {
            prop_assert!(
                agents[..at].iter().all(|other| other.to() != agent.to()),
                "listed twice"
            );
            if let Some(engaged) = agent.at.engaged() {
                prop_assert!(
                    callers.iter().any(|caller| caller.call == engaged.call),
                    "kept for nobody"
                );
                let other = agents[..at].iter().filter_map(|agent| agent.at.engaged());
                prop_assert!(
                    !other.into_iter().any(|other| other.call == engaged.call),
                    "two agents for one"
                );
            }
        }
        for (at, caller) in callers.iter().enumerate() {
            prop_assert!(
                callers[..at].iter().all(|other| other.call != caller.call),
                "in the row twice"
            );
        }
        let waits = callers
            .iter()
            .any(|caller| self.queue.agent_of(&caller.call).is_none());
        let idle = agents.iter().any(|agent| agent.may_be_offered());
        prop_assert!(!(waits && idle), "a caller and a free agent wait for each other");
        Ok(())
    }
}
