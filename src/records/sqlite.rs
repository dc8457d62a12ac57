//! The books in SQLite: `records.sqlite` beside the journal, a file of its own so that whoever reads, locks or damages it
//! can never hold up a call (docs/decisions says more).
//!
//! `synchronous=NORMAL`: rows and cursor are in one transaction, so a power cut takes the last of both away, and they
//! are made again from the journal.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cordboard_core::Timestamp;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, TransactionBehavior, params_from_iter};

use super::change::{Change, Value, iso};
use super::kpis::{Choices, Kpis, KpisOfDay};
use super::schema::{CREATE, Dialect, FORMAT, POSITION_INDEXES, VIEWS};
use super::statements as sql;
use super::{Batch, Books, BooksError, Cursor};

/// Name of the file in the journal's directory.
const FILE_NAME: &str = "records.sqlite";
/// Numbers of callers are in it: nobody but its owner looks in.
const FILE_MODE: u32 = 0o600;
/// People with `sqlite3` may hold a lock for a moment.
const BUSY: Duration = Duration::from_secs(5);
/// Distinct statements, with room.
const STATEMENTS: usize = 64;

const SET_UP: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 16777216;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
";

/// A database file of rows.
pub struct SqliteBooks {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
}

impl std::fmt::Debug for SqliteBooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteBooks").field("path", &self.path).finish()
    }
}

impl SqliteBooks {
    /// Opens `records.sqlite` in this directory, and makes it when it is missing.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn open(directory: &Path) -> Result<Self, BooksError> {
        let path = directory.join(FILE_NAME);
        let unusable = |why: String| BooksError::Unavailable(format!("{}: {why}", path.display()));
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|error| unusable(error.to_string()))?;
        let connection = Connection::open(&path).map_err(|error| unusable(error.to_string()))?;
        set_up(&connection).map_err(|error| match error {
            BooksError::Unavailable(why) => unusable(why),
            other => other,
        })?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path,
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, BooksError> + Send + 'static,
    ) -> Result<T, BooksError> {
        let connection = Arc::clone(&self.connection);
        let working = tokio::task::spawn_blocking(move || {
            // A panic cannot leave a transaction half done: dropping it rolls it back.
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        working
            .await
            .map_err(|error| BooksError::Unavailable(format!("the work was broken off: {error}")))?
    }
}

impl From<rusqlite::Error> for BooksError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

fn set_up(connection: &Connection) -> Result<(), BooksError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(SET_UP)?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let has_meta: bool = transaction.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'records_meta'",
        [],
        |row| row.get(0),
    )?;
    let found: Option<i64> = if has_meta {
        let format = "SELECT value FROM records_meta WHERE name = 'format'";
        transaction.query_row(format, [], |row| row.get(0)).optional()?
    } else {
        None
    };
    if let Some(found) = found.filter(|found| *found > FORMAT) {
        return Err(BooksError::Newer { found, known: FORMAT });
    }
    transaction.execute_batch(&Dialect::Sqlite.render(CREATE))?;
    for table in POSITION_INDEXES {
        transaction.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS {table}_position ON {table} (journal, position)"
        ))?;
    }
    for (name, _) in VIEWS.iter().rev() {
        transaction.execute_batch(&format!("DROP VIEW IF EXISTS {name}"))?;
    }
    for (name, query) in VIEWS {
        let query = Dialect::Sqlite.render(query);
        transaction.execute_batch(&format!("CREATE VIEW {name} AS {query}"))?;
    }
    transaction.execute(
        "INSERT OR IGNORE INTO records_meta VALUES ('format', ?1)",
        [FORMAT],
    )?;
    transaction.commit()?;
    Ok(())
}

