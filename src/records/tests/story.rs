//! Journals full of facts, made from a seed: calls with menus and transfers, rooms, texts, and the odd ends of each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordboard_actors::journal::{Append, Journal, MemoryJournal, RECORD_FORMAT, Record};
use cordboard_core::event::Direction;
use cordboard_core::{
    Address, Digits, Effect, EndReason, Fact, HangupCause, HangupSource, Input, LegRole, PhoneNumber, Text,
    Timestamp,
};

/// A generator of small numbers; the same for the same seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// The records of `calls` calls, mixed, each with its facts.
pub(super) fn records(seed: u64, calls: u64) -> Vec<(Address, Vec<Fact>)> {
    let mut dice = Dice::new(seed);
    let mut threads: Vec<Vec<(Address, Vec<Fact>)>> = (0..calls).map(|n| call(n, &mut dice)).collect();
    threads.push(room(calls, &mut dice));
    threads.push(texts(calls, &mut dice));
    for thread in &mut threads {
        thread.reverse();
    }
    let mut mixed = Vec::new();
    while !threads.is_empty() {
        let which = usize::try_from(dice.below(threads.len() as u64)).unwrap();
        match threads[which].pop() {
            Some(record) => mixed.push(record),
            None => drop(threads.swap_remove(which)),
        }
    }
    mixed
}

fn call(n: u64, dice: &mut Dice) -> Vec<(Address, Vec<Fact>)> {
    let (leg, agent) = (format!("v3:leg-{n}"), format!("v3:agent-{n}"));
    let target = PhoneNumber::new("sip:sales@example.com");
    let step = "sales".to_owned();
    let mut life = Vec::new();
    if dice.below(10) > 0 {
        life.push(vec![
            Fact::CallBegan {
                direction: Direction::Incoming,
                caller: Some(PhoneNumber::new(format!("+1555{n:07}"))),
                called: Some(PhoneNumber::new("+15550100")),
                flow: (dice.below(4) > 0).then(|| "contact-center".to_owned()),
                connection: Some("app-1".into()),
            },
            Fact::LegRang {
                leg: leg.as_str().into(),
                role: LegRole::Caller,
                to: Some(PhoneNumber::new("+15550100")),
            },
        ]);
        life.push(vec![]);
        life.push(vec![Fact::LegAnswered {
            leg: leg.as_str().into(),
        }]);
    }
    if dice.below(2) > 0 {
        life.push(vec![
            Fact::StepTaken {
                step: "menu".into(),
                kind: "gather".into(),
                outcome: ["1", "2", "no_input"][usize::try_from(dice.below(3)).unwrap()].into(),
                after_ms: 4_000 + n,
            },
            Fact::InputCollected {
                step: "number".into(),
                digits: Digits::new(format!("555{n:07}")),
            },
            Fact::TransferTried {
                step: step.clone(),
                target: target.clone(),
            },
        ]);
        life.push(vec![Fact::LegRang {
            leg: agent.as_str().into(),
            role: LegRole::Agent,
            to: Some(target.clone()),
        }]);
        let outcome = ["bridged", "busy"][usize::try_from(dice.below(2)).unwrap()].to_owned();
        life.push(vec![
            Fact::LegAnswered {
                leg: agent.as_str().into(),
            },
            Fact::TransferEnded {
                step,
                target,
                outcome,
            },
        ]);
    }
    life.push(hang_up(&leg, dice));
    let address = Address::Call(format!("session-{n}").as_str().into());
    life.into_iter().map(|facts| (address.clone(), facts)).collect()
}

fn hang_up(leg: &str, dice: &mut Dice) -> Vec<Fact> {
    let hangup = (dice.below(3) > 0).then_some(HangupCause::NormalClearing);
    vec![
        Fact::LegEnded {
            leg: leg.into(),
            cause: hangup.clone(),
            source: HangupSource::Caller,
            sip_code: Some("200".into()),
        },
        Fact::CallEnded {
            reason: EndReason::HungUp,
            cause: hangup,
            source: HangupSource::Caller,
        },
    ]
}

