//! What every journal promises, as one suite: give it a way to make an empty journal.
//!
//! Depends on the public contract only, so that the tests of another implementation can include this file.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cordboard_actors::journal::{
    Append, AppendError, Browse, EffectKey, Journal, MemoryJournal, Owed, RECORD_FORMAT, Record, Sleeper,
};
use cordboard_actors::witness::Witnessed;
use cordboard_core::command::Query;
use cordboard_core::{Address, Command, Effect, EndReason, Handle, Input, Issued, Timestamp};
use tokio::sync::oneshot;

type Shared = Arc<dyn Journal>;
type Committed = oneshot::Receiver<Result<u64, AppendError>>;

/// The whole contract, each part on a journal of its own.
pub(crate) async fn journal_contract(make: impl AsyncFn() -> Shared) {
    appends_compare_and_set(&make().await).await;
    done_is_called_in_the_order_of_an_entity(&make().await).await;
    load_sees_every_append_handed_over_before(&make().await).await;
    events_are_kept_with_their_answers(&make().await).await;
    effects_are_settled_by_records_and_by_hand(&make().await).await;
    counts_tell_what_is_open(&make().await).await;
    history_is_complete_and_in_order(&make().await).await;
    a_start_finds_who_is_open_and_what_is_owed(&make().await).await;
    everything_is_read_on_from_a_position(&make().await).await;
    flows_are_kept_by_their_hash(&make().await).await;
    lists_come_in_pages_newest_first(&make().await).await;
}

