//! Opening: directory, lock, database, checks, in this order. Ends with a writer that may run, or with the reason why
//! not.
//!
//! Called once per journal. Nothing is repaired or dropped here, apart from what SQLite's own recovery cuts off: a
//! commit that was never finished.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use cordboard_observability::metrics::Metrics;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::ballast::Ballast;
use super::books::Books;
use super::check;
use super::directory::{Directory, FILE_MODE, refused};
use super::fault::{FaultHook, OpenError};
use super::flows::FlowShelf;
use super::identity;
use super::mark::Mark;
use super::migration;
use super::retention::Sweeper;
use super::schema::{COPY_LOG, FORMAT, OLDEST_SQLITE, SET_UP, SET_UP_READER};
use super::settings::JournalSettings;
use super::volume::Volume;
use super::writer::{Figures, Request, Writer, is_full};

/// What every SQLite database begins with.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Readers wait this long for a lock that a starting or ending connection holds for a moment.
const BUSY: Duration = Duration::from_secs(5);
/// Distinct statements of the writer, with room.
const STATEMENTS: usize = 64;

/// Opens everything; the inbox is the writer's end of the queue.
pub(super) fn open(
    settings: &JournalSettings,
    metrics: Metrics,
    on_fault: FaultHook,
    inbox: Receiver<Request>,
    figures: Arc<Figures>,
) -> Result<Writer, OpenError> {
    check_engine()?;
    let directory = Directory::open(&settings.directory)?;
    let mut ballast = Ballast::new(directory.ballast(), settings.ballast_bytes);
    let opened = open_database(&directory, settings);
    let Opened {
        connection,
        mark,
        books,
        flows,
        salt,
    } = match opened {
        Err(OpenError::Full { .. }) if ballast.in_place() && settings.ballast_bytes > 0 => {
            ballast.release();
            open_database(&directory, settings)?
        }
        opened => opened?,
    };
    ballast.lay();
    if !ballast.in_place() {
        let (path, bytes) = (settings.directory.display(), settings.ballast_bytes);
        tracing::error!(%path, bytes, "the disk has no room for the journal's ballast: new calls are refused; make room");
    }
    directory.sync()?;
    figures
        .full
        .store(!ballast.in_place(), std::sync::atomic::Ordering::Relaxed);
    let mut volume = Volume::new(&settings.directory, settings.disk);
    figures.take_only(volume.look(&metrics));
    let sweeper = Sweeper::new(Arc::clone(&figures));
    let writer = Writer {
        connection,
        books,
        salt,
        inbox,
        settings: settings.clone(),
        metrics,
        figures,
        mark,
        ballast,
        volume,
        sweeper,
        on_fault,
        settles: Vec::new(),
        flows,
        log_bytes: 0,
        stopped: None,
        directory,
    };
    writer.publish();
    Ok(writer)
}

/// A connection that reads beside the writer.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let reader = Connection::open_with_flags(path, flags)?;
        reader.busy_timeout(BUSY)?;
        reader.execute_batch(SET_UP_READER)?;
        Ok(reader)
    };
    open().map_err(|error| classed(path, "opened for reading", error))
}

/// The SQLite in this build.
///
/// # Errors
/// When it is one that can lose records.
pub fn sqlite_version() -> Result<&'static str, OpenError> {
    check_engine()?;
    Ok(rusqlite::version())
}

fn check_engine() -> Result<(), OpenError> {
    let (number, needed) = OLDEST_SQLITE;
    if rusqlite::version_number() >= number {
        return Ok(());
    }
    let found = rusqlite::version().to_owned();
    Err(OpenError::Engine { found, needed })
}

struct Opened {
    connection: Connection,
    mark: Mark,
    books: Books,
    flows: FlowShelf,
    salt: u64,
}

