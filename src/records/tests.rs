//! Tests of the books: one suite for both databases, and what is special about each.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod contract;
mod killed;
mod server;
mod story;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cordboard_actors::journal::Journal;
use cordboard_observability::metrics::Metrics;

use super::schema::TABLES;
use super::{Books, Privacy, Projector, SqliteBooks};
use contract::Bench;

/// A directory of this test's own, gone with it.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Hundreds of commits: in memory they take no time, on a slow disk minutes.
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        };
        let path = parent.join(format!("cordboard-records-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn projector<J: Journal>(journal: &Arc<J>, books: &Arc<dyn Books>) -> Projector {
    let journal = Arc::clone(journal) as Arc<dyn Journal>;
    Projector::new(journal, Arc::clone(books), Privacy::Full, Metrics::default())
}

/// Every row of every table as text, as somebody with `sqlite3` would see it; the journal's number and cursor apart.
pub(super) fn dump(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut rows = Vec::new();
    for table in TABLES {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let fields: Vec<String> = (0..columns)
                .map(|column| match row.get_ref(column).unwrap() {
                    rusqlite::types::ValueRef::Null => "-".to_owned(),
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    rusqlite::types::ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                    other => panic!("no column has {other:?}"),
                })
                .collect();
            rows.push(format!("{table}|{}", fields.join("|")));
        }
    }
    rows.sort();
    rows
}

/// Books in a file.
struct Files;

impl Bench for Files {
    type Place = Scratch;

    async fn place(&self) -> Scratch {
        Scratch::new()
    }

    fn open(&self, place: &Scratch) -> Arc<dyn Books> {
        Arc::new(SqliteBooks::open(place.path()).unwrap())
    }

    async fn dump(&self, place: &Scratch) -> Vec<String> {
        dump(&place.path().join("records.sqlite"))
    }

    async fn columns(&self, place: &Scratch, view: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(place.path().join("records.sqlite")).unwrap();
        let statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        statement.column_names().map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_in_a_file_keep_the_contract() {
    contract::run(&Files).await;
}

#[tokio::test]
async fn only_its_owner_may_read_the_file_and_a_newer_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Scratch::new();
    drop(SqliteBooks::open(place.path()).unwrap());
    let file = place.path().join("records.sqlite");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute("UPDATE records_meta SET value = 99 WHERE name = 'format'", [])
        .unwrap();
    let refused = SqliteBooks::open(place.path()).unwrap_err().to_string();
    assert!(refused.contains("format 99"), "{refused}");
    std::fs::write(&file, "no database at all, but long enough to be looked at").unwrap();
    let refused = SqliteBooks::open(place.path()).unwrap_err().to_string();
    assert!(refused.contains("records.sqlite"), "{refused}");
}

#[tokio::test]
async fn a_reader_with_a_lock_holds_up_the_books_and_nobody_else() {
    let place = Scratch::new();
    let books: Arc<dyn Books> = Arc::new(SqliteBooks::open(place.path()).unwrap());
    let (journal, _) = story::journal(7, 40).await;
    let user = rusqlite::Connection::open(place.path().join("records.sqlite")).unwrap();
    user.execute_batch("BEGIN; SELECT count(*) FROM calls;").unwrap();
    projector(&journal, &books).catch_up().await.unwrap();
    let seen: i64 = user
        .query_row("SELECT count(*) FROM calls", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        seen, 0,
        "a reader sees what was there when it began, and hinders no row"
    );
}
