//! The books: what users ask a database for. Calls, legs, conferences, participants, messages, inputs, transfers and
//! steps as plain rows, made from the facts that machines state, after the journal has them.
//!
//! The wiring starts one [`Projector`] per journal. It reads the journal on from a stored cursor, turns facts into
//! rows and writes rows and cursor in one transaction, so that a restart repeats nothing and leaves nothing out. The
//! rows live in [`SqliteBooks`] (`records.sqlite` beside the journal) or in [`PostgresBooks`]. Tables and columns are
//! described in `docs/records.md`; that page is a promise to users.
//!
//! No rule of telephony belongs here, and nothing of a call may ever wait for the books.

mod change;
mod kpis;
mod postgres;
mod privacy;
mod projector;
mod rows;
mod schema;
mod sqlite;
mod statements;

use async_trait::async_trait;
use cordboard_core::Timestamp;
use thiserror::Error;

pub use change::{Change, Value};
pub use kpis::{Choices, Kpis, KpisOfDay, Transfers};
pub use postgres::{PostgresBooks, PostgresRefused, PostgresSettings};
pub use privacy::Privacy;
pub use projector::Projector;
pub use sqlite::SqliteBooks;

/// How far a journal has been read into the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The books' own number of the journal.
    pub journal: i64,
    /// Position of the last record whose facts are rows.
    pub position: u64,
    /// Up to here rows are made anew: what is there from the same records goes first. 0: nothing is made anew.
    pub anew_until: u64,
}

/// Rows of a stretch of the journal.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Where the stretch ends.
    pub upto: u64,
    /// In order.
    pub changes: Vec<Change>,
}

/// Why the books could not be read or written.
#[derive(Debug, Error)]
pub enum BooksError {
    /// Somebody else has moved the cursor: read it again, then go on from there.
    #[error("somebody else has moved the cursor of this journal")]
    Moved,
    /// The database does not answer, or refuses.
    #[error("the database of the records cannot be used: {0}")]
    Unavailable(String),
    /// The tables were made by a newer build.
    #[error("the tables of the records have format {found}, this build knows {known}: start a newer build")]
    Newer {
        /// What is there.
        found: i64,
        /// What this build writes.
        known: i64,
    },
}

/// A database that keeps the rows.
#[async_trait]
pub trait Books: Send + Sync + 'static {
    /// How far the journal with this salt has been read; registers it at 0 when it is new.
    ///
    /// # Errors
    /// [`BooksError::Unavailable`] when the database cannot be asked.
    async fn cursor(&self, salt: u64) -> Result<Cursor, BooksError>;

    /// Writes the rows and moves the cursor from where `from` has it to `batch.upto`, all or nothing.
    ///
    /// # Errors
    /// [`BooksError::Moved`] when the cursor is elsewhere; [`BooksError::Unavailable`] when nothing was written.
    async fn write(&self, from: Cursor, batch: &Batch) -> Result<(), BooksError>;

    /// Sends the cursor of the journal with this salt, or of every journal, back to the beginning. As the journal is read again, what came from each of its records is
    /// removed and made anew; rows whose records are no longer kept stay.
    ///
    /// # Errors
    /// [`BooksError::Unavailable`] when nothing changed.
    async fn begin_anew(&self, salt: Option<u64>) -> Result<(), BooksError>;

    /// Removes up to some hundred calls, conferences and messages that were over before `before`, with all that hangs
    /// on them. Returns how many of those went; zero means done.
    ///
    /// # Errors
    /// [`BooksError::Unavailable`] when nothing changed.
    async fn forget(&self, before: Timestamp) -> Result<u64, BooksError>;

    /// Figures of the days since `since`, that whole day (UTC) included.
    ///
    /// # Errors
    /// [`BooksError::Unavailable`] when the database cannot be asked.
    async fn kpis(&self, since: Timestamp) -> Result<Kpis, BooksError>;

    /// Where the rows are, for people; without a password.
    fn place(&self) -> String;
}

#[cfg(test)]
mod tests;
