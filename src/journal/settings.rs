//! How the journal works: where it is, how much it takes at once, how long it keeps what is over.
//!
//! Filled by the wiring from `[journal]` of the configuration. Every default has its reason here.

use std::path::PathBuf;
use std::time::Duration;

use super::volume::DiskAlarms;

/// Settings of a [`super::SqliteJournal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalSettings {
    /// The data directory: made when missing, used by one process at a time.
    pub directory: PathBuf,
    /// Requests that one commit takes at most. 256 records are about 1 MB: one sync's worth, a few milliseconds.
    pub max_batch: usize,
    /// How long a commit waits for company. Zero: whoever came while the last commit ran is company enough.
    pub linger: Duration,
    /// How long an ended entity, and an old record of a lasting one, is kept. A day: carriers repeat webhooks for
    /// minutes, people ask about a call on the day after.
    pub retention: Duration,
    /// How long a repeated event of a room or a number is known as one, counted back from its last record; calls know
    /// theirs as long as they are kept. An hour: carriers repeat a webhook for minutes, and a busy room has thousands
    /// of events a day, each of which it would wake up with.
    pub room_dedupe: Duration,
    /// Bytes of log before they are copied into the database. 16 MiB: a copy takes tens of milliseconds, a start
    /// after a crash reads no more than this.
    pub checkpoint_bytes: u64,
    /// Bytes set aside for a full disk; enough for the ends of some thousand calls. Zero: none.
    pub ballast_bytes: u64,
    /// How large the database may grow; `None`: as large as the disk. Past it the journal is as full as a full disk.
    pub max_bytes: Option<u64>,
    /// A start reads a database up to this size through, indexes included; of a larger one, what is open.
    /// 64 MiB are read in a fraction of a second.
    pub full_check_bytes: u64,
    /// When the disk counts as too full for what.
    pub disk: DiskAlarms,
}

impl JournalSettings {
    /// The defaults, for this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            max_batch: 256,
            linger: Duration::ZERO,
            retention: Duration::from_secs(24 * 60 * 60),
            room_dedupe: Duration::from_secs(60 * 60),
            checkpoint_bytes: 16 << 20,
            ballast_bytes: 16 << 20,
            max_bytes: None,
            full_check_bytes: 64 << 20,
            disk: DiskAlarms::default(),
        }
    }
}