#[async_trait]
impl Books for SqliteBooks {
    async fn cursor(&self, salt: u64) -> Result<Cursor, BooksError> {
        let salt = format!("{salt:016x}");
        self.with(move |connection| {
            let find = |connection: &Connection| {
                connection
                    .prepare_cached(&numbered(sql::CURSOR))?
                    .query_row([&salt], |row| {
                        Ok(Cursor {
                            journal: row.get(0)?,
                            position: row.get::<_, i64>(1)?.cast_unsigned(),
                            anew_until: row.get::<_, i64>(2)?.cast_unsigned(),
                        })
                    })
                    .optional()
            };
            if let Some(cursor) = find(connection)? {
                return Ok(cursor);
            }
            connection.execute(&numbered(sql::REGISTER), [&salt])?;
            find(connection)?.ok_or_else(|| BooksError::Unavailable("the cursor cannot be made".into()))
        })
        .await
    }

    async fn write(&self, from: Cursor, batch: &Batch) -> Result<(), BooksError> {
        let batch = batch.clone();
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let moved = transaction.prepare_cached(&numbered(sql::MOVE))?.execute([
                from.journal,
                from.position.cast_signed(),
                batch.upto.cast_signed(),
            ])?;
            if moved == 0 {
                return Err(BooksError::Moved);
            }
            for change in &batch.changes {
                apply(&transaction, from.journal, change)?;
            }
            transaction.commit()?;
            Ok(())
        })
        .await
    }

    async fn begin_anew(&self, salt: Option<u64>) -> Result<(), BooksError> {
        let salt = salt.map(|salt| format!("{salt:016x}"));
        self.with(move |connection| {
            connection.execute(&numbered(sql::BEGIN_ANEW), [salt])?;
            Ok(())
        })
        .await
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, BooksError> {
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (before, mut gone) = (iso(before), 0);
            for group in sql::FORGET {
                for (index, statement) in group.iter().enumerate() {
                    let rows = transaction
                        .prepare_cached(&numbered(statement))?
                        .execute([&before])?;
                    if index + 1 == group.len() {
                        gone += rows as u64;
                    }
                }
            }
            transaction.commit()?;
            Ok(gone)
        })
        .await
    }

    async fn kpis(&self, since: Timestamp) -> Result<Kpis, BooksError> {
        let day: String = iso(since).chars().take(10).collect();
        self.with(move |connection| kpis(connection, day)).await
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

fn apply(transaction: &Transaction<'_>, journal: i64, change: &Change) -> rusqlite::Result<()> {
    let journal = Value::Number(Some(journal));
    let values = std::iter::once(&journal).chain(&change.values);
    transaction
        .prepare_cached(&numbered(change.sql))?
        .execute(params_from_iter(values))?;
    Ok(())
}

fn kpis(connection: &Connection, day: String) -> Result<Kpis, BooksError> {
    let mut statement = connection.prepare(&numbered(sql::DAYS))?;
    let days = statement.query_map([&day], |row| {
        Ok(KpisOfDay {
            day: row.get(0)?,
            flow: row.get(1)?,
            calls: row.get(2)?,
            answered: row.get(3)?,
            with_choice: row.get(4)?,
            transfers_tried: row.get(5)?,
            transfers_bridged: row.get(6)?,
            mean_time_to_transfer_ms: row.get(7)?,
        })
    })?;
    let days = days.collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare(&numbered(sql::CHOICES))?;
    let choices = statement.query_map([&day], |row| {
        Ok(Choices {
            flow: row.get(0)?,
            step: row.get(1)?,
            choice: row.get(2)?,
            times: row.get(3)?,
        })
    })?;
    let choices = choices.collect::<rusqlite::Result<_>>()?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let transferred = connection.query_row(&numbered(sql::TIME_TO_TRANSFER), [&day], read)?;
    Ok(Kpis::of(day, days, choices, transferred))
}

/// `$1` is Postgres' way; SQLite would take it for a name and number it by its place.
fn numbered(statement: &str) -> String {
    statement.replace('$', "?")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Truth(truth) => truth.to_sql(),
            Self::Time(time) => Ok(ToSqlOutput::from(iso(*time))),
        }
    }
}
