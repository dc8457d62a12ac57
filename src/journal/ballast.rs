//! A file of no content that gives its place back when the disk is full, so that the ends of calls can be recorded.
//!
//! Owned by the writer: released at the first full commit, taken again when there is room for twice its size.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::directory::FILE_MODE;

/// Between two looks whether there is room again: a full disk is not made fuller more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Written at a time.
const CHUNK: usize = 1 << 20;

/// The ballast file, in place or released.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    bytes: u64,
    in_place: bool,
    looked: Option<Instant>,
}

impl Ballast {
    pub(super) fn new(path: PathBuf, bytes: u64) -> Self {
        let in_place = fs::metadata(&path).is_ok_and(|file| file.len() == bytes);
        Self {
            path,
            bytes,
            in_place: in_place || bytes == 0,
            looked: None,
        }
    }

    /// Whether the disk has room, as far as this file knows.
    pub(super) fn in_place(&self) -> bool {
        self.in_place
    }

    /// Gives the place back.
    pub(super) fn release(&mut self) {
        if !self.in_place {
            return;
        }
        self.in_place = false;
        self.looked = Some(Instant::now());
        if self.bytes > 0
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::error!(%error, path = %self.path.display(), "the ballast cannot be released");
        }
    }

    /// Takes the place at a start, when nobody knows yet of a full disk.
    pub(super) fn lay(&mut self) {
        if !self.in_place && self.looked.is_none() {
            self.looked = Some(Instant::now());
            self.in_place = self.take(self.bytes).is_ok();
        }
    }

    /// Takes the place again if it is time to look and there is room; true when it has just become so.
    pub(super) fn restore(&mut self) -> bool {
        let early = |looked: Instant| looked.elapsed() < LOOK_EVERY;
        if self.in_place || self.looked.is_some_and(early) {
            return false;
        }
        self.looked = Some(Instant::now());
        // A disk with room for the ballast alone would be full again at the next commit.
        self.in_place = self.take(self.bytes * 2).is_ok();
        self.in_place
    }

    /// When to look again; `None` while it is in place.
    pub(super) fn look_in(&self) -> Option<Duration> {
        (!self.in_place).then(|| {
            self.looked.map_or(Duration::ZERO, |looked| {
                LOOK_EVERY.saturating_sub(looked.elapsed())
            })
        })
    }

    /// Writes this many bytes and keeps its own of them.
    fn take(&self, room: u64) -> io::Result<()> {
        let draft = self.path.with_extension("new");
        let written = self
            .write(&draft, room)
            .and_then(|()| fs::rename(&draft, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }

    fn write(&self, draft: &Path, room: u64) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(FILE_MODE)
            .open(draft)?;
        let chunk = vec![0; CHUNK];
        let mut left = room;
        while left > 0 {
            let part = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            file.write_all(&chunk[..part])?;
            left -= part as u64;
        }
        file.sync_all()?;
        file.set_len(self.bytes)?;
        file.sync_all()
    }
}