#[tokio::test]
async fn the_journal_in_memory_keeps_the_contract() {
    journal_contract(async || Arc::new(MemoryJournal::start()) as Shared).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_in_memory_keeps_the_contract_on_several_threads() {
    journal_contract(async || Arc::new(MemoryJournal::start()) as Shared).await;
}

fn call(n: usize) -> Address {
    Address::Call(format!("session-{n}").as_str().into())
}

fn key(address: &Address, seq: u64, index: u32) -> EffectKey {
    EffectKey {
        address: address.clone(),
        seq,
        index,
    }
}

fn record(address: &Address, seq: u64, effects: Vec<Effect>) -> Record {
    Record {
        address: address.clone(),
        incarnation: 1,
        seq,
        at: Timestamp::from_millis(1_700_000_000_000 + seq),
        cause: Input::Deadline,
        receipt: Some(Bytes::from(format!("answer {seq}"))),
        effects,
        state: Bytes::from(format!("{{\"seq\":{seq}}}")),
        witnessed: Some(Witnessed {
            waited_us: seq,
            ..Witnessed::default()
        }),
        format: RECORD_FORMAT,
    }
}

fn question(id: &str) -> Effect {
    Effect::Command(Box::new(Issued {
        id: id.into(),
        command: Command::Query(Query::Call { leg: "v3:leg".into() }),
        client_state: None,
        give_up_at: Timestamp::from_millis(1_700_000_100_000),
    }))
}

/// An append of `record`, and the end at which its commit is told.
fn append(record: Record) -> (Append, Committed) {
    let (tell, told) = oneshot::channel();
    let append = Append {
        record,
        event: None,
        settles: None,
        terminal: false,
        deadline: None,
        handles: vec![],
        flow: None,
        done: Box::new(move |result| {
            let _ = tell.send(result.map(|record| record.seq).map_err(Clone::clone));
        }),
    };
    (append, told)
}

async fn commit(
    journal: &Shared,
    change: impl FnOnce(Append) -> Append,
    record: Record,
) -> Result<u64, AppendError> {
    let (append, told) = append(record);
    journal.append(change(append));
    told.await.expect("done is called")
}

async fn take(journal: &Shared, record: Record) -> Result<u64, AppendError> {
    commit(journal, |append| append, record).await
}

async fn appends_compare_and_set(journal: &Shared) {
    let (a, b) = (call(1), call(2));
    assert_eq!(take(journal, record(&a, 1, vec![])).await, Ok(1));
    for (found, expected) in [(1, 2), (3, 2), (0, 2)] {
        let refused = take(journal, record(&a, found, vec![question("refused")])).await;
        let address = a.clone();
        assert_eq!(
            refused,
            Err(AppendError::Conflict {
                address,
                expected,
                found
            })
        );
    }
    assert!(
        take(journal, record(&b, 2, vec![])).await.is_err(),
        "every entity begins at 1"
    );
    assert_eq!(journal.counts().open, 1, "what was refused opens nothing");
    assert_eq!(take(journal, record(&b, 1, vec![])).await, Ok(1));
    assert_eq!(take(journal, record(&a, 2, vec![])).await, Ok(2));
    assert_eq!(journal.counts().unsettled, 0, "what was refused asks for nothing");
}

/// A writer may mix entities; within one, hand-over order is commit order, and a gap fails all that follows.
async fn done_is_called_in_the_order_of_an_entity(journal: &Shared) {
    let told: Arc<Mutex<Vec<(Address, u64, bool)>>> = Arc::default();
    let entities = [call(1), call(2), call(3)];
    let mut last = Vec::new();
    for seq in 1..=50 {
        for address in &entities {
            // The third entity skips its tenth record.
            let found = if *address == entities[2] && seq >= 10 {
                seq + 1
            } else {
                seq
            };
            let (mut next, committed) = append(record(address, found, vec![]));
            let (told, address, tell) = (Arc::clone(&told), address.clone(), next.done);
            next.done = Box::new(move |result| {
                told.lock().unwrap().push((address, found, result.is_ok()));
                tell(result);
            });
            journal.append(next);
            last.push(committed);
        }
    }
    for committed in last {
        let _ = committed.await.expect("done is called once for every append");
    }
    let told = told.lock().unwrap();
    for address in &entities {
        let mine: Vec<_> = told.iter().filter(|(who, ..)| who == address).collect();
        assert_eq!(mine.len(), 50);
        assert!(mine.is_sorted_by_key(|(_, seq, _)| *seq), "{mine:?}");
        let good = if *address == entities[2] { 9 } else { 50 };
        assert!(
            mine.iter()
                .enumerate()
                .all(|(place, (.., ok))| *ok == (place < good)),
            "{mine:?}"
        );
    }
}

async fn load_sees_every_append_handed_over_before(journal: &Shared) {
    let a = call(1);
    assert!(journal.load(&a).await.unwrap().is_none());
    for seq in 1..=200 {
        journal.append(append(record(&a, seq, vec![question("q")])).0);
        let loaded = journal.load(&a).await.unwrap().unwrap();
        assert_eq!(
            loaded.last,
            record(&a, seq, vec![question("q")]),
            "every field as it was handed over"
        );
    }
    journal.append(append(record(&a, 999, vec![])).0);
    assert_eq!(
        journal.load(&a).await.unwrap().unwrap().last.seq,
        200,
        "a refused record leaves no trace"
    );
    assert!(journal.load(&call(2)).await.unwrap().is_none());
}

async fn events_are_kept_with_their_answers(journal: &Shared) {
    let a = call(1);
    let with = |id: &'static str| {
        move |append| Append {
            event: Some(id.into()),
            ..append
        }
    };
    assert!(!journal.contains(&"event-1".into()));
    commit(journal, with("event-1"), record(&a, 1, vec![]))
        .await
        .unwrap();
    take(journal, record(&a, 2, vec![])).await.unwrap();
    let silent = Record {
        receipt: None,
        ..record(&a, 3, vec![])
    };
    commit(journal, with("event-3"), silent).await.unwrap();
    assert!(
        commit(journal, with("refused"), record(&a, 3, vec![]))
            .await
            .is_err()
    );
    let loaded = journal.load(&a).await.unwrap().unwrap();
    let events = [
        ("event-1".into(), Bytes::from("answer 1")),
        ("event-3".into(), Bytes::new()),
    ];
    assert_eq!(loaded.events, events);
    for (id, known) in [
        ("event-1", true),
        ("event-3", true),
        ("refused", false),
        ("event-2", false),
    ] {
        assert_eq!(journal.contains(&id.into()), known, "{id}");
    }
}

async fn effects_are_settled_by_records_and_by_hand(journal: &Shared) {
    let a = call(1);
    let send = Effect::Send {
        to: call(2),
        body: cordboard_core::Message::Left { leg: "v3:leg".into() },
    };
    let settle = Effect::Settle {
        command: "proven".into(),
    };
    let ended = Effect::Ended {
        reason: EndReason::HungUp,
    };
    let effects = vec![question("one"), settle, send, ended, question("two")];
    take(journal, record(&a, 1, effects)).await.unwrap();
    assert_eq!(journal.counts().unsettled, 3, "two commands and a message");
    let settles = |index| {
        let settled = key(&a, 1, index);
        move |append| Append {
            settles: Some(settled),
            ..append
        }
    };
    assert!(commit(journal, settles(0), record(&a, 9, vec![])).await.is_err());
    assert_eq!(journal.counts().unsettled, 3, "a refused record settles nothing");
    commit(journal, settles(0), record(&a, 2, vec![])).await.unwrap();
    assert_eq!(journal.counts().unsettled, 2);
    commit(journal, settles(0), record(&a, 3, vec![])).await.unwrap();
    assert_eq!(journal.counts().unsettled, 2, "settled once");
    for index in [2, 4, 4] {
        journal.settle(key(&a, 1, index));
    }
    // A load goes through the writer, behind whatever was asked of it before.
    journal.load(&a).await.unwrap();
    assert_eq!(journal.counts().unsettled, 0);
}

