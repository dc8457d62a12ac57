//! What a start finds again.

use cordboard_actors::journal::{Append, Journal, Owed, Sleeper};
use cordboard_core::{Address, Handle};

use super::{Scratch, append, append_to, at, call, key, open, question, record, take};

#[tokio::test]
async fn a_start_finds_everything_that_was_taken() {
    let scratch = Scratch::new();
    let place = scratch.path().join("deep/journal");
    let journal = open(&place).unwrap();
    for n in 0..5 {
        for seq in 1..=4 {
            let mut append = append(n, seq);
            append.record.effects = vec![question(&format!("{n}-{seq}"))];
            append.terminal = n == 4 && seq == 4;
            if seq > 1 {
                append.settles = Some(key(&call(n), seq - 1, 0));
            }
            take(&journal, append).await.unwrap();
        }
    }
    journal.settle(key(&call(0), 4, 0));
    journal.load(&call(0)).await.unwrap();
    let (before, salt) = (journal.counts(), journal.salt());
    assert_eq!((before.records, before.open, before.unsettled), (20, 5, 4));
    drop(journal);

    let journal = open(&place).unwrap();
    let counts = journal.counts();
    assert_eq!((counts.records, counts.open, counts.unsettled), (0, 5, 4));
    assert_eq!(journal.salt(), salt);
    assert_ne!(open(&scratch.path().join("other")).unwrap().salt(), salt);
    let mut sleepers = journal.sleepers().await.unwrap();
    sleepers.sort_by(|one, other| one.address.cmp(&other.address));
    let sleeper = |n: usize| Sleeper {
        address: call(n),
        deadline: Some(at(60_004)),
        handles: vec![Handle::Leg(format!("v3:{}", call(n)).as_str().into())],
    };
    assert_eq!(sleepers, (0..5).map(sleeper).collect::<Vec<_>>());
    let owed = |n: usize| Owed {
        key: key(&call(n), 4, 0),
        incarnation: 1,
        since: at(4),
        effect: question(&format!("{n}-4")),
    };
    assert_eq!(
        journal.owed().await.unwrap(),
        (1..5).map(owed).collect::<Vec<_>>()
    );
    for n in 0..5 {
        let history = journal.history(&call(n)).await.unwrap();
        assert_eq!(history.len(), 4);
        let loaded = journal.load(&call(n)).await.unwrap().unwrap();
        assert_eq!((&loaded.last, loaded.terminal), (&history[3], n == 4));
        assert_eq!(loaded.events.len(), 4);
        assert!(journal.contains(&format!("event-{}-3", call(n)).as_str().into()));
    }
    assert!(take(&journal, append(0, 4)).await.is_err(), "a seq is taken once");
    assert_eq!(take(&journal, append(0, 5)).await, Ok(5));
}

#[tokio::test]
async fn a_message_settles_the_effect_of_another_entity() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    let (caller, room) = (call(1), Address::Conference("demo".into()));
    let mut asks = append(1, 1);
    asks.record.effects = vec![question("one"), question("two")];
    take(&journal, asks).await.unwrap();
    let hears = Append {
        settles: Some(key(&caller, 1, 0)),
        ..append_to(&room, 1)
    };
    take(&journal, hears).await.unwrap();
    drop(journal);
    let journal = open(scratch.path()).unwrap();
    let owed = journal.owed().await.unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].key, key(&caller, 1, 1));
}

#[tokio::test]
async fn what_was_queued_when_the_journal_was_dropped_is_kept() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    for seq in 1..=500 {
        journal.append(append(1, seq));
    }
    drop(journal);
    let journal = open(scratch.path()).unwrap();
    assert_eq!(
        journal.load(&call(1)).await.unwrap().unwrap().last,
        record(&call(1), 500)
    );
}

#[tokio::test]
async fn a_listener_may_be_the_last_owner() {
    let scratch = Scratch::new();
    let journal = std::sync::Arc::new(open(scratch.path()).unwrap());
    let (held, (tell, told)) = (std::sync::Arc::clone(&journal), tokio::sync::oneshot::channel());
    let (go, wait) = std::sync::mpsc::channel::<()>();
    journal.append(Append {
        done: Box::new(move |_| {
            wait.recv().unwrap();
            drop(held);
            let _ = tell.send(());
        }),
        ..append(1, 1)
    });
    drop(journal);
    go.send(()).unwrap();
    told.await.unwrap();
}

#[tokio::test]
async fn a_listener_that_panics_silences_nobody_else() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    journal.append(Append {
        done: Box::new(|_| panic!("a listener's own fault")),
        ..append(1, 1)
    });
    assert_eq!(take(&journal, append(1, 2)).await, Ok(2));
}

#[tokio::test]
async fn the_documentation_names_every_table_and_column() {
    let scratch = Scratch::new();
    drop(open(scratch.path()).unwrap());
    let page = include_str!("../../../docs/journal.md");
    let connection = rusqlite::Connection::open(scratch.path().join("journal.sqlite")).unwrap();
    let mut columns = connection
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'",
        )
        .unwrap();
    let columns = columns
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let columns: Vec<(String, String)> = columns.map(Result::unwrap).collect();
    assert!(columns.len() > 35, "{columns:?}");
    for (table, column) in columns {
        assert!(page.contains(&format!("| `{table}` |")), "{table} is not there");
        assert!(
            page.contains(&format!("`{column}`")),
            "{table}.{column} is not there"
        );
    }
}

#[tokio::test]
async fn another_process_may_read_while_records_are_taken() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let reader = rusqlite::Connection::open_with_flags(scratch.path().join("journal.sqlite"), flags).unwrap();
    let snapshot = reader.unchecked_transaction().unwrap();
    let count = |connection: &rusqlite::Connection| -> i64 {
        connection
            .query_row("SELECT count(*) FROM records", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count(&snapshot), 0);
    for seq in 1..=300 {
        take(&journal, append(1, seq)).await.unwrap();
    }
    assert_eq!(count(&snapshot), 0, "its moment stands still");
    snapshot.commit().unwrap();
    assert_eq!(count(&reader), 300);
}
