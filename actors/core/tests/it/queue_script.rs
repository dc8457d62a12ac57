//! What a queue does, as scripts: the row, who gets whom, breaks, ways out, silence, tables that change.

use std::time::Duration;

use cordboard_core::queue::word::{AgentOrder, AgentPlan, CallWord, QueueRefusal, QueueTable, QueueWord};
use cordboard_core::{
    Address, Context, Effect, Effects, Input, Machine, Message, PhoneNumber, QueueMachine, Timestamp,
};

use crate::world::call;

/// A queue alone, and what it says to calls.
struct Row {
    queue: QueueMachine,
    now: Timestamp,
    seq: u64,
    said: Vec<(Address, u32, QueueWord)>,
    table: QueueTable,
}

fn number(agent: usize) -> PhoneNumber {
    PhoneNumber::new(format!("+1555040300{agent}"))
}

fn plan(agent: usize) -> AgentPlan {
    AgentPlan {
        to: number(agent),
        name: None,
        priority: 1,
        wrap_up_ms: 15_000,
    }
}

impl Row {
    fn of(agents: usize) -> Self {
        let table = QueueTable {
            agents: (1..=agents).map(plan).collect(),
            order: AgentOrder::LongestIdle,
            ring_ms: 20_000,
            rest_ms: 10_000,
            max_waiting: 3,
        };
        Self {
            queue: QueueMachine::default(),
            now: Timestamp::from_millis(1_000_000),
            seq: 0,
            said: vec![],
            table,
        }
    }

    fn input(&mut self, input: Input) {
        self.seq += 1;
        let context = Context {
            address: Address::Queue("row".into()),
            seq: self.seq,
            now: self.now,
            salt: 0,
        };
        let mut fx = Effects::new(context, self.queue.incarnation());
        self.queue = serde_json::from_slice(&serde_json::to_vec(&self.queue).unwrap()).unwrap();
        self.queue.handle(input, &mut fx);
        for effect in fx.into_list() {
            match effect {
                Effect::Send {
                    to,
                    body: Message::FromQueue { stay, word },
                } => self.said.push((to, stay, word)),
                Effect::Ended { .. } => {}
                other => panic!("a queue tells calls and nothing else: {other:?}"),
            }
        }
    }

    fn says(&mut self, n: usize, word: CallWord) -> Vec<(Address, u32, QueueWord)> {
        self.said.clear();
        self.input(Input::Message {
            from: call(n),
            seq: self.seq,
            index: 0,
            body: Message::ToQueue { stay: 1, word },
        });
        self.said.clone()
    }

    fn joins(&mut self, n: usize) -> Vec<(Address, u32, QueueWord)> {
        let (since, table) = (self.now, Box::new(self.table.clone()));
        self.says(n, CallWord::Join { since, table })
    }

    /// The agent whom call `n` is offered, with the offer.
    fn offer(&self, n: usize) -> Option<(u64, PhoneNumber)> {
        let to = self.said.iter().rev().filter(|(to, ..)| *to == call(n));
        to.map(|(_, _, word)| word).find_map(|word| match word {
            QueueWord::Offer { offer, agent } => Some((*offer, agent.clone())),
            _ => None,
        })
    }

    /// Joins, rings and talks.
    fn is_served(&mut self, n: usize) -> (u64, PhoneNumber) {
        self.joins(n);
        self.answers(n)
    }

    /// Takes the offer that was just made.
    fn answers(&mut self, n: usize) -> (u64, PhoneNumber) {
        let (offer, agent) = self.offer(n).expect("an agent is free");
        self.says(n, CallWord::Rings { offer });
        let talks = CallWord::Talks {
            offer,
            agent: agent.clone(),
        };
        self.says(n, talks);
        (offer, agent)
    }

    fn passes(&mut self, secs: u64) {
        let until = self.now + Duration::from_secs(secs);
        self.said.clear();
        while let Some(due) = self.queue.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.input(Input::Deadline);
        }
        self.now = until;
    }

    fn state(&self, agent: usize) -> &'static str {
        let agent = self.queue.agents().iter().find(|a| *a.to() == number(agent));
        agent.map_or("nobody", |agent| agent.at.label())
    }

    fn place(&mut self, n: usize) -> Option<(u32, u32)> {
        self.says(n, CallWord::Asks)
            .iter()
            .find_map(|(_, _, word)| match word {
                QueueWord::Place {
                    position, waiting, ..
                } => Some((*position, *waiting)),
                _ => None,
            })
    }
}

