//! The durable journal: SQLite behind one writer thread with group commit.
//!
//! The wiring opens a [`SqliteJournal`] and hands it to the actors as their `Journal`; the command line turns an
//! [`OpenError`] into an exit code. No rule of telephony, no HTTP and no carrier may be known here, and no other room
//! may read these tables.
//!
//! # Files in the data directory
//!
//! | file | what |
//! |---|---|
//! | `lock` | locked while a process has the directory; holds its pid |
//! | `journal.sqlite`, `-wal`, `-shm` | the database, its log, the log's index |
//! | `mark` | position of the last record that was reported as durable |
//! | `ballast` | room for the ends of calls on a full disk |
//!
//! # Tables of `journal.sqlite`
//!
//! | table | one row per | columns |
//! |---|---|---|
//! | `meta` | fact | `format`, `created` (seconds), `created_by`, `salt` of command ids, `crc` |
//! | `books` | journal | `position` of the last record; counts and digests of live entities and unsettled effects |
//! | `entities` | address | `kind`, `first` and `seq` (oldest kept and last record), `incarnation`, `terminal`, `deadline`, `handles` (JSON), `updated`, `crc`, `flow` (hash) |
//! | `records` | transition | `position`, `entity`, `seq`, `at`, `incarnation`, `format`, `crc`, `event`, `receipt`, `trace_parent`, `cause` and `effects` (JSON), `state` |
//! | `events` | carrier event | `event`, and the `entity` and `seq` of the first record that contains it |
//! | `flows` | flow file that calls follow | `hash`, `crc`, `bytes` |
//! | `unsettled` | unsettled effect | `entity`, `seq`, `idx` |
//!
//! Times are microseconds since the epoch. The checksums are CRC32 over every field with its length. `docs/journal.md`
//! says the same for people who read the file while it is in use.

mod archive;
mod ballast;
mod batch;
mod books;
mod check;
mod directory;
mod fault;
mod flows;
mod identity;
mod mark;
mod migration;
mod opening;
mod reader;
mod retention;
mod row;
mod schema;
mod settings;
mod statements;
mod volume;
mod writer;

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_actors::journal::{
    Append, AppendError, Browse, Browsed, EffectKey, Journal, JournalCounts, Loaded, Owed, Record, Sleeper,
    Takes,
};
use cordboard_core::{Address, EventId, Timestamp};
use cordboard_observability::metrics::Metrics;
use tokio::sync::oneshot;

pub use archive::Archive;
pub use fault::{FAULT_EXIT_CODE, Fault, FaultHook, OpenError, exit_on_fault};
pub use opening::sqlite_version;
pub use settings::JournalSettings;
pub use volume::DiskAlarms;

use reader::Reader;
use row::{Encoded, masked};
use statements::LoadedRows;
use writer::{Figures, Request};

/// A journal on disk. Dropping it writes what is queued, copies the log and gives the directory free.
pub struct SqliteJournal {
    requests: RwLock<Option<Sender<Request>>>,
    writer: Option<JoinHandle<()>>,
    reader: Reader,
    figures: Arc<Figures>,
    metrics: Metrics,
    salt: u64,
}

