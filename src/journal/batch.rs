//! One commit: what it takes together, what becomes of each, who is told.
//!
//! Used by the writer, on its thread. An append whose seq does not fit fails alone; a commit that fails takes all of
//! its appends with it, and nothing of them stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use cordboard_actors::cut::{self, Cut};
use cordboard_actors::journal::{Append, AppendError, EffectKey, Takes, flow_not_kept};
use cordboard_core::{Address, Timestamp};
use rusqlite::{Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::books::Books;
use super::row::{Encoded, kind};
use super::statements::{self, LoadedRows};
use super::writer::{Request, Writer};

/// An append as it waits: with its text, or why it has none.
pub(super) type Waiting = (Box<Append>, Result<Encoded, String>);
/// Who waits for what is on disk about an entity.
pub(super) type LoadReply = oneshot::Sender<Result<Option<LoadedRows>, String>>;

/// Who waits for a flow file.
pub(super) type FlowReply = oneshot::Sender<Result<Option<Bytes>, String>>;

/// Requests that one commit takes.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) appends: Vec<Waiting>,
    pub(super) settles: Vec<EffectKey>,
    pub(super) loads: Vec<(Address, LoadReply)>,
    pub(super) kept_flows: Vec<(String, Bytes)>,
    pub(super) flows: Vec<(String, FlowReply)>,
    pub(super) sweeps: Vec<(Timestamp, oneshot::Sender<u64>)>,
}

impl Batch {
    pub(super) fn add(&mut self, request: Request) {
        match request {
            Request::Append(append, encoded) => self.appends.push((append, encoded)),
            Request::Settle(key) => self.settles.push(key),
            Request::Load(address, reply) => self.loads.push((address, reply)),
            Request::KeepFlow(hash, bytes) => self.kept_flows.push((hash, bytes)),
            Request::Flow(hash, reply) => self.flows.push((hash, reply)),
            Request::Sweep(now, reply) => self.sweeps.push((now, reply)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.appends.len()
            + self.settles.len()
            + self.loads.len()
            + self.kept_flows.len()
            + self.flows.len()
            + self.sweeps.len()
    }

    /// As the queue's gauge counts.
    pub(super) fn appends_len(&self) -> i64 {
        i64::try_from(self.appends.len()).unwrap_or(i64::MAX)
    }
}

/// An append, and what became of it in the transaction.
type Judged = (Box<Append>, Result<(), AppendError>);

impl Writer {
    /// Commits the appends and every settlement that waits, then tells those who wait.
    pub(super) fn commit(&mut self, appends: Vec<Waiting>) {
        if appends.is_empty() && self.settles.is_empty() && !self.flows.waits() {
            return;
        }
        if let Some(why) = &self.stopped {
            let refused = AppendError::Unavailable(format!("the journal has failed: {why}"));
            return refuse(appends, &refused);
        }
        let began = Instant::now();
        let new_entities = if self.ballast.in_place() {
            self.figures.takes()
        } else {
            Takes::CleanUpOnly
        };
        let written = self.transact(&appends, new_entities);
        match written {
            Ok(verdicts) => {
                self.metrics.journal.commit_duration.observe(began.elapsed());
                let judged = appends.into_iter().map(|(append, _)| append).zip(verdicts);
                self.report(judged.collect());
            }
            Err(error) => {
                let refused = AppendError::Unavailable(self.failed(&error));
                self.reread_books();
                refuse(appends, &refused);
            }
        }
    }

    /// The whole batch in one transaction; an error means that nothing of it is there.
    fn transact(
        &mut self,
        appends: &[Waiting],
        new_entities: Takes,
    ) -> rusqlite::Result<Vec<Result<(), AppendError>>> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let flow_bytes = self.flows.write(&transaction)?;
        let mut verdicts = Vec::with_capacity(appends.len());
        for (append, encoded) in appends {
            let unknown = append.flow.as_ref().filter(|flow| !self.flows.has(flow));
            verdicts.push(match (encoded, unknown) {
                (Err(why), _) => Err(AppendError::Unavailable(why.clone())),
                (_, Some(flow)) => Err(flow_not_kept(flow)),
                (Ok(encoded), None) => take(&transaction, &mut self.books, append, encoded, new_entities)?,
            });
        }
        for key in &self.settles {
            statements::settle(&transaction, &mut self.books, key)?;
        }
        self.books.write(&transaction)?;
        transaction.commit()?;
        self.settles.clear();
        self.flows.committed();
        self.log_bytes += flow_bytes;
        Ok(verdicts)
    }

    fn report(&mut self, judged: Vec<Judged>) {
        if !judged.is_empty() {
            cut::at(Cut::Fsynced);
        }
        // A mark that cannot be written is a witness less, not a record less.
        if let Err(error) = self.mark.set(self.books.position.cast_unsigned()) {
            tracing::warn!(%error, "the journal's mark cannot be written");
        }
        let mut taken = 0;
        for (append, _) in judged.iter().filter(|(_, verdict)| verdict.is_ok()) {
            taken += 1;
            self.grew(append.record.state.len() as u64);
            self.sweeper.newest = self.sweeper.newest.max(append.record.at);
        }
        self.metrics.journal.committed(taken);
        self.figures.records.fetch_add(taken as u64, Ordering::Relaxed);
        self.sweeper.committed(self.settings.retention);
        self.publish();
        for (append, verdict) in judged {
            let Append { record, done, .. } = *append;
            tell(|| match &verdict {
                Ok(()) => done(Ok(&record)),
                Err(error) => done(Err(error)),
            });
        }
    }

    /// Shows the books to those who only look.
    pub(super) fn publish(&self) {
        let unsettled = self.books.unsettled.cast_unsigned();
        self.figures.open.store(self.books.open(), Ordering::Relaxed);
        self.figures.unsettled.store(unsettled, Ordering::Relaxed);
    }

    /// After a rollback memory is ahead of the file.
    pub(super) fn reread_books(&mut self) {
        if self.stopped.is_some() {
            return;
        }
        match Books::read(&self.connection) {
            Ok(books) => self.books = books,
            Err(error) => {
                self.failed(&error);
            }
        }
    }
}

/// Compare-and-set: writes the record only if it is the entity's next.
fn take(
    transaction: &Transaction<'_>,
    books: &mut Books,
    append: &Append,
    encoded: &Encoded,
    new_entities: Takes,
) -> rusqlite::Result<Result<(), AppendError>> {
    let record = &append.record;
    let known = statements::entity(transaction, &encoded.address)?;
    let expected = known.as_ref().map_or(0, |known| known.seq.cast_unsigned()) + 1;
    if record.seq != expected {
        let address = record.address.clone();
        let found = record.seq;
        return Ok(Err(AppendError::Conflict {
            address,
            expected,
            found,
        }));
    }
    let welcome = match new_entities {
        Takes::Everything => true,
        // A room that a live call goes to may still be new.
        Takes::NoNewCalls => kind(&encoded.address) != "call",
        Takes::CleanUpOnly => false,
    };
    if known.is_none() && !welcome {
        let why = "disk full: what is left is kept for live calls";
        return Ok(Err(AppendError::Unavailable(why.into())));
    }
    statements::append(transaction, books, known.as_ref(), append, encoded)?;
    Ok(Ok(()))
}

fn refuse(appends: Vec<Waiting>, error: &AppendError) {
    for (append, _) in appends {
        tell(|| (append.done)(Err(error)));
    }
}

/// One listener that panics must not silence the others.
fn tell(done: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(done)).is_err() {
        tracing::error!("a listener of the journal panicked");
    }
}
