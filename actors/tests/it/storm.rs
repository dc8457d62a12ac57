//! Everything at once, from a seed: a journal that refuses, inputs that panic, a carrier that does not answer, repeats.
//!
//! Whatever happened on the way, in the end every input is in the journal once, nothing was done that is not in it,
//! and nothing is left.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordboard_actors::delivery::InputKey;
use cordboard_actors::house::FaultHook;
use cordboard_actors::replay::{Surroundings, replay};
use cordboard_core::{Address, CommandId, Effect, EventId, Input};

use crate::stage::{Sent, Stage, answered, call, hung_up, in_doubt, key, patiently, room, try_later};

const CALLS: usize = 24;
const KEYS: usize = 4;

/// Numbers from a seed (splitmix64): the same storm for the same seed, as far as the scheduler allows.
struct Dice(AtomicU64);

impl Dice {
    fn percent(&self, chance: u64) -> bool {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100 < chance
    }
}

/// Panics now and then, but never twice in one input: that would set it aside.
fn panicking(dice: Arc<Dice>) -> Option<FaultHook> {
    let hit: Mutex<BTreeSet<String>> = Mutex::default();
    let hook: FaultHook = Arc::new(move |address: &Address, input: &Input| {
        let Some(name) = InputKey::of(address, input).map(|key| format!("{key:?}")) else {
            return;
        };
        let panics = dice.percent(8) && hit.lock().unwrap().insert(name);
        assert!(!panics, "a fault of the test");
    });
    Some(hook)
}