async fn counts_tell_what_is_open(journal: &Shared) {
    let (a, b) = (call(1), call(2));
    let end = |append| Append {
        terminal: true,
        ..append
    };
    take(journal, record(&a, 1, vec![])).await.unwrap();
    take(journal, record(&b, 1, vec![])).await.unwrap();
    let counts = journal.counts();
    assert_eq!((counts.records, counts.open, counts.unsettled), (2, 2, 0));
    commit(journal, end, record(&a, 2, vec![question("goodbye")]))
        .await
        .unwrap();
    let counts = journal.counts();
    assert_eq!(
        (counts.open, counts.unsettled),
        (2, 1),
        "terminal, and its last effect is not settled"
    );
    journal.settle(key(&a, 2, 0));
    journal.load(&a).await.unwrap();
    assert_eq!(journal.counts().open, 1);
    commit(journal, end, record(&b, 2, vec![])).await.unwrap();
    let counts = journal.counts();
    assert_eq!((counts.records, counts.open, counts.unsettled), (4, 0, 0));
    take(journal, record(&b, 3, vec![])).await.unwrap();
    assert_eq!(journal.counts().open, 1, "a room may begin again");
}

async fn history_is_complete_and_in_order(journal: &Shared) {
    let (a, b) = (call(1), call(2));
    assert_eq!(journal.history(&a).await.unwrap(), []);
    for seq in 1..=20 {
        take(journal, record(&a, seq, vec![question("q")])).await.unwrap();
        take(journal, record(&b, seq, vec![])).await.unwrap();
    }
    assert!(take(journal, record(&a, 7, vec![])).await.is_err());
    let expected: Vec<Record> = (1..=20).map(|seq| record(&a, seq, vec![question("q")])).collect();
    assert_eq!(journal.history(&a).await.unwrap(), expected);
}

async fn a_start_finds_who_is_open_and_what_is_owed(journal: &Shared) {
    let (a, b, c) = (call(1), call(2), call(3));
    let deadline = Some(Timestamp::from_millis(1_700_000_050_000));
    let handles = vec![
        Handle::Leg("v3:leg".into()),
        Handle::Conference("conference".into()),
    ];
    let waits = |append| Append {
        deadline: Some(Timestamp::from_millis(1)),
        handles: vec![Handle::Leg("v3:old".into())],
        ..append
    };
    let now = |append| Append {
        deadline,
        handles: handles.clone(),
        ..append
    };
    let end = |append| Append {
        terminal: true,
        ..append
    };
    commit(
        journal,
        waits,
        record(&a, 1, vec![question("one"), question("two")]),
    )
    .await
    .unwrap();
    commit(journal, now, record(&a, 2, vec![])).await.unwrap();
    commit(journal, end, record(&b, 1, vec![question("goodbye")]))
        .await
        .unwrap();
    commit(journal, end, record(&c, 1, vec![])).await.unwrap();
    journal.settle(key(&a, 1, 0));
    assert!(!journal.load(&a).await.unwrap().unwrap().terminal);
    assert!(journal.load(&b).await.unwrap().unwrap().terminal);

    let mut sleepers = journal.sleepers().await.unwrap();
    sleepers.sort_by(|one, other| one.address.cmp(&other.address));
    let sleeper = |address: &Address, deadline, handles| Sleeper {
        address: address.clone(),
        deadline,
        handles,
    };
    assert_eq!(
        sleepers,
        [sleeper(&a, deadline, handles.clone()), sleeper(&b, None, vec![])]
    );
    let owed = |address: &Address, index, id| Owed {
        key: key(address, 1, index),
        incarnation: 1,
        since: record(address, 1, vec![]).at,
        effect: question(id),
    };
    assert_eq!(
        journal.owed().await.unwrap(),
        [owed(&a, 1, "two"), owed(&b, 0, "goodbye")]
    );
}