#[test]
fn first_come_is_first_served_and_everybody_knows_the_place() {
    let mut row = Row::of(1);
    row.is_served(0);
    for n in 1..=3 {
        row.passes(1);
        let said = row.joins(n);
        let place = QueueWord::Place {
            position: u32::try_from(n).unwrap(),
            waiting: u32::try_from(n).unwrap(),
            estimate_ms: None,
        };
        assert_eq!(said, vec![(call(n), 1, place)]);
    }
    assert_eq!(row.place(2), Some((2, 3)));
    row.says(1, CallWord::Left);
    assert_eq!(row.place(2), Some((1, 2)));
    row.says(0, CallWord::Left);
    row.passes(15);
    assert_eq!(row.offer(2).map(|(_, agent)| agent), Some(number(1)));
    assert_eq!(row.offer(3), None);
}

#[test]
fn a_queue_that_was_told_anew_keeps_the_order_of_coming() {
    let mut row = Row::of(1);
    row.is_served(0);
    let (early, table) = (row.now, Box::new(row.table.clone()));
    row.passes(5);
    row.joins(1);
    row.says(2, CallWord::Join { since: early, table });
    assert_eq!((row.place(2), row.place(1)), (Some((1, 2)), Some((2, 2))));
}

#[test]
fn from_talking_an_agent_goes_to_the_work_after_the_call_and_is_nobody_s_until_it_is_done() {
    let mut row = Row::of(1);
    row.is_served(0);
    row.joins(1);
    assert_eq!(row.state(1), "talking");
    row.says(0, CallWord::Left);
    assert_eq!(row.state(1), "wrap_up");
    row.passes(14);
    assert_eq!((row.state(1), row.offer(1)), ("wrap_up", None));
    row.passes(1);
    assert_eq!(
        row.state(1),
        "reserved",
        "no moment of freedom while somebody waits"
    );
    assert!(row.offer(1).is_some());
}

#[test]
fn the_agent_who_is_idle_for_longest_is_rung_or_the_first_of_the_list() {
    for (order, expected) in [(AgentOrder::LongestIdle, 2), (AgentOrder::InOrder, 1)] {
        let mut row = Row::of(2);
        row.table.order = order;
        assert_eq!(row.is_served(0).1, number(1));
        row.says(0, CallWord::Left);
        row.passes(60);
        assert_eq!(row.is_served(1).1, number(expected));
    }
}

#[test]
fn a_higher_priority_waits_until_nobody_of_a_lower_one_is_free() {
    let mut row = Row::of(3);
    row.table.agents[0].priority = 2;
    let served: Vec<_> = (0..3).map(|n| row.is_served(n).1).collect();
    assert_eq!(served, [number(2), number(3), number(1)]);
}

#[test]
fn who_does_not_answer_rests_while_the_next_one_is_rung() {
    let mut row = Row::of(2);
    row.joins(0);
    let (offer, _) = row.offer(0).unwrap();
    row.says(0, CallWord::Rings { offer });
    assert_eq!(row.state(1), "ringing");
    row.says(0, CallWord::Declined { offer });
    assert_eq!((row.state(1), row.state(2)), ("resting", "reserved"));
    let (offer, _) = row.offer(0).unwrap();
    row.says(0, CallWord::Declined { offer });
    assert_eq!(row.offer(0), None, "both rest");
    row.passes(10);
    assert_eq!(row.offer(0).map(|(_, agent)| agent), Some(number(1)));
}

#[test]
fn a_caller_who_leaves_takes_neither_place_nor_agent_along() {
    let mut row = Row::of(1);
    row.joins(0);
    row.joins(1);
    row.says(0, CallWord::Left);
    assert!(
        row.offer(1).is_some(),
        "no phone rang for the first: the agent is free at once"
    );
    let (offer, _) = row.offer(1).unwrap();
    row.joins(2);
    row.says(1, CallWord::Rings { offer });
    row.says(1, CallWord::Left);
    assert_eq!(
        (row.state(1), row.offer(2)),
        ("resting", None),
        "the phone is being hung up"
    );
    row.passes(3);
    assert!(row.offer(2).is_some());
    row.says(2, CallWord::Left);
    assert!(row.queue.is_terminal() && row.queue.next_deadline().is_none());
}

#[test]
fn a_full_row_and_a_table_without_agents_are_refused() {
    let mut row = Row::of(1);
    row.is_served(9);
    (0..3).for_each(|n| drop(row.joins(n)));
    let refused = |why| vec![(call(3), 1, QueueWord::Refused(why))];
    assert_eq!(row.joins(3), refused(QueueRefusal::Full));
    assert_eq!(row.place(2), Some((3, 3)));
    let mut row = Row::of(0);
    assert_eq!(row.joins(3), refused(QueueRefusal::NoAgents));
    assert!(row.queue.is_terminal());
}

