//! Reads the journal on and writes rows: the task that keeps the books.
//!
//! One per program, started by the wiring. It reads in pages, so that it holds little, and pauses when there is
//! nothing to do; a database that is slow or gone makes it wait, and nobody else. What it did not write before the
//! program ended, it writes after the next start: the cursor is in the database, with the rows.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cordboard_actors::journal::{AppendError, FactPage, Journal, Stated};
use cordboard_core::Timestamp;
use cordboard_observability::metrics::Metrics;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::change::{Change, Value};
use super::privacy::Privacy;
use super::rows::changes_of;
use super::statements::UNMAKE;
use super::{Batch, Books, BooksError, Cursor};

/// Records read at a time: about a megabyte, a few milliseconds.
const PAGE: usize = 500;
/// Pause when there is nothing to read: rows are this much behind, at worst, while all is well.
const IDLE: Duration = Duration::from_millis(500);
/// Pause between two full pages: a backlog must not take the processor from calls.
const BREATH: Duration = Duration::from_millis(5);
/// First pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a stopping program spends on the last rows; the rest waits for the next start.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Records are stamped before they are committed, and not always in that order: so much earlier is held, too.
const OVERLAP: Duration = Duration::from_secs(60);
/// Between two looks for rows that are past their time.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Pause between two bites of removal.
const SWEEP_BREATH: Duration = Duration::from_millis(50);

/// Keeps the books of one journal.
pub struct Projector {
    journal: Arc<dyn Journal>,
    books: Arc<dyn Books>,
    privacy: Privacy,
    metrics: Metrics,
    /// How long rows of what is over are kept; for ever when absent.
    keep: Option<Duration>,
    /// Records read at a time.
    page: usize,
    /// Position up to which there is nothing to write beyond the stored cursor.
    ahead: u64,
}

/// Why a step brought nothing.
#[derive(Debug, Error)]
pub enum StepError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] AppendError),
    /// The database.
    #[error(transparent)]
    Books(#[from] BooksError),
}

impl Projector {
    /// A projector that has not begun.
    pub fn new(journal: Arc<dyn Journal>, books: Arc<dyn Books>, privacy: Privacy, metrics: Metrics) -> Self {
        Self {
            journal,
            books,
            privacy,
            metrics,
            keep: None,
            page: PAGE,
            ahead: 0,
        }
    }

    /// Removes rows of what was over for so long; `None` keeps everything.
    #[must_use]
    pub fn keeping(mut self, keep: Option<Duration>) -> Self {
        self.keep = keep;
        self
    }

    /// Reads so many records at a time.
    #[cfg(test)]
    pub(super) fn reading(mut self, page: usize) -> Self {
        self.page = page;
        self
    }

    /// Keeps the books until the program closes.
    pub async fn run(mut self, closing: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        // Until it is known how far the books are, nothing that they may lack is forgotten.
        self.journal.hold_from(Timestamp::from_micros(1));
        let (mut failing, mut last_well) = (false, now());
        let mut next_sweep = tokio::time::Instant::now() + IDLE;
        while !closing.is_cancelled() {
            let wait = match self.step().await {
                Ok(more) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!(place = %self.books.place(), "the records are written again");
                    }
                    (pause, last_well) = (FIRST_PAUSE, now());
                    if more { BREATH } else { IDLE }
                }
                Err(StepError::Books(BooksError::Moved)) => BREATH,
                Err(error) => {
                    self.metrics.records.failures.inc();
                    self.is_behind_since(last_well);
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, place = %self.books.place(), "records are not written; calls go on, and the rows follow once it works again");
                    }
                    let now = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    now
                }
            };
            if !failing && tokio::time::Instant::now() >= next_sweep {
                next_sweep = self.sweep().await;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = closing.cancelled() => {}
            }
        }
        if !failing {
            let _ = tokio::time::timeout(LAST_WORDS, self.catch_up()).await;
        }
    }

    /// Writes whatever the journal has, to its present end.
    ///
    /// # Errors
    /// The journal cannot be read or the database not be written; what was written stays.
    pub async fn catch_up(&mut self) -> Result<(), StepError> {
        loop {
            match self.step().await {
                Ok(true) | Err(StepError::Books(BooksError::Moved)) => {}
                Ok(false) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads one page and writes its rows. Returns whether there may be more.
    ///
    /// # Errors
    /// As [`Projector::catch_up`].
    pub async fn step(&mut self) -> Result<bool, StepError> {
        let cursor = self.books.cursor(self.journal.salt()).await?;
        let begin = if cursor.position < self.ahead && cursor.anew_until == 0 {
            self.ahead
        } else {
            cursor.position
        };
        let page = self.journal.facts_since(begin, self.page).await?;
        if let Some(first) = page.stated.first() {
            self.is_behind_since(first.at);
            self.hold_from(first.at);
        } else if !page.more {
            self.is_up_to_date();
        }
        // A stretch without facts is passed over without a write, unless it is the end of making anew.
        if page.stated.is_empty() && cursor.anew_until == 0 {
            self.ahead = page.upto;
            return Ok(page.more);
        }
        let batch = self.batch(cursor, &page);
        let rows = batch.changes.len() as u64;
        self.books.write(cursor, &batch).await?;
        self.ahead = page.upto;
        self.metrics.records.changes.inc_by(rows);
        if !page.more {
            self.is_up_to_date();
        }
        Ok(page.more)
    }

    fn is_behind_since(&self, time: Timestamp) {
        let behind = i64::try_from(now().since(time).as_secs()).unwrap_or(i64::MAX);
        self.metrics.records.lag_seconds.set(behind);
    }

    fn is_up_to_date(&self) {
        self.metrics.records.lag_seconds.set(0);
        self.hold_from(now());
    }

    fn hold_from(&self, time: Timestamp) {
        let overlap = u64::try_from(OVERLAP.as_micros()).unwrap_or(u64::MAX);
        let from = time.as_micros().saturating_sub(overlap).max(1);
        self.journal.hold_from(Timestamp::from_micros(from));
    }

    fn batch(&self, cursor: Cursor, page: &FactPage) -> Batch {
        let anew = |stated: &Stated| stated.position <= cursor.anew_until;
        let unmake = page
            .stated
            .iter()
            .filter(|stated| anew(stated))
            .flat_map(|stated| {
                UNMAKE.map(|sql| Change {
                    sql,
                    values: vec![Value::number(stated.position)],
                })
            });
        let make = page
            .stated
            .iter()
            .flat_map(|stated| changes_of(stated, &self.privacy));
        let upto = if page.more || cursor.anew_until == 0 {
            page.upto
        } else {
            // The records up to there may be gone by now: the end of the journal is the end of making anew.
            page.upto.max(cursor.anew_until)
        };
        Batch {
            upto,
            changes: unmake.chain(make).collect(),
        }
    }

    /// Removes what is past its time, bite by bite. Returns when to look again.
    async fn sweep(&self) -> tokio::time::Instant {
        if let Some(keep) = self.keep {
            let kept = u64::try_from(keep.as_micros()).unwrap_or(u64::MAX);
            let before = Timestamp::from_micros(now().as_micros().saturating_sub(kept));
            match self.books.forget(before).await {
                Ok(gone) if gone > 0 => return tokio::time::Instant::now() + SWEEP_BREATH,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "old records are not removed"),
            }
        }
        tokio::time::Instant::now() + SWEEP_EVERY
    }
}

impl std::fmt::Debug for Projector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projector")
            .field("place", &self.books.place())
            .finish_non_exhaustive()
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
