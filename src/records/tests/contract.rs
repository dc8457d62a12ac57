//! What every database of the books must do, whichever it is.

use std::sync::Arc;

use cordboard_actors::journal::{Journal, MemoryJournal};
use cordboard_core::Timestamp;

use super::super::{Batch, Books, BooksError};
use super::projector;
use super::story::{self, Dice};

/// Makes books and looks into them past our own code.
pub(super) trait Bench {
    type Place;
    async fn place(&self) -> Self::Place;
    fn open(&self, place: &Self::Place) -> Arc<dyn Books>;
    async fn dump(&self, place: &Self::Place) -> Vec<String>;
    async fn columns(&self, place: &Self::Place, view: &str) -> Vec<String>;
}

pub(super) async fn run<B: Bench>(bench: &B) {
    a_row_says_who_called_whom_and_why_it_ended(bench).await;
    reading_on_after_any_restart_gives_the_same_rows(bench).await;
    making_anew_gives_the_same_rows_and_mends_spoilt_ones(bench).await;
    a_cursor_that_moved_is_noticed(bench).await;
    two_journals_keep_apart(bench).await;
    what_is_over_long_enough_goes_with_all_that_hangs_on_it(bench).await;
    figures_are_those_of_the_facts(bench).await;
    the_views_keep_their_columns(bench).await;
}

async fn written<B: Bench>(bench: &B, journal: &Arc<MemoryJournal>) -> Vec<String> {
    let place = bench.place().await;
    projector(journal, &bench.open(&place)).catch_up().await.unwrap();
    bench.dump(&place).await
}

async fn a_row_says_who_called_whom_and_why_it_ended<B: Bench>(bench: &B) {
    let (journal, _) = story::journal(3, 30).await;
    let rows = written(bench, &journal).await;
    let call = rows
        .iter()
        .find(|row| row.contains("calls|") && row.contains("session-4|"))
        .unwrap();
    for part in [
        "|incoming|+15550000004|+15550100|",
        "|app-1|2023-11-14",
        "|hung_up|",
        "|caller|",
    ] {
        assert!(call.contains(part), "{part} is not in {call}");
    }
    for (table, least) in [
        ("calls|", 30),
        ("legs|", 30),
        ("conferences|", 3),
        ("participants|", 6),
        ("messages|", 16),
        ("message_statuses|", 45),
        ("collected_inputs|", 5),
        ("transfers|", 5),
        ("steps|", 5),
    ] {
        let count = rows.iter().filter(|row| row.starts_with(table)).count();
        assert!(count >= least, "{table} has {count} rows");
    }
}

async fn reading_on_after_any_restart_gives_the_same_rows<B: Bench>(bench: &B) {
    for seed in 1..=3_u64 {
        let all = story::records(seed, 25);
        let (at_once, _) = story::journal(seed, 25).await;
        let expected = written(bench, &at_once).await;
        let journal = Arc::new(MemoryJournal::start());
        let place = bench.place().await;
        let mut dice = Dice::new(seed);
        let mut keeper = projector(&journal, &bench.open(&place));
        for (n, record) in (0..).zip(all) {
            story::append(&*journal, story::time(n), record).await;
            if dice.below(7) == 0 {
                keeper.step().await.unwrap();
            }
            if dice.below(23) == 0 {
                keeper = projector(&journal, &bench.open(&place));
            }
        }
        keeper.catch_up().await.unwrap();
        keeper.catch_up().await.unwrap();
        assert_eq!(bench.dump(&place).await, expected, "seed {seed}");
    }
}

async fn making_anew_gives_the_same_rows_and_mends_spoilt_ones<B: Bench>(bench: &B) {
    let (journal, _) = story::journal(11, 25).await;
    let place = bench.place().await;
    let books = bench.open(&place);
    let mut keeper = projector(&journal, &books);
    keeper.catch_up().await.unwrap();
    let expected = bench.dump(&place).await;
    spoil(&journal, &books).await;
    assert_ne!(bench.dump(&place).await, expected);
    books.begin_anew(Some(journal.salt())).await.unwrap();
    keeper.catch_up().await.unwrap();
    assert_eq!(bench.dump(&place).await, expected);
    let cursor = books.cursor(journal.salt()).await.unwrap();
    assert_eq!(cursor.anew_until, 0, "and is done with it");
}

/// Removes rows behind the projector's back.
async fn spoil(journal: &Arc<MemoryJournal>, books: &Arc<dyn Books>) {
    let cursor = books.cursor(journal.salt()).await.unwrap();
    let changes = super::super::statements::UNMAKE
        .into_iter()
        .flat_map(|sql| {
            (1..40_u64).map(move |position| super::super::Change {
                sql,
                values: vec![super::super::Value::number(position)],
            })
        })
        .collect();
    let upto = cursor.position;
    books.write(cursor, &Batch { upto, changes }).await.unwrap();
}

