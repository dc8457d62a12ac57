//! What is kept no longer, and what is.

use std::time::Duration;

use cordboard_actors::journal::{Append, Journal};
use cordboard_core::Address;

use super::{Scratch, append, append_to, at, call, key, open, question, record, take};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn ended_calls_go_a_day_later_and_take_everything_along() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    let (ended, live, owing) = (0..300, 300, 301);
    for n in 0..302 {
        let mut first = append(n, 1);
        if n == owing {
            first.record.effects = vec![question("goodbye")];
        }
        take(&journal, first).await.unwrap();
        let terminal = n != live;
        take(
            &journal,
            Append {
                terminal,
                ..append(n, 2)
            },
        )
        .await
        .unwrap();
    }
    assert_eq!(journal.sweep(at(2) + DAY).await, Ok(0), "not yet");
    assert_eq!(journal.sweep(at(3) + DAY).await, Ok(600));
    for n in ended {
        assert!(journal.load(&call(n)).await.unwrap().is_none());
        assert_eq!(journal.history(&call(n)).await.unwrap(), []);
        assert!(!journal.contains(&format!("event-{}-1", call(n)).as_str().into()));
    }
    for n in [live, owing] {
        assert_eq!(journal.history(&call(n)).await.unwrap().len(), 2);
        assert!(journal.contains(&format!("event-{}-1", call(n)).as_str().into()));
    }
    journal.settle(key(&call(owing), 1, 0));
    assert_eq!(
        journal.sweep(at(3) + DAY).await,
        Ok(2),
        "its last effect is settled"
    );
    drop(journal);
    let journal = open(scratch.path()).unwrap();
    assert_eq!(journal.counts().open, 1);
    assert_eq!(take(&journal, append(0, 1)).await, Ok(1), "the id may come again");
}

#[tokio::test]
async fn a_room_keeps_its_last_record_and_goes_on_counting() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    let room = Address::Conference("demo".into());
    for seq in 1..=450 {
        let mut next = append_to(&room, seq);
        next.terminal = seq == 450;
        if seq > 440 {
            next.record.at = at(seq) + DAY;
        }
        take(&journal, next).await.unwrap();
    }
    assert_eq!(journal.sweep(at(1_000) + DAY).await, Ok(440));
    let kept = journal.history(&room).await.unwrap();
    assert_eq!((kept.len(), kept[0].seq, kept[9].seq), (10, 441, 450));
    let mut later = append_to(&room, 451);
    later.record.at = at(447) + DAY + Duration::from_secs(60 * 60);
    take(&journal, later).await.unwrap();
    let events = journal.load(&room).await.unwrap().unwrap().events;
    let events: Vec<_> = events.iter().map(|(event, _)| event.as_str()).collect();
    let expected = [447, 448, 449, 450, 451].map(|seq| format!("event-conference:demo-{seq}"));
    assert_eq!(events, expected, "of the last hour");
    assert!(!journal.contains(&"event-conference:demo-440".into()));
    assert!(journal.contains(&"event-conference:demo-441".into()));
    assert_eq!(journal.sweep(at(1_000) + DAY * 3).await, Ok(10));
    drop(journal);
    let journal = open(scratch.path()).unwrap();
    assert_eq!(journal.history(&room).await.unwrap().len(), 1);
    assert_eq!(take(&journal, append_to(&room, 452)).await, Ok(452));
    assert_eq!(
        journal.load(&room).await.unwrap().unwrap().last,
        record(&room, 452)
    );
}

#[tokio::test]
async fn a_room_keeps_the_records_of_effects_that_are_not_settled() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    let room = Address::Conference("demo".into());
    for seq in 1..=10 {
        let mut next = append_to(&room, seq);
        if seq == 4 {
            next.record.effects = vec![question("slow")];
        }
        take(&journal, next).await.unwrap();
    }
    assert_eq!(journal.sweep(at(100) + DAY).await, Ok(3));
    assert_eq!(journal.owed().await.unwrap().len(), 1);
}

#[tokio::test]
async fn sweeps_happen_by_themselves() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    take(
        &journal,
        Append {
            terminal: true,
            ..append(1, 1)
        },
    )
    .await
    .unwrap();
    for seq in 1..=1_100 {
        let mut next = append(2, seq);
        next.record.at = at(seq) + DAY * 2;
        take(&journal, next).await.unwrap();
    }
    // Bites come between commits: the next load finds the queue's turn after one.
    let mut left = true;
    for _ in 0..100 {
        left = journal.load(&call(1)).await.unwrap().is_some();
        if !left {
            break;
        }
    }
    assert!(!left, "the ended call is still there");
}

#[tokio::test]
async fn what_somebody_has_yet_to_read_is_kept_a_week_longer_and_no_more() {
    let scratch = Scratch::new();
    let journal = open(scratch.path()).unwrap();
    let over = Append {
        terminal: true,
        ..append(1, 1)
    };
    take(&journal, over).await.unwrap();
    journal.hold_from(at(1));
    assert_eq!(journal.sweep(at(2) + DAY).await, Ok(0), "not read yet");
    assert_eq!(journal.sweep(at(0) + 8 * DAY).await, Ok(0));
    assert_eq!(
        journal.sweep(at(2) + 8 * DAY).await,
        Ok(1),
        "the disk matters more"
    );
    let over = Append {
        terminal: true,
        ..append(2, 1)
    };
    take(&journal, over).await.unwrap();
    journal.hold_from(at(2));
    assert_eq!(journal.sweep(at(2) + DAY).await, Ok(1), "read");
}
