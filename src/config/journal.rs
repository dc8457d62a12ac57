//! `[journal]`: where records are kept, for how long, and what a full disk means.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;
use super::error::Problems;
use crate::journal::{DiskAlarms, JournalSettings};

/// Records that one commit may take at most: past it a commit holds everybody up for longer than a sync.
const MOST_BATCH: usize = 4_096;
/// A longer linger would be felt by callers.
const LONGEST_LINGER: Duration = Duration::from_millis(100);
/// Carriers repeat webhooks for minutes, messaging ones included; an hour is far beyond.
const SHORTEST_RETENTION: Duration = Duration::from_secs(60 * 60);

/// `[journal]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Directory of the journal; made when missing. One process at a time.
    pub directory: PathBuf,
    /// How long a commit waits for company.
    #[serde(with = "duration")]
    pub linger: Duration,
    /// Requests that one commit takes at most.
    pub max_batch: usize,
    /// How long ended calls, and old records of rooms, are kept; their events are known as repeats for as long.
    #[serde(with = "duration::long")]
    pub retention: Duration,
    /// How long a repeated event of a room or a number is known as one.
    #[serde(with = "duration")]
    pub room_dedupe: Duration,
    /// From one look for what is kept no longer to the next.
    #[serde(with = "duration")]
    pub sweep_interval: Duration,
    /// Bytes of log before they are copied into the database.
    pub checkpoint_bytes: u64,
    /// Set aside for the ends of calls on a full disk; 0: nothing.
    pub ballast_bytes: u64,
    /// How large the database may grow; 0: as large as the disk.
    pub max_bytes: u64,
    /// A start reads a database up to this size through; of a larger one, what is open.
    pub full_check_bytes: u64,
    /// Percent of the disk, as `df` shows it, from which on it is said that it fills up.
    pub disk_alarm_percent: u8,
    /// Percent from which on new calls are refused.
    pub disk_no_new_calls_percent: u8,
    /// Percent from which on only what ends calls is taken.
    pub disk_clean_up_percent: u8,
    /// With more than this free the percentages do not count.
    pub disk_plenty_bytes: u64,
    /// From one look at the disk to the next.
    #[serde(with = "duration")]
    pub disk_check_interval: Duration,
}

impl Default for Journal {
    fn default() -> Self {
        let settings = JournalSettings::new("cordboard-data");
        Self {
            directory: settings.directory,
            linger: settings.linger,
            max_batch: settings.max_batch,
            retention: settings.retention,
            room_dedupe: settings.room_dedupe,
            // A sweep that finds nothing is two look-ups.
            sweep_interval: Duration::from_secs(60),
            checkpoint_bytes: settings.checkpoint_bytes,
            ballast_bytes: settings.ballast_bytes,
            max_bytes: 0,
            full_check_bytes: settings.full_check_bytes,
            disk_alarm_percent: settings.disk.alarm_percent,
            disk_no_new_calls_percent: settings.disk.no_new_calls_percent,
            disk_clean_up_percent: settings.disk.clean_up_percent,
            disk_plenty_bytes: settings.disk.plenty_bytes,
            disk_check_interval: settings.disk.check_interval,
        }
    }
}

impl Journal {
    /// What the journal is opened with.
    pub fn settings(&self) -> JournalSettings {
        JournalSettings {
            directory: self.directory.clone(),
            max_batch: self.max_batch,
            linger: self.linger,
            retention: self.retention,
            room_dedupe: self.room_dedupe,
            checkpoint_bytes: self.checkpoint_bytes,
            ballast_bytes: self.ballast_bytes,
            max_bytes: (self.max_bytes > 0).then_some(self.max_bytes),
            full_check_bytes: self.full_check_bytes,
            disk: DiskAlarms {
                alarm_percent: self.disk_alarm_percent,
                no_new_calls_percent: self.disk_no_new_calls_percent,
                clean_up_percent: self.disk_clean_up_percent,
                plenty_bytes: self.disk_plenty_bytes,
                check_interval: self.disk_check_interval,
            },
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            !self.directory.as_os_str().is_empty(),
            "journal.directory",
            "is empty",
        );
        problems.require(
            (1..=MOST_BATCH).contains(&self.max_batch),
            "journal.max_batch",
            format!("{} is not within 1 to {MOST_BATCH}", self.max_batch),
        );
        problems.require(
            self.linger <= LONGEST_LINGER,
            "journal.linger",
            "is longer than 100ms: every answer to the carrier would wait for it",
        );
        problems.require(
            self.retention >= SHORTEST_RETENTION,
            "journal.retention",
            "is shorter than 1h: a repeated webhook could begin an ended call again",
        );
        problems.require(
            self.room_dedupe >= Duration::from_secs(60),
            "journal.room_dedupe",
            "is shorter than 1m: carriers repeat webhooks for so long",
        );
        for (key, span) in [
            ("journal.sweep_interval", self.sweep_interval),
            ("journal.disk_check_interval", self.disk_check_interval),
        ] {
            problems.require(
                span >= Duration::from_secs(1),
                key,
                "is shorter than 1s: nothing changes that fast",
            );
        }
        problems.require(
            self.checkpoint_bytes >= 64 << 10,
            "journal.checkpoint_bytes",
            "is less than 65536: nearly every commit would copy the log",
        );
        problems.require(
            self.max_bytes == 0 || self.max_bytes >= 1 << 20,
            "journal.max_bytes",
            "is less than 1048576: no journal fits; 0 means no limit",
        );
        self.check_percentages(problems);
    }

    fn check_percentages(&self, problems: &mut Problems) {
        let steps = [
            ("journal.disk_alarm_percent", self.disk_alarm_percent, 1),
            (
                "journal.disk_no_new_calls_percent",
                self.disk_no_new_calls_percent,
                self.disk_alarm_percent,
            ),
            (
                "journal.disk_clean_up_percent",
                self.disk_clean_up_percent,
                self.disk_no_new_calls_percent,
            ),
        ];
        for (key, percent, least) in steps {
            problems.require(
                (least..=100).contains(&percent),
                key,
                format!("{percent} is not within {least} to 100: alarm, no new calls and clean-up come in this order"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_journal() {
        assert_eq!(
            Journal::default().settings(),
            JournalSettings::new("cordboard-data")
        );
    }
}