#[test]
fn words_that_come_again_change_nothing() {
    let mut row = Row::of(2);
    let (offer, agent) = row.is_served(0);
    let before = row.queue.clone();
    for word in [
        CallWord::Rings { offer },
        CallWord::Rings { offer: offer - 1 },
        CallWord::Declined { offer: offer - 1 },
        CallWord::Talks { offer, agent },
    ] {
        assert!(row.says(0, word).is_empty());
    }
    assert!(row.joins(0).is_empty(), "it talks");
    assert_eq!(row.queue.agents(), before.agents());
    row.says(0, CallWord::Left);
    let before = row.queue.clone();
    row.says(0, CallWord::Left);
    row.says(0, CallWord::Declined { offer });
    assert_eq!(row.queue, before);
    assert_eq!(
        row.says(0, CallWord::Asks),
        vec![(call(0), 1, QueueWord::Unknown)]
    );
}

#[test]
fn an_earlier_stay_s_last_word_does_not_end_the_present_one() {
    let mut row = Row::of(1);
    row.joins(0);
    row.input(Input::Message {
        from: call(0),
        seq: 9,
        index: 0,
        body: Message::ToQueue {
            stay: 0,
            word: CallWord::Left,
        },
    });
    assert_eq!(row.queue.callers().len(), 1);
}

#[test]
fn calls_that_fall_silent_are_asked_three_times_and_then_forgotten() {
    let mut row = Row::of(1);
    row.is_served(0);
    row.joins(1);
    row.passes(200);
    let checks = |row: &Row| {
        row.said
            .iter()
            .filter(|(.., word)| *word == QueueWord::Check)
            .count()
    };
    assert_eq!(checks(&row), 2, "one each");
    row.says(1, CallWord::Waits);
    row.passes(100);
    assert_eq!(row.queue.callers().len(), 1, "the one who answered stays");
    assert!(row.said.contains(&(call(0), 1, QueueWord::Unknown)));
    assert_eq!(row.offer(1).map(|(_, agent)| agent), Some(number(1)));
}

#[test]
fn an_offer_that_a_call_does_not_know_of_is_made_again() {
    let mut row = Row::of(1);
    row.joins(0);
    let offer = row.offer(0);
    assert!(row.says(0, CallWord::Waits).is_empty(), "the two words crossed");
    row.passes(20);
    assert_eq!(row.said, vec![(call(0), 1, QueueWord::Check)]);
    row.says(0, CallWord::Waits);
    assert_eq!(row.offer(0), offer);
}

#[test]
fn the_newest_table_holds_and_busy_agents_end_what_they_do() {
    let mut row = Row::of(2);
    row.is_served(0);
    row.is_served(1);
    row.table.agents = vec![plan(2), plan(3)];
    row.joins(2);
    assert_eq!(row.offer(2).map(|(_, agent)| agent), Some(number(3)));
    assert_eq!((row.state(1), row.state(2)), ("talking", "talking"));
    row.says(0, CallWord::Left);
    assert_eq!(row.state(1), "wrap_up");
    row.passes(15);
    assert_eq!(row.state(1), "nobody", "not listed any more");
    row.says(1, CallWord::Left);
    assert_eq!(row.state(2), "wrap_up", "what a listed agent does is kept");
}

#[test]
fn a_queue_without_memory_learns_from_calls_who_talks() {
    let mut row = Row::of(1);
    let (offer, agent) = row.is_served(0);
    row.queue = QueueMachine::default();
    row.says(
        0,
        CallWord::Talks {
            offer,
            agent: agent.clone(),
        },
    );
    row.joins(1);
    assert_eq!((row.state(1), row.offer(1)), ("talking", None));
    row.says(0, CallWord::Left);
    assert_eq!(row.state(1), "wrap_up");
    // Should the agent have been given away already, two calls cannot both be true.
    let mut row = Row::of(1);
    row.joins(1);
    row.says(0, CallWord::Talks { offer, agent });
    assert_eq!(row.queue.callers().len(), 1);
    assert_eq!(row.state(1), "reserved");
}

#[test]
fn the_estimate_comes_from_what_agents_took_for_the_latest_callers() {
    let mut row = Row::of(2);
    row.is_served(0);
    row.is_served(1);
    row.passes(45);
    row.says(0, CallWord::Left);
    row.joins(2);
    let said = row.says(2, CallWord::Asks);
    let QueueWord::Place { estimate_ms, .. } = said[0].2 else {
        panic!("{said:?}")
    };
    assert_eq!(estimate_ms, Some((45_000 + 15_000) / 2), "two agents");
}

#[test]
fn an_input_that_broke_the_queue_has_everybody_asked() {
    let mut row = Row::of(1);
    row.is_served(0);
    row.joins(1);
    row.said.clear();
    row.input(Input::Quarantined {
        input: "message".into(),
        leg: None,
    });
    assert_eq!(row.said.len(), 2);
    assert!(row.said.iter().all(|(.., word)| *word == QueueWord::Check));
}