impl SqliteJournal {
    /// Opens the journal in `settings.directory`, makes one if there is none, and starts its writer. Listeners of
    /// appends run on the writer's thread, inside the tokio runtime that is current here, if one is.
    ///
    /// # Errors
    /// Says what is wrong, where, and what to do; nothing was changed then.
    pub fn open(
        settings: &JournalSettings,
        metrics: Metrics,
        on_fault: FaultHook,
    ) -> Result<Self, OpenError> {
        let (requests, inbox) = channel();
        let figures = Arc::new(Figures::default());
        let writer = opening::open(settings, metrics.clone(), on_fault, inbox, Arc::clone(&figures))?;
        let (database, salt) = (writer.directory.database(), writer.salt);
        let reader = Reader::open(&database)?;
        let runtime = tokio::runtime::Handle::try_current().ok();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || {
                let _inside = runtime.as_ref().map(tokio::runtime::Handle::enter);
                writer.run();
            })
            .map_err(|source| directory::refused(&database, "given a writer", source))?;
        Ok(Self {
            requests: RwLock::new(Some(requests)),
            writer: Some(thread),
            reader,
            figures,
            metrics,
            salt,
        })
    }

    /// Whether the disk is full: new entities are refused, live ones go on as long as the ballast's place lasts.
    pub fn is_full(&self) -> bool {
        self.figures.full.load(Ordering::Relaxed)
    }

    fn ask(&self, request: Request) -> Result<(), Box<Request>> {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        match requests.as_ref() {
            Some(requests) => requests.send(request).map_err(|refused| Box::new(refused.0)),
            None => Err(Box::new(request)),
        }
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        *self.requests.write().unwrap_or_else(PoisonError::into_inner) = None;
        // The last owner may be a listener, on the writer's own thread: that cannot wait for itself.
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
            && writer.join().is_err()
        {
            tracing::error!("the journal's writer ended with a panic");
        }
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    fn append(&self, append: Append) {
        let encoded =
            Encoded::of(&append).map_err(|error| format!("the record cannot be written as JSON: {error}"));
        self.metrics.journal.queued.inc();
        if let Err(refused) = self.ask(Request::Append(Box::new(append), encoded)) {
            self.metrics.journal.queued.dec();
            if let Request::Append(append, _) = *refused {
                (append.done)(Err(&stopped()));
            }
        }
    }

    fn settle(&self, effect: EffectKey) {
        if self.ask(Request::Settle(effect)).is_err() {
            tracing::warn!("the journal has stopped; the next start asks the carrier about this effect");
        }
    }

    async fn load(&self, address: &Address) -> Result<Option<Loaded>, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Load(address.clone(), reply))
            .map_err(|_| stopped())?;
        let rows = answer.await.map_err(|_| stopped())?;
        match rows.map_err(AppendError::Unavailable)? {
            Some(rows) => loaded(address, rows).map(Some),
            None => Ok(None),
        }
    }

    async fn sleepers(&self) -> Result<Vec<Sleeper>, AppendError> {
        self.reader.sleepers().await
    }

    async fn owed(&self) -> Result<Vec<Owed>, AppendError> {
        self.reader.owed().await
    }

    async fn history(&self, address: &Address) -> Result<Vec<Record>, AppendError> {
        self.reader.history(address).await
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Vec<(u64, Record)>, AppendError> {
        self.reader.since(position, limit).await
    }

    fn keep_flow(&self, hash: &str, bytes: Bytes) {
        if self.ask(Request::KeepFlow(hash.to_owned(), bytes)).is_err() {
            tracing::warn!(
                hash,
                "the journal has stopped; this flow is not kept, and no call can begin"
            );
        }
    }

    async fn flow(&self, hash: &str) -> Result<Option<Bytes>, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Flow(hash.to_owned(), reply))
            .map_err(|_| stopped())?;
        let found = answer.await.map_err(|_| stopped())?;
        found.map_err(AppendError::Unavailable)
    }

    async fn browse(&self, page: Browse) -> Result<Vec<Browsed>, AppendError> {
        self.reader.browse(page).await
    }

    fn takes(&self) -> Takes {
        if self.is_full() {
            return Takes::CleanUpOnly;
        }
        Figures::takes(&self.figures)
    }

    /// In bites between the commits: calls that were over, and settled, for longer than the retention, and as old
    /// records of rooms.
    async fn sweep(&self, now: Timestamp) -> Result<u64, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Sweep(now, reply)).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    fn hold_from(&self, time: Timestamp) {
        self.figures.held_from.store(time.as_micros(), Ordering::Relaxed);
    }

    fn contains(&self, event: &EventId) -> bool {
        self.reader.contains(event)
    }

    fn salt(&self) -> u64 {
        self.salt
    }

    fn counts(&self) -> JournalCounts {
        JournalCounts {
            records: self.figures.records.load(Ordering::Relaxed),
            open: self.figures.open.load(Ordering::Relaxed),
            unsettled: self.figures.unsettled.load(Ordering::Relaxed),
        }
    }
}

fn stopped() -> AppendError {
    AppendError::Unavailable("the writer has stopped".into())
}

fn loaded(address: &Address, rows: LoadedRows) -> Result<Loaded, AppendError> {
    let damaged = |what: String| AppendError::Unavailable(format!("the journal is damaged: {what}"));
    let whose = || masked(&rows.entity.address);
    if rows.entity.crc != rows.entity.fitting_crc() {
        return Err(damaged(format!(
            "the checksum of the entry of {} does not fit",
            whose()
        )));
    }
    let Some(last) = rows.last else {
        return Err(damaged(format!(
            "record {} of {} is missing",
            rows.entity.seq,
            whose()
        )));
    };
    let last = last
        .into_record(address)
        .map_err(|error| damaged(error.to_string()))?;
    let answer = |(event, receipt): (String, Option<Vec<u8>>)| {
        (EventId::new(event), receipt.map(Bytes::from).unwrap_or_default())
    };
    let events = rows.events.into_iter().map(answer).collect();
    let terminal = rows.entity.terminal;
    Ok(Loaded {
        last,
        events,
        terminal,
    })
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqliteJournal")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