/// Offers an input until a record contains it, as a carrier does; now and then twice at once.
async fn insist(stage: &Stage, dice: &Dice, n: usize, input: Input) {
    loop {
        let repeat = dice.percent(20).then(|| stage.deliver(&call(n), input.clone()));
        let receipt = stage.apply(&call(n), input.clone()).await;
        if let Some(repeat) = repeat {
            // Told or dropped, but never left waiting.
            let _ = patiently(repeat).await;
        }
        if receipt.is_some_and(|receipt| receipt.is_durable()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A carrier that answers one command in ten with nothing, and one with a wish for later.
fn faltering(stage: &Stage, dice: &Arc<Dice>) {
    let unkind = Arc::clone(dice);
    let falter = move || match (unkind.percent(10), unkind.percent(10)) {
        (true, _) => Some(in_doubt()),
        (_, true) => Some(try_later(Some(1))),
        _ => None,
    };
    stage.carrier.falter_when(falter);
}

async fn opened(dice: &Arc<Dice>) -> Stage {
    let stage = Stage::with(panicking(Arc::clone(dice))).await;
    let unkind = Arc::clone(dice);
    stage.journal.refuse_when(move || unkind.percent(10));
    faltering(&stage, dice);
    stage
}

/// Scenes of a call, in order; a restart may come between two of them.
const SCENES: [fn(&Stage, usize) -> Vec<Input>; 3] = [
    |stage, n| vec![stage.initiated(n), answered(n)],
    |_, n| (0..KEYS).map(|count| key(n, count)).collect(),
    |_, n| vec![hung_up(n)],
];

/// Everything that the carrier tells in these scenes, each call on its own.
async fn play(stage: &Arc<Stage>, dice: &Arc<Dice>, scenes: &'static [fn(&Stage, usize) -> Vec<Input>]) {
    let callers: Vec<_> = (0..CALLS)
        .map(|n| {
            let (stage, dice) = (Arc::clone(stage), Arc::clone(dice));
            tokio::spawn(async move {
                for scene in scenes {
                    for input in scene(&stage, n) {
                        insist(&stage, &dice, n, input).await;
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        patiently(caller).await.unwrap();
    }
}

async fn storm(seed: u64) {
    println!("seed {seed}");
    let dice = Arc::new(Dice(AtomicU64::new(seed)));
    let stage = Arc::new(opened(&dice).await);
    play(&stage, &dice, &SCENES).await;
    stage.empties().await;
    everything_is_in_the_books(&stage, &stage.carrier.all(), seed).await;
    let metrics = &stage.house.metrics;
    assert!(metrics.actors.panics.get() > 5, "seed {seed}: the faults fired");
    assert!(
        metrics.journal.append_failures.get() > 5,
        "seed {seed}: the faults fired"
    );
}

/// The house is closed with whatever is under way, and the next one goes on.
async fn storm_with_restarts(seed: u64) {
    println!("seed {seed}");
    let dice = Arc::new(Dice(AtomicU64::new(seed)));
    let mut stage = opened(&dice).await;
    let mut carriers = vec![Arc::clone(&stage.carrier)];
    let mut owed = 0;
    for scene in SCENES.chunks(1) {
        let playing = Arc::new(stage);
        play(&playing, &dice, scene).await;
        owed += playing.house.outbox.unsettled();
        let playing = Arc::into_inner(playing).expect("every caller is done");
        stage = playing.again().await;
        faltering(&stage, &dice);
        carriers.push(Arc::clone(&stage.carrier));
    }
    stage.empties().await;
    let sent: Vec<Sent> = carriers.iter().flat_map(|carrier| carrier.all()).collect();
    everything_is_in_the_books(&stage, &sent, seed).await;
    assert!(owed > 5, "seed {seed}: the restarts found nothing to go on with");
}

async fn everything_is_in_the_books(stage: &Stage, sent: &[Sent], seed: u64) {
    let mut issued: BTreeSet<CommandId> = BTreeSet::new();
    for address in (0..CALLS).map(call).chain([room()]) {
        let history = stage.history(&address).await;
        let seqs = history.iter().map(|record| record.seq);
        assert!(
            seqs.eq(1..=history.len() as u64),
            "seed {seed}: {address} has a gap"
        );
        let around = Surroundings {
            salt: stage.house.journal.salt(),
            flow: Some(std::sync::Arc::new(crate::stage::flow())),
        };
        let replayed = replay(&history, &around).unwrap();
        assert!(
            replayed.difference.is_none(),
            "seed {seed}: {address}: {:?}",
            replayed.difference
        );
        assert_eq!(replayed.steps.len(), history.len(), "seed {seed}: {address}");
        let mut events: BTreeMap<EventId, usize> = BTreeMap::new();
        let mut messages = BTreeMap::new();
        for record in &history {
            match &record.cause {
                Input::Event { event, .. } => *events.entry(event.id.clone()).or_default() += 1,
                Input::Message { from, seq, index, .. } => {
                    *messages.entry((from.clone(), *seq, *index)).or_insert(0) += 1;
                }
                _ => {}
            }
            issued.extend(record.effects.iter().filter_map(|effect| match effect {
                Effect::Command(issued) => Some(issued.id.clone()),
                _ => None,
            }));
        }
        if matches!(address, Address::Call(_)) {
            assert_eq!(events.len(), 3 + KEYS, "seed {seed}: {address}");
        }
        assert!(
            events.values().all(|count| *count == 1),
            "seed {seed}: {events:?}"
        );
        assert!(
            messages.values().all(|count| *count == 1),
            "seed {seed}: {messages:?}"
        );
    }
    let strangers: Vec<_> = sent.iter().filter(|sent| !issued.contains(&sent.id)).collect();
    assert!(
        strangers.is_empty(),
        "seed {seed}: sent without a record: {strangers:?}"
    );
    let counts = stage.house.journal.counts();
    assert_eq!((counts.open, counts.unsettled), (0, 0), "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_every_input_is_recorded_once_and_nothing_is_left() {
    for seed in 1..=20 {
        storm(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_fails_on_several_threads_every_input_is_recorded_once() {
    for seed in 101..=103 {
        storm(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_across_restarts_every_input_is_recorded_once() {
    for seed in 201..=220 {
        storm_with_restarts(seed).await;
    }
}
