//! The writer: the one thread that owns the writing connection. It commits what is queued as one transaction, reports
//! in commit order, and in between copies the log, sweeps what is over and looks after the ballast.
//!
//! Started by the opening, ends when the journal is dropped. Nothing may be awaited here, and no other thread writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordboard_actors::journal::{Append, EffectKey, Takes};
use cordboard_core::{Address, Timestamp};
use cordboard_observability::metrics::Metrics;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::ballast::Ballast;
use super::batch::{Batch, FlowReply, LoadReply};
use super::books::Books;
use super::directory::Directory;
use super::fault::{Fault, FaultHook};
use super::flows::FlowShelf;
use super::mark::Mark;
use super::retention::Sweeper;
use super::row::Encoded;
use super::schema::{COPY_LOG, EMPTY_LOG};
use super::settings::JournalSettings;
use super::statements;
use super::volume::Volume;

/// Silence after which the log is copied, so that a start after a quiet hour has nothing to recover.
const QUIET: Duration = Duration::from_millis(500);
/// Pages that one record changes beside its own bytes: entity, indexes, events, unsettled; 4 KiB each.
const PAGES_PER_RECORD: u64 = 5 * 4096;

/// What the writer is asked.
pub(super) enum Request {
    /// Take a record; its text if it could be encoded.
    Append(Box<Append>, Result<Encoded, String>),
    /// An effect is settled.
    Settle(EffectKey),
    /// Read an entity as it is after everything before this request.
    Load(Address, LoadReply),
    /// Keep a flow file under its hash.
    KeepFlow(String, Bytes),
    /// Read a flow file.
    Flow(String, FlowReply),
    /// Forget what was over before this time; answers with the rows that went.
    Sweep(Timestamp, oneshot::Sender<u64>),
}

/// What everybody may read.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) records: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) unsettled: AtomicU64,
    /// The ballast is out.
    pub(super) full: AtomicBool,
    /// A [`Takes`], as a number.
    takes: AtomicU8,
    /// Records from this time on, microseconds, are still to be read by somebody; 0: nobody reads.
    pub(super) held_from: AtomicU64,
}

impl Figures {
    /// What the disk allows.
    pub(super) fn takes(&self) -> Takes {
        match self.takes.load(Ordering::Relaxed) {
            0 => Takes::Everything,
            1 => Takes::NoNewCalls,
            _ => Takes::CleanUpOnly,
        }
    }

    pub(super) fn take_only(&self, takes: Takes) {
        let number = match takes {
            Takes::Everything => 0,
            Takes::NoNewCalls => 1,
            Takes::CleanUpOnly => 2,
        };
        self.takes.store(number, Ordering::Relaxed);
    }
}

/// The writer's belongings. The fields are dropped in this order: the lock goes last.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) books: Books,
    /// Of this journal, for [`super::SqliteJournal`].
    pub(super) salt: u64,
    pub(super) inbox: Receiver<Request>,
    pub(super) settings: JournalSettings,
    pub(super) metrics: Metrics,
    pub(super) figures: Arc<Figures>,
    pub(super) mark: Mark,
    pub(super) ballast: Ballast,
    pub(super) volume: Volume,
    pub(super) sweeper: Sweeper,
    pub(super) on_fault: FaultHook,
    /// Settlements of a commit that failed: nobody offers them again.
    pub(super) settles: Vec<EffectKey>,
    pub(super) flows: FlowShelf,
    /// Log since it was last copied, estimated.
    pub(super) log_bytes: u64,
    /// Why nothing is taken any more.
    pub(super) stopped: Option<String>,
    pub(super) directory: Directory,
}

/// How waiting for requests ended.
enum Waited {
    Came(Request),
    Quiet,
    Closed,
}

