//! What was set aside, on disk: `quarantine.sqlite` in the data directory, one table, readable with `sqlite3`.
//!
//! | column of `set_aside` | what |
//! |---|---|
//! | `id` | counts up |
//! | `at` | when, microseconds since the epoch |
//! | `kind` | `webhook` (made no sense), `input` (panicked twice, or contradicts another), `entity` (cannot be run) |
//! | `reason` | a bounded word: `not_json`, `panic`, `torn_ownership`, `other_content`, … |
//! | `address` | whom it was for |
//! | `key` | by what it is recognised when it comes again |
//! | `place` | file and line of the panic |
//! | `raw` | the bytes as received; of an input that never had any, the input as JSON |
//!
//! The bytes hold numbers and digits: the file is its owner's alone, and nothing of it is ever logged.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cordboard_actors::ports::Quarantine;
use cordboard_actors::quarantine::{Item, Kind, NotKept, SetAside, shown};
use rusqlite::{Connection, Row, params};
use thiserror::Error;

/// Its owner's alone.
const FILE_MODE: u32 = 0o600;
/// Items of one kind; the oldest go. At a body of 256 KiB each, the most that a door lets in, this is half a gigabyte.
const MOST_OF_A_KIND: i64 = 2_000;

const SET_UP: &str = "
PRAGMA synchronous = FULL;
PRAGMA trusted_schema = OFF;
PRAGMA busy_timeout = 5000;
CREATE TABLE IF NOT EXISTS set_aside (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    address TEXT,
    key TEXT,
    place TEXT,
    raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS set_aside_kind ON set_aside (kind, id);
";
const INSERT: &str = "INSERT INTO set_aside (at, kind, reason, address, key, place, raw) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const FORGET: &str = "DELETE FROM set_aside WHERE kind = ?1 AND id <= \
                      (SELECT id FROM set_aside WHERE kind = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
const KEYS: &str = "SELECT key FROM set_aside WHERE kind = ?1 AND key IS NOT NULL";
const LIST: &str = "SELECT id, at, kind, reason, address, key, place, length(raw) FROM set_aside \
                    WHERE id < ?1 ORDER BY id DESC LIMIT ?2";

/// The quarantine on disk.
#[derive(Clone, Debug)]
pub struct QuarantineFile(Arc<Mutex<Connection>>);

/// Why the quarantine does not open.
#[derive(Debug, Error)]
#[error("the quarantine {} cannot be opened: make the data directory writable", path.display())]
pub struct QuarantineError {
    path: PathBuf,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl QuarantineFile {
    /// Opens `quarantine.sqlite` in the data directory, which exists and is ours. One that is damaged is put beside
    /// and a new one begun: a curiosity of last week must not keep calls from being served.
    ///
    /// # Errors
    /// When there can be no such file.
    pub fn open(directory: &Path) -> Result<Self, QuarantineError> {
        let path = directory.join("quarantine.sqlite");
        let refused = |source| QuarantineError {
            path: path.clone(),
            source,
        };
        let connection = match connect(&path) {
            Ok(connection) => connection,
            Err(error) => {
                let beside = directory.join("quarantine.sqlite.damaged");
                std::fs::rename(&path, &beside).map_err(|_| refused(error.into()))?;
                tracing::error!(path = %beside.display(), "the quarantine was damaged; it is put beside, a new one is begun");
                connect(&path).map_err(|error| refused(error.into()))?
            }
        };
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, NotKept> {
        let shelf = Arc::clone(&self.0);
        let worked = tokio::task::spawn_blocking(move || {
            let mut connection = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection)
        });
        match worked.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(NotKept(error.to_string())),
            Err(error) => Err(NotKept(error.to_string())),
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Made first, so that it is never readable for anybody else.
    let _ = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(FILE_MODE)
        .open(path);
    let connection = Connection::open(path)?;
    connection.execute_batch(SET_UP)?;
    Ok(connection)
}

#[async_trait]
impl Quarantine for QuarantineFile {
    async fn keep(&self, item: SetAside) -> Result<(), NotKept> {
        tracing::warn!(
            kind = item.kind.label(),
            reason = item.reason,
            bytes = item.raw.len(),
            "something is set aside; GET /api/v1/quarantine lists it"
        );
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            transaction.prepare_cached(INSERT)?.execute(params![
                item.at.as_micros().cast_signed(),
                item.kind.label(),
                item.reason,
                item.address.as_ref().map(shown),
                item.key,
                item.place,
                &item.raw[..],
            ])?;
            transaction
                .prepare_cached(FORGET)?
                .execute(params![item.kind.label(), MOST_OF_A_KIND])?;
            transaction.commit()
        })
        .await
    }

    async fn keys(&self, kind: Kind) -> Result<Vec<String>, NotKept> {
        self.with(move |connection| {
            let mut statement = connection.prepare_cached(KEYS)?;
            let keys = statement.query_map([kind.label()], |row| row.get(0))?;
            keys.collect()
        })
        .await
    }

    async fn list(&self, before: Option<i64>, limit: usize) -> Result<Vec<Item>, NotKept> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(move |connection| {
            let mut statement = connection.prepare_cached(LIST)?;
            let items = statement.query_map([before.unwrap_or(i64::MAX), limit], item)?;
            items.collect()
        })
        .await
    }
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        id: row.get(0)?,
        at_us: row.get::<_, i64>(1)?.cast_unsigned(),
        kind: row.get(2)?,
        reason: row.get(3)?,
        address: row.get(4)?,
        key: row.get(5)?,
        place: row.get(6)?,
        bytes: usize::try_from(row.get::<_, i64>(7)?).unwrap_or_default(),
    })
}

#[cfg(test)]
#[path = "quarantine/tests.rs"]
mod tests;