fn room(calls: u64, dice: &mut Dice) -> Vec<(Address, Vec<Fact>)> {
    let address = Address::Conference("blue".into());
    let mut life = Vec::new();
    for incarnation in 1..=3 {
        life.push(vec![Fact::ConferenceBegan {
            conference: format!("conf-{incarnation}").as_str().into(),
            incarnation,
        }]);
        let leg = format!("v3:leg-{}", dice.below(calls));
        for _ in 0..2 {
            life.push(vec![Fact::ParticipantJoined {
                incarnation,
                leg: leg.as_str().into(),
                call: Address::Call(leg.replace("v3:leg", "session").as_str().into()),
                moderator: dice.below(2) > 0,
            }]);
            life.push(vec![Fact::ParticipantLeft {
                incarnation,
                leg: leg.as_str().into(),
            }]);
        }
        life.push(vec![Fact::ConferenceEnded {
            incarnation,
            reason: EndReason::ConferenceEnded,
        }]);
    }
    life.into_iter().map(|facts| (address.clone(), facts)).collect()
}

fn texts(calls: u64, dice: &mut Dice) -> Vec<(Address, Vec<Fact>)> {
    let address = Address::Sms("+15550100".into());
    let status = |key: &str, status: &str, segments| Fact::MessageStatus {
        key: key.to_owned(),
        message: Some(format!("carrier-{key}")),
        status: status.to_owned(),
        reason: None,
        segments,
    };
    let mut life = Vec::new();
    for n in 0..calls / 2 {
        let key = format!("key-{n}");
        life.push(vec![
            Fact::MessagePlanned {
                key: key.clone(),
                from: PhoneNumber::new("+15550100"),
                to: PhoneNumber::new(format!("+1555{n:07}")),
                text: Text::new("Thank you.\u{0}"),
                call: Some(Address::Call(format!("session-{n}").as_str().into())),
            },
            status(&key, "attempting", None),
        ]);
        life.push(vec![status(&key, "accepted", Some(1))]);
        let last = ["delivered", "failed"][usize::try_from(dice.below(2)).unwrap()];
        life.push(vec![status(&key, last, None)]);
    }
    life.push(vec![Fact::MessageReceived {
        key: "in-1".into(),
        from: PhoneNumber::new("+15550111"),
        to: PhoneNumber::new("+15550100"),
        text: Text::new("weather in Perth"),
        attachments: 0,
    }]);
    life.into_iter().map(|facts| (address.clone(), facts)).collect()
}

/// Appends the record and waits until the journal has it.
pub(super) async fn append(journal: &dyn Journal, at: Timestamp, (address, facts): (Address, Vec<Fact>)) {
    let last = journal.load(&address).await.unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    journal.append(Append {
        record: Record {
            address,
            incarnation: 1,
            seq: last.map_or(1, |loaded| loaded.last.seq + 1),
            at,
            cause: Input::Deadline,
            receipt: None,
            effects: facts
                .into_iter()
                .map(|fact| Effect::Fact(Box::new(fact)))
                .collect(),
            state: Bytes::from_static(b"{}"),
            witnessed: None,
            format: RECORD_FORMAT,
        },
        event: None,
        settles: None,
        terminal: false,
        deadline: None,
        handles: vec![],
        flow: None,
        done: Box::new(move |result| {
            let _ = tell.send(result.map(|record| record.seq).map_err(Clone::clone));
        }),
    });
    told.await.unwrap().unwrap();
}

/// Times are three seconds apart, from a fixed day on.
pub(super) fn time(n: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Duration::from_secs(3 * n)
}

/// A journal in memory with all of it, and how many records it has.
pub(super) async fn journal(seed: u64, calls: u64) -> (Arc<MemoryJournal>, usize) {
    let journal = Arc::new(MemoryJournal::start());
    let records = records(seed, calls);
    let count = records.len();
    for (n, record) in (0..).zip(records) {
        append(&*journal, time(n), record).await;
    }
    (journal, count)
}