async fn everything_is_read_on_from_a_position(journal: &Shared) {
    assert_eq!(journal.since(0, 10).await.unwrap(), []);
    let mut expected = Vec::new();
    for seq in 1..=7 {
        for n in 1..=3 {
            let next = record(&call(n), seq, vec![question("q")]);
            take(journal, next.clone()).await.unwrap();
            expected.push(next);
            assert!(take(journal, record(&call(n), seq, vec![])).await.is_err());
        }
    }
    let (mut cursor, mut found) = (0, Vec::new());
    loop {
        let page = journal.since(cursor, 4).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        assert!(page.is_sorted_by(|one, other| one.0 < other.0), "positions rise");
        assert!(page.len() <= 4 && page[0].0 > cursor);
        cursor = *last;
        found.extend(page.into_iter().map(|(_, record)| record));
    }
    assert_eq!(found, expected, "in commit order, without what was refused");
    assert_eq!(journal.since(u64::MAX, 4).await.unwrap(), []);
    take(journal, record(&call(9), 1, vec![])).await.unwrap();
    let later = journal.since(cursor, 4).await.unwrap();
    assert_eq!(later.len(), 1);
    assert!(later[0].0 > cursor, "a cursor stays good");
}

async fn flows_are_kept_by_their_hash(journal: &Shared) {
    let cites = |flow: &str| {
        let flow = Some(flow.to_owned());
        move |append| Append { flow, ..append }
    };
    assert_eq!(journal.flow("aa").await.unwrap(), None);
    let refused = commit(journal, cites("aa"), record(&call(1), 1, vec![])).await;
    assert!(
        matches!(refused, Err(AppendError::Unavailable(_))),
        "a flow is kept before it is cited: {refused:?}"
    );
    for (hash, bytes) in [("aa", "flow = \"a\""), ("bb", ""), ("aa", "flow = \"a\"")] {
        journal.keep_flow(hash, Bytes::from(bytes));
        assert_eq!(
            journal.flow(hash).await.unwrap(),
            Some(Bytes::from(bytes)),
            "at once"
        );
    }
    journal.keep_flow("cc", Bytes::from(vec![7; 100_000]));
    let followed = commit(journal, cites("cc"), record(&call(1), 1, vec![])).await;
    assert_eq!(followed, Ok(1), "the refused record left nothing behind");
    commit(journal, cites("aa"), record(&call(1), 2, vec![]))
        .await
        .unwrap();
    take(journal, record(&call(1), 3, vec![])).await.unwrap();
    assert_eq!(
        journal.flow("cc").await.unwrap(),
        Some(Bytes::from(vec![7; 100_000]))
    );
    assert_eq!(journal.flow("dd").await.unwrap(), None);
}

async fn lists_come_in_pages_newest_first(journal: &Shared) {
    let page = |over, before, most| Browse {
        kind: "call",
        over,
        before,
        most,
    };
    assert_eq!(journal.browse(page(false, None, 10)).await, Ok(vec![]));
    let room = Address::Conference("demo".into());
    take(journal, record(&room, 1, vec![])).await.unwrap();
    for n in 1..=5 {
        take(journal, record(&call(n), 1, vec![])).await.unwrap();
    }
    take(journal, record(&call(2), 2, vec![])).await.unwrap();
    commit(
        journal,
        |append| Append {
            terminal: true,
            ..append
        },
        record(&call(4), 2, vec![]),
    )
    .await
    .unwrap();
    let names = |list: &[cordboard_actors::journal::Browsed]| -> Vec<(String, u64)> {
        list.iter()
            .map(|found| (found.last.address.to_string(), found.last.seq))
            .collect()
    };
    let call = |n: usize, seq: u64| (call(n).to_string(), seq);
    let first = journal.browse(page(false, None, 2)).await.unwrap();
    assert_eq!(names(&first), [call(5, 1), call(3, 1)]);
    let before = first.last().map(|found| found.number);
    let second = journal.browse(page(false, before, 2)).await.unwrap();
    assert_eq!(names(&second), [call(2, 2), call(1, 1)]);
    let before = second.last().map(|found| found.number);
    assert_eq!(journal.browse(page(false, before, 2)).await, Ok(vec![]));
    assert_eq!(
        names(&journal.browse(page(true, None, 9)).await.unwrap()),
        [call(4, 2)]
    );
    let rooms = Browse {
        kind: "conference",
        ..page(false, None, 9)
    };
    assert_eq!(
        names(&journal.browse(rooms).await.unwrap()),
        [(room.to_string(), 1)]
    );
}
