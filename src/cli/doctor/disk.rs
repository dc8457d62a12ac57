//! The data directory: whether it can be written, how fast it syncs, how much room it has, and what is in it.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::finding::Finding;
use crate::config::Config;
use crate::journal::{Archive, OpenError, sqlite_version};

/// Syncs that are timed.
const SYNCS: usize = 20;
/// A webhook waits for one sync; beyond this the carrier's answer is slow under load.
const SLOW_SYNC: Duration = Duration::from_millis(25);
/// Beyond this answers come later than half a second when several syncs follow each other.
const UNBEARABLE_SYNC: Duration = Duration::from_millis(250);

/// What was found, and whether a program is at work there.
pub(super) struct Disk {
    pub(super) findings: Vec<Finding>,
    pub(super) running: bool,
}

pub(super) fn check(directory: &Path, config: &Config) -> Disk {
    let mut findings = vec![engine()];
    let running = is_locked(directory);
    let (place, found) = place(directory);
    findings.push(found);
    if let Some(place) = place {
        findings.push(sync(&place));
        findings.push(room(&place, config));
    }
    findings.push(journal(directory, running));
    Disk { findings, running }
}

fn engine() -> Finding {
    match sqlite_version() {
        Ok(version) => Finding::ok("SQLite", version),
        Err(error) => Finding::fail("SQLite", error.to_string(), "take a newer build"),
    }
}

/// Whether a process holds the directory's lock. A file of nobody's is never made here.
fn is_locked(directory: &Path) -> bool {
    File::open(directory.join("lock"))
        .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Where a file can be written for a trial: the directory, or the one in which it will be made.
fn place(directory: &Path) -> (Option<PathBuf>, Finding) {
    const CHECK: &str = "data directory";
    let shown = directory.display();
    let advice = "point journal.directory at a directory that the program's user may write";
    if directory.exists() && !directory.is_dir() {
        return (
            None,
            Finding::fail(CHECK, format!("{shown} is not a directory"), advice),
        );
    }
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let nearest = absolute.ancestors().find(|place| place.exists());
    let Some(place) = nearest.filter(|place| place.is_dir()).map(Path::to_owned) else {
        return (
            None,
            Finding::fail(CHECK, format!("{shown} cannot be made"), advice),
        );
    };
    match tempfile::tempfile_in(&place) {
        Err(error) => {
            let found = format!("{} cannot be written: {error}", place.display());
            (None, Finding::fail(CHECK, found, advice))
        }
        Ok(_) if directory.is_dir() => (Some(place), Finding::ok(CHECK, format!("{shown} can be written"))),
        Ok(_) => (
            Some(place),
            Finding::ok(CHECK, format!("{shown} will be made at the first start")),
        ),
    }
}

/// Appends a page and syncs it, some times over.
fn sync(place: &Path) -> Finding {
    const CHECK: &str = "disk sync";
    let timed = || -> std::io::Result<Vec<Duration>> {
        let mut file = tempfile::tempfile_in(place)?;
        let page = [7_u8; 4096];
        let mut times = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            file.write_all(&page)?;
            let began = Instant::now();
            file.sync_data()?;
            times.push(began.elapsed());
        }
        times.sort();
        Ok(times)
    };
    let times = match timed() {
        Ok(times) => times,
        Err(error) => {
            return Finding::fail(
                CHECK,
                format!("a file cannot be synced: {error}"),
                "check the disk and its file system",
            );
        }
    };
    let median = times.get(SYNCS / 2).copied().unwrap_or_default();
    let slowest = times.last().copied().unwrap_or_default();
    let ms = |span: Duration| span.as_secs_f64() * 1_000.0;
    let found = format!(
        "median {:.2} ms, slowest {:.2} ms of {SYNCS}",
        ms(median),
        ms(slowest)
    );
    match median {
        _ if median > UNBEARABLE_SYNC => Finding::fail(
            CHECK,
            found,
            "every webhook waits for a sync: use a faster disk for journal.directory",
        ),
        _ if median > SLOW_SYNC => Finding::warn(
            CHECK,
            found,
            "every webhook waits for a sync: an SSD or a cache with a battery does it in 1 to 5 ms",
        ),
        _ => Finding::ok(CHECK, found),
    }
}

fn room(place: &Path, config: &Config) -> Finding {
    const CHECK: &str = "disk space";
    let Ok(volume) = rustix::fs::statvfs(place) else {
        return Finding::warn(CHECK, "the file system does not tell", "look with df");
    };
    let free = volume.f_bavail.saturating_mul(volume.f_frsize);
    let used = volume.f_blocks.saturating_sub(volume.f_bfree);
    // As df counts: what only root may use is not there.
    let usable = used.saturating_add(volume.f_bavail).max(1);
    let percent = used.saturating_mul(100) / usable;
    let found = format!("{} MB free, {percent}% used", free / 1_000_000);
    let alarms = &config.journal;
    let advice = "make room, or move journal.directory to a larger disk";
    if free >= alarms.disk_plenty_bytes {
        return Finding::ok(CHECK, found);
    }
    if percent >= u64::from(alarms.disk_no_new_calls_percent) {
        return Finding::fail(CHECK, format!("{found}: new calls would be refused"), advice);
    }
    if percent >= u64::from(alarms.disk_alarm_percent) {
        return Finding::warn(CHECK, found, advice);
    }
    Finding::ok(CHECK, found)
}

fn journal(directory: &Path, running: bool) -> Finding {
    const CHECK: &str = "journal";
    if !directory.join("journal.sqlite").exists() {
        return Finding::ok(CHECK, "there is none yet");
    }
    let at_work = if running {
        "; a program is at work with it"
    } else {
        ""
    };
    match Archive::open(directory) {
        Ok(_) => Finding::ok(CHECK, format!("is one of this build's format{at_work}")),
        Err(error @ OpenError::Io { .. }) => {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            Finding::warn(
                CHECK,
                format!("{error}: {cause}"),
                "start serve once; it says what is wrong if it cannot",
            )
        }
        Err(error) => Finding::fail(
            CHECK,
            error.to_string(),
            "serve will not start over it; see what it says",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_directory_that_will_be_made_is_fine_and_a_file_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let disk = check(&scratch.path().join("a/b/c"), &Config::default());
        assert!(
            disk.findings
                .iter()
                .all(|finding| finding.verdict != Verdict::Fail),
            "{:?}",
            disk.findings
        );
        assert!(
            !disk.running && !scratch.path().join("a").exists(),
            "nothing is made"
        );
        let file = scratch.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let disk = check(&file, &Config::default());
        assert!(
            disk.findings
                .iter()
                .any(|finding| finding.verdict == Verdict::Fail)
        );
    }

    #[test]
    fn a_foreign_database_fails() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(
            scratch.path().join("journal.sqlite"),
            "this is no database at all, is it?",
        )
        .unwrap();
        assert_eq!(journal(scratch.path(), false).verdict, Verdict::Fail);
    }
}