fn open_database(directory: &Directory, settings: &JournalSettings) -> Result<Opened, OpenError> {
    let path = directory.database();
    prepare_file(&path)?;
    let (mark, acknowledged) = Mark::open(&directory.mark())?;
    let acknowledged = acknowledged.unwrap_or(0);
    let connection = connect(&path, settings).map_err(|error| classed(&path, "opened", error))?;
    if is_empty(&connection).map_err(|error| classed(&path, "read", error))? {
        if acknowledged > 0 {
            return Err(OpenError::Lost {
                path,
                found: 0,
                acknowledged,
            });
        }
        identity::create(&connection).map_err(|error| classed(&path, "begun", error))?;
    }
    let (books, flows, salt) = inspect(&connection, &path, acknowledged, settings)?;
    // A process that was killed may have left a commit that is whole but was never synced: what is acted upon from
    // here on must be on disk.
    connection
        .query_row(COPY_LOG, [], |_| Ok(()))
        .map_err(|error| classed(&path, "synced", error))?;
    mark.set(books.position.cast_unsigned())
        .map_err(|source| refused(&directory.mark(), "written", source))?;
    Ok(Opened {
        connection,
        mark,
        books,
        flows,
        salt,
    })
}

/// Whether it is ours and whole. An older format becomes this build's in the same transaction, so that a journal that
/// is refused stays what it was.
fn inspect(
    connection: &Connection,
    path: &Path,
    acknowledged: u64,
    settings: &JournalSettings,
) -> Result<(Books, FlowShelf, u64), OpenError> {
    let unread = |error| classed(path, "read", error);
    let identity = identity::check(connection, path)?;
    let transaction = connection.unchecked_transaction().map_err(unread)?;
    let books = check::books(&transaction, path)?;
    let found = books.position.cast_unsigned();
    if found < acknowledged {
        let path = path.to_owned();
        return Err(OpenError::Lost {
            path,
            found,
            acknowledged,
        });
    }
    if identity.format < FORMAT {
        migration::migrate(&transaction, identity.format)
            .map_err(|error| classed(path, "brought to this build's format", error))?;
        tracing::info!(
            from = identity.format,
            to = FORMAT,
            "the journal has a newer format now"
        );
    }
    let thorough = fs::metadata(path).is_ok_and(|file| file.len() <= settings.full_check_bytes);
    check::content(&transaction, path, &books, thorough)?;
    let flows = FlowShelf::read(&transaction).map_err(unread)?;
    // Finds a read-only file before the first call does.
    books
        .write(&transaction)
        .and_then(|()| transaction.commit())
        .map_err(|error| classed(path, "written", error))?;
    Ok((books, flows, identity.salt))
}

/// Makes the file when it is missing, readable for nobody else; a file that is there must begin as a database.
fn prepare_file(path: &Path) -> Result<(), OpenError> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path);
    let file = opened.map_err(|source| refused(path, "opened", source))?;
    let mut head = Vec::new();
    file.take(SQLITE_MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(|source| refused(path, "read", source))?;
    if head.is_empty() || head == SQLITE_MAGIC {
        return Ok(());
    }
    Err(OpenError::Foreign {
        path: path.to_owned(),
        why: "it does not begin like an SQLite database".into(),
    })
}

fn connect(path: &Path, settings: &JournalSettings) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(SET_UP)?;
    if let Some(bytes) = settings.max_bytes {
        let page: u64 = connection
            .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?
            .into();
        connection.execute_batch(&format!("PRAGMA max_page_count = {}", bytes / page))?;
    }
    Ok(connection)
}

/// Whether nothing was made in it yet: a new file, or a first start that was killed.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

pub(super) fn damaged(path: &Path, why: String) -> OpenError {
    let path = path.to_owned();
    OpenError::Damaged { path, why }
}

/// Classes what SQLite said while opening.
pub(super) fn classed(path: &Path, action: &'static str, error: rusqlite::Error) -> OpenError {
    let to = path.to_owned();
    if is_full(&error) {
        return OpenError::Full { path: to };
    }
    match &error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::NotADatabase => OpenError::Foreign {
                path: to,
                why: error.to_string(),
            },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                OpenError::ReadOnly {
                    path: to,
                    source: None,
                }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => OpenError::Locked { path: to },
            ErrorCode::DatabaseCorrupt | ErrorCode::Unknown | ErrorCode::SchemaChanged => {
                damaged(path, error.to_string())
            }
            _ => OpenError::Io {
                path: to,
                action,
                source: Box::new(error),
            },
        },
        // A column of another type, text that is no text, a row that is not there.
        _ => damaged(path, error.to_string()),
    }
}
