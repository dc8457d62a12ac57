//! The disk that the journal is on: how full it is, and what is still taken then.
//!
//! Looked at by the writer, every so often. A disk that is full in earnest is the ballast's business.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordboard_actors::journal::Takes;
use cordboard_observability::metrics::Metrics;

/// When a disk counts as how full, in percent as `df` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskAlarms {
    /// From here on it is said, once.
    pub alarm_percent: u8,
    /// From here on new calls are refused.
    pub no_new_calls_percent: u8,
    /// From here on only what ends calls is taken.
    pub clean_up_percent: u8,
    /// With more than this free no disk is too full, whatever its percentage: two gigabytes are
    /// the records of a hundred thousand calls.
    pub plenty_bytes: u64,
    /// From one look to the next. At 20,000 records a second ten seconds are some hundred megabytes.
    pub check_interval: Duration,
}

impl Default for DiskAlarms {
    fn default() -> Self {
        Self {
            alarm_percent: 80,
            no_new_calls_percent: 85,
            clean_up_percent: 95,
            plenty_bytes: 2 << 30,
            check_interval: Duration::from_secs(10),
        }
    }
}

/// Percent by which a disk must be emptier before an alarm is over, so that none comes and goes with every file.
const RELIEF_PERCENT: u8 = 1;

/// How full a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ample,
    Alarm,
    NoNewCalls,
    CleanUpOnly,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fill {
    percent: u8,
    free_bytes: u64,
}

/// The disk under the data directory.
#[derive(Debug)]
pub(super) struct Volume {
    path: PathBuf,
    alarms: DiskAlarms,
    level: Level,
    looked: Option<Instant>,
}

impl Volume {
    pub(super) fn new(path: &Path, alarms: DiskAlarms) -> Self {
        Self {
            path: path.to_owned(),
            alarms,
            level: Level::Ample,
            looked: None,
        }
    }

    /// When to look again.
    pub(super) fn look_in(&self) -> Duration {
        let since = |looked: Instant| self.alarms.check_interval.saturating_sub(looked.elapsed());
        self.looked.map_or(Duration::ZERO, since)
    }

    /// Looks if it is time; says what changed, and what the journal takes from here on.
    pub(super) fn look(&mut self, metrics: &Metrics) -> Takes {
        if self.look_in().is_zero() {
            self.looked = Some(Instant::now());
            match Fill::of(&self.path) {
                Ok(fill) => self.found(fill, metrics),
                Err(error) => {
                    tracing::warn!(%error, path = %self.path.display(), "the free space of the journal's disk is unknown");
                }
            }
        }
        self.takes()
    }

    fn takes(&self) -> Takes {
        match self.level {
            Level::Ample | Level::Alarm => Takes::Everything,
            Level::NoNewCalls => Takes::NoNewCalls,
            Level::CleanUpOnly => Takes::CleanUpOnly,
        }
    }

    fn found(&mut self, fill: Fill, metrics: &Metrics) {
        let journal = &metrics.journal;
        journal.disk_used_percent.set(fill.percent.into());
        let free = i64::try_from(fill.free_bytes).unwrap_or(i64::MAX);
        journal.disk_free_bytes.set(free);
        let level = self.level_at(fill);
        if level == self.level {
            return;
        }
        let worse = level > self.level;
        self.level = level;
        let (directory, percent) = (self.path.display(), fill.percent);
        let means = match level {
            Level::Ample => "there is room enough again",
            Level::Alarm => "everything is still taken",
            Level::NoNewCalls => "new calls are refused, live ones go on",
            Level::CleanUpOnly => "only what ends calls is taken",
        };
        if !worse {
            tracing::info!(%directory, percent, "the journal's disk is emptier: {means}");
        } else if level == Level::Alarm {
            tracing::warn!(%directory, percent, "the journal's disk fills up: {means}; make room");
        } else {
            tracing::error!(%directory, percent, "the journal's disk is nearly full: {means}; make room");
        }
    }

    /// A level is reached at its percentage and left a little below it.
    fn level_at(&self, fill: Fill) -> Level {
        if fill.free_bytes > self.alarms.plenty_bytes {
            return Level::Ample;
        }
        let reached = |level: Level, at: u8| {
            let relief = if self.level >= level { RELIEF_PERCENT } else { 0 };
            fill.percent >= at.saturating_sub(relief)
        };
        [
            (Level::CleanUpOnly, self.alarms.clean_up_percent),
            (Level::NoNewCalls, self.alarms.no_new_calls_percent),
            (Level::Alarm, self.alarms.alarm_percent),
        ]
        .into_iter()
        .find(|(level, at)| reached(*level, *at))
        .map_or(Level::Ample, |(level, _)| level)
    }
}

impl Fill {
    /// As `df` counts: what only the superuser may use is neither used nor free.
    fn of(path: &Path) -> io::Result<Self> {
        let disk = rustix::fs::statvfs(path)?;
        let (used, free) = (disk.f_blocks.saturating_sub(disk.f_bfree), disk.f_bavail);
        let percent = (used.saturating_mul(100)).div_ceil((used + free).max(1));
        Ok(Self {
            percent: u8::try_from(percent).unwrap_or(100),
            free_bytes: free.saturating_mul(disk.f_frsize),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_reached_at_their_percentage_and_left_a_little_below() {
        let mut volume = Volume::new(Path::new("/"), DiskAlarms::default());
        let metrics = Metrics::default();
        for (percent, level) in [
            (79, Level::Ample),
            (80, Level::Alarm),
            (79, Level::Alarm),
            (78, Level::Ample),
            (85, Level::NoNewCalls),
            (84, Level::NoNewCalls),
            (94, Level::NoNewCalls),
            (95, Level::CleanUpOnly),
            (100, Level::CleanUpOnly),
            (94, Level::CleanUpOnly),
            (93, Level::NoNewCalls),
            (83, Level::Alarm),
            (0, Level::Ample),
        ] {
            let free_bytes = 1 << 30;
            volume.found(Fill { percent, free_bytes }, &metrics);
            assert_eq!(volume.level, level, "at {percent} %");
        }
        assert_eq!(metrics.journal.disk_free_bytes.get(), 1 << 30);
    }

    #[test]
    fn a_large_disk_with_plenty_free_is_never_too_full() {
        let volume = Volume::new(Path::new("/"), DiskAlarms::default());
        let free_bytes = (2 << 30) + 1;
        let percent = 97;
        assert_eq!(volume.level_at(Fill { percent, free_bytes }), Level::Ample);
    }

    #[test]
    fn a_real_disk_tells_how_full_it_is() {
        let fill = Fill::of(Path::new("/")).expect("every disk can be asked");
        assert!(fill.percent <= 100 && fill.free_bytes > 0);
    }
}