impl Writer {
    /// Works until every sender is gone, then copies the log.
    pub(super) fn run(mut self) {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            loop {
                match self.wait() {
                    Waited::Came(first) => {
                        let batch = self.gather(first);
                        self.write(batch);
                    }
                    Waited::Quiet => {}
                    Waited::Closed => break,
                }
                self.tidy();
            }
            self.log_bytes += 1;
            self.copy_log(EMPTY_LOG);
        }));
        if ended.is_err() {
            self.fail("the writer panicked".into());
        }
    }

    fn wait(&self) -> Waited {
        if self.sweeper.due() {
            return match self.inbox.try_recv() {
                Ok(request) => Waited::Came(request),
                Err(TryRecvError::Empty) => Waited::Quiet,
                Err(TryRecvError::Disconnected) => Waited::Closed,
            };
        }
        let mut patience = self.volume.look_in();
        if let Some(look_in) = self.ballast.look_in() {
            patience = patience.min(look_in);
        }
        if self.log_bytes > 0 {
            patience = patience.min(QUIET);
        }
        match self.inbox.recv_timeout(patience) {
            Ok(request) => Waited::Came(request),
            Err(RecvTimeoutError::Timeout) => Waited::Quiet,
            Err(RecvTimeoutError::Disconnected) => Waited::Closed,
        }
    }

    /// Everything that is queued, up to a batch; with a linger, what comes until then too.
    fn gather(&self, first: Request) -> Batch {
        let mut batch = Batch::default();
        batch.add(first);
        let until = Instant::now() + self.settings.linger;
        while batch.len() < self.settings.max_batch {
            let next = if self.settings.linger.is_zero() {
                self.inbox.try_recv().ok()
            } else {
                let left = until.saturating_duration_since(Instant::now());
                self.inbox.recv_timeout(left).ok()
            };
            match next {
                Some(request) => batch.add(request),
                None => break,
            }
        }
        self.metrics.journal.queued.dec_by(batch.appends_len());
        batch
    }

    fn write(&mut self, batch: Batch) {
        let Batch {
            appends,
            settles,
            loads,
            kept_flows,
            flows,
            sweeps,
        } = batch;
        self.settles.extend(settles);
        for (hash, bytes) in kept_flows {
            self.flows.keep(hash, bytes);
        }
        self.commit(appends);
        for (address, reply) in loads {
            let rows = statements::load(&self.connection, &address.to_string(), self.settings.room_dedupe);
            let _ = reply.send(rows.map_err(|error| format!("{} cannot be read: {error}", address.shown())));
        }
        for (hash, reply) in flows {
            let _ = reply.send(self.flows.find(&self.connection, &hash));
        }
        for (now, reply) in sweeps {
            self.sweeper.ask(now, self.settings.retention, reply);
        }
    }

    /// What is not for anybody's request, a small bite at a time.
    fn tidy(&mut self) {
        if self.stopped.is_some() {
            self.sweeper.give_up();
            return;
        }
        if self.sweeper.due()
            && let Err(error) = self.sweep()
        {
            self.failed(&error);
            self.sweeper.give_up();
        }
        if self.log_bytes >= self.settings.checkpoint_bytes || (self.log_bytes > 0 && self.is_quiet()) {
            self.copy_log(COPY_LOG);
        }
        self.figures.take_only(self.volume.look(&self.metrics));
        if self.ballast.restore() {
            tracing::info!("the journal's disk has room again; new calls are taken");
            self.figures.full.store(false, Ordering::Relaxed);
        }
    }

    /// Nobody has asked for anything since the last commit.
    fn is_quiet(&self) -> bool {
        self.sweeper.last_commit.elapsed() >= QUIET
    }

    /// Copies the log into the database. By hand, because SQLite's own automatism ignores errors of it, and a sync
    /// that failed unnoticed is how acknowledged records get lost.
    fn copy_log(&mut self, how: &str) {
        if self.log_bytes == 0 || self.stopped.is_some() {
            return;
        }
        let copied = self.connection.query_row(how, [], |_| Ok(()));
        match copied {
            Ok(()) => self.log_bytes = 0,
            Err(error) => {
                // Looked at again after as much log as before, not at once.
                self.log_bytes = 1;
                self.failed(&error);
            }
        }
    }

    pub(super) fn grew(&mut self, bytes: u64) {
        self.log_bytes += bytes + PAGES_PER_RECORD;
    }

    /// A write did not succeed: a full disk is survived, so is a lock that somebody's `sqlite3` holds; nothing was
    /// written then. Anything else is not survived. Returns the reason for those who wait.
    pub(super) fn failed(&mut self, error: &rusqlite::Error) -> String {
        if is_full(error) {
            if self.ballast.in_place() {
                tracing::error!(
                    directory = %self.directory.path().display(),
                    "the journal's disk is full: new calls are refused, live ones go on from the ballast; make room"
                );
                self.ballast.release();
            }
            self.figures.full.store(true, Ordering::Relaxed);
            return "disk full".into();
        }
        if is_busy(error) {
            tracing::error!(
                directory = %self.directory.path().display(),
                "another program holds the journal's write lock: only read it while Cordboard runs"
            );
            return "another program holds the write lock".into();
        }
        self.fail(error.to_string());
        format!("the journal has failed: {error}")
    }

    fn fail(&mut self, why: String) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(why.clone());
        let directory = self.directory.path().to_owned();
        (self.on_fault)(&Fault { directory, why });
    }
}

/// Whether there is no room: the disk, the quota, or the database's own limit.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    /// `SQLITE_IOERR_SHMSIZE`: the shared index of the log cannot grow.
    const NO_ROOM_FOR_INDEX: i32 = 4874;
    match error {
        rusqlite::Error::SqliteFailure(error, _) => {
            error.code == rusqlite::ErrorCode::DiskFull || error.extended_code == NO_ROOM_FOR_INDEX
        }
        _ => false,
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}
