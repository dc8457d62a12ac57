//! Why a journal cannot be opened, and why a running one ends the process. Each reason has its exit code.
//!
//! The command line turns [`OpenError::exit_code`] into the exit status; the writer calls the [`FaultHook`].

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// Why the journal does not open. Nothing was changed or dropped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path is taken by something else. Exit code 20.
    #[error(
        "{path} is not a directory: point journal.directory at a directory, or at a path that does not exist"
    )]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory or a file in it cannot be written. Exit code 21.
    #[error("{path} cannot be written: mount it writable and give it to the user that runs Cordboard")]
    ReadOnly {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Option<std::io::Error>,
    },
    /// Another process has it. Exit code 22.
    #[error(
        "{path} is locked by another process: one Cordboard per data directory; stop the other one first"
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A newer build wrote it. Exit code 23.
    #[error(
        "{path} has format {found}, this build reads up to {known}: start the newer build again, or choose another \
         directory"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It is no journal of ours. Exit code 24.
    #[error("{path} is no Cordboard journal ({why}): choose another directory, or move the file away")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was a journal, and is damaged. Exit code 25.
    #[error(
        "{path} is damaged: {why}. Nothing was changed. Keep a copy of the directory, check the disk, and restore a \
         backup or start with an empty directory"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// Records that were reported as durable are missing. Exit code 26.
    #[error(
        "{path} ends at record {found}, but record {acknowledged} was reported as durable: its log was cut or an old \
         copy was restored. Keep a copy of the directory and check the disk; to go on with what is there, delete the \
         file `mark` beside it"
    )]
    Lost {
        /// The database.
        path: PathBuf,
        /// Position of its last record.
        found: u64,
        /// Position that was acknowledged.
        acknowledged: u64,
    },
    /// There is no room even to open it. Exit code 27.
    #[error("the disk of {path} is full: make room, then start again")]
    Full {
        /// The directory or file.
        path: PathBuf,
    },
    /// The SQLite in this build loses records under two connections. Exit code 28.
    #[error("this build contains SQLite {found}, which can lose records: build with {needed} or newer")]
    Engine {
        /// Its version.
        found: String,
        /// The oldest that will do.
        needed: &'static str,
    },
    /// Something else about the file system or the database. Exit code 29.
    #[error("{path} cannot be {action}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// The process's exit status for it; the numbers stay the same from release to release.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotADirectory { .. } => 20,
            Self::ReadOnly { .. } => 21,
            Self::Locked { .. } => 22,
            Self::Newer { .. } => 23,
            Self::Foreign { .. } => 24,
            Self::Damaged { .. } => 25,
            Self::Lost { .. } => 26,
            Self::Full { .. } => 27,
            Self::Engine { .. } => 28,
            Self::Io { .. } => 29,
        }
    }
}

/// Exit status after a [`Fault`].
pub const FAULT_EXIT_CODE: u8 = 30;

/// A write or sync of a running journal failed for another reason than a full disk. What the disk holds is not
/// known any more, so nothing may be answered from memory: the process ends, and the next start reads what is there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "the journal in {directory} cannot go on: {why}. Cordboard ends so that nothing is answered that is not on disk; \
     check the disk and start it again"
)]
pub struct Fault {
    /// The data directory.
    pub directory: PathBuf,
    /// What failed.
    pub why: String,
}

/// Called once, by the writer, for a [`Fault`]. If it returns, every append fails from then on.
pub type FaultHook = Arc<dyn Fn(&Fault) + Send + Sync>;

/// Logs the fault and ends the process with [`FAULT_EXIT_CODE`]: what every program but a test wants.
pub fn exit_on_fault() -> FaultHook {
    Arc::new(|fault| {
        tracing::error!(%fault, "the journal failed");
        cordboard_observability::logs::close();
        std::process::exit(i32::from(FAULT_EXIT_CODE));
    })
}