async fn a_cursor_that_moved_is_noticed<B: Bench>(bench: &B) {
    let place = bench.place().await;
    let books = bench.open(&place);
    let old = books.cursor(1).await.unwrap();
    assert_eq!((old.position, books.cursor(1).await.unwrap()), (0, old));
    let empty = |upto| Batch {
        upto,
        changes: vec![],
    };
    books.write(old, &empty(5)).await.unwrap();
    let refused = books.write(old, &empty(9)).await;
    assert!(matches!(refused, Err(BooksError::Moved)), "{refused:?}");
    let now = books.cursor(1).await.unwrap();
    assert_eq!(now.position, 5);
    books.write(now, &empty(9)).await.unwrap();
}

async fn two_journals_keep_apart<B: Bench>(bench: &B) {
    let place = bench.place().await;
    let books = bench.open(&place);
    let (one, _) = story::journal(5, 10).await;
    let (two, _) = story::journal(5, 10).await;
    projector(&one, &books).catch_up().await.unwrap();
    let alone = bench.dump(&place).await;
    projector(&two, &books).catch_up().await.unwrap();
    let both = bench.dump(&place).await;
    assert_eq!(both.len(), 2 * alone.len());
    books.begin_anew(Some(two.salt())).await.unwrap();
    projector(&two, &books).catch_up().await.unwrap();
    assert_eq!(bench.dump(&place).await, both);
}

async fn what_is_over_long_enough_goes_with_all_that_hangs_on_it<B: Bench>(bench: &B) {
    let (journal, count) = story::journal(13, 20).await;
    let place = bench.place().await;
    let books = bench.open(&place);
    projector(&journal, &books).catch_up().await.unwrap();
    let full = bench.dump(&place).await;
    while books.forget(story::time(0)).await.unwrap() > 0 {}
    assert_eq!(bench.dump(&place).await, full, "nothing was over by then");
    while books.forget(story::time(count as u64 / 2)).await.unwrap() > 0 {}
    let half = bench.dump(&place).await;
    assert!(!half.is_empty() && half.len() < full.len());
    while books.forget(story::time(count as u64 + 1)).await.unwrap() > 0 {}
    let left = bench.dump(&place).await;
    assert_eq!(left, Vec::<String>::new());
}

async fn figures_are_those_of_the_facts<B: Bench>(bench: &B) {
    let (journal, _) = story::journal(17, 40).await;
    let place = bench.place().await;
    let books = bench.open(&place);
    projector(&journal, &books).catch_up().await.unwrap();
    let rows = bench.dump(&place).await;
    let count = |table: &str, part: &str| {
        let fits = |row: &&String| row.starts_with(table) && row.contains(part);
        i64::try_from(rows.iter().filter(fits).count()).unwrap()
    };
    let kpis = books
        .kpis(Timestamp::from_millis(1_699_999_000_000))
        .await
        .unwrap();
    assert_eq!(kpis.calls, 40);
    assert_eq!(
        kpis.with_choice,
        count("steps|", "|gather|1|") + count("steps|", "|gather|2|")
    );
    assert_eq!(kpis.transfers.tried, count("transfers|", ""));
    assert_eq!(kpis.transfers.bridged, count("transfers|", "|bridged|"));
    assert!(kpis.selection_rate > 0.0 && kpis.selection_rate < 1.0, "{kpis:?}");
    assert!(
        kpis.transfers.success > 0.0 && kpis.transfers.success < 1.0,
        "{kpis:?}"
    );
    let mean = kpis.transfers.mean_time_to_transfer_ms.unwrap();
    assert!(mean >= 3_000 && mean % 1_000 < 1_000, "{mean}");
    assert_eq!(
        kpis.choices.iter().map(|c| c.times).sum::<i64>(),
        kpis.with_choice
    );
    assert_eq!(kpis.days.iter().map(|day| day.calls).sum::<i64>(), 40);
    let later = books
        .kpis(Timestamp::from_millis(1_800_000_000_000))
        .await
        .unwrap();
    assert_eq!((later.calls, later.selection_rate), (0, 0.0));
}

/// Whoever changes this breaks what users built on it: add columns at the end, and say so in the changelog.
async fn the_views_keep_their_columns<B: Bench>(bench: &B) {
    let place = bench.place().await;
    bench.open(&place).cursor(1).await.unwrap();
    let log = bench.columns(&place, "call_log").await;
    assert_eq!(
        log.join(" "),
        "call_id direction caller called flow connection began_at answered_at ended_at duration_ms talk_ms end_reason \
         hangup_cause hangup_source"
    );
    let days = bench.columns(&place, "kpis_per_day").await;
    assert_eq!(
        days.join(" "),
        "day flow calls answered with_choice selection_rate transfers_tried transfers_bridged transfer_success \
         mean_time_to_transfer_ms"
    );
    let choices = bench.columns(&place, "menu_choices_per_day").await;
    assert_eq!(choices.join(" "), "day flow step choice times");
}
