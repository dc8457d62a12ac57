//! The data directory: its files, and the lock that keeps every other process out.
//!
//! Opened first, held until the writer has ended. Knows paths and nothing of what the database contains.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::fault::OpenError;

/// Callers' numbers and keys are in it: nobody but its owner looks in.
const DIRECTORY_MODE: u32 = 0o700;
/// The same for its files.
pub(super) const FILE_MODE: u32 = 0o600;

/// A data directory that is ours for as long as this lives.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory when it is missing and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(path)
            .map_err(|source| refused(path, "made", source))?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(FILE_MODE)
            .open(&lock_path)
            .map_err(|source| refused(&lock_path, "opened", source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: lock_path }),
            Err(TryLockError::Error(source)) => return Err(refused(&lock_path, "locked", source)),
        }
        // For people who look who has it; on a full disk it stays empty, which changes nothing.
        let _ = lock.set_len(0);
        let _ = writeln!(lock, "{}", std::process::id());
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        database_in(&self.path)
    }

    pub(super) fn mark(&self) -> PathBuf {
        self.path.join("mark")
    }

    pub(super) fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Makes new names in the directory survive a power cut.
    pub(super) fn sync(&self) -> Result<(), OpenError> {
        File::open(&self.path)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| refused(&self.path, "synced", source))
    }
}

/// Where the database of a data directory is.
pub(super) fn database_in(directory: &Path) -> PathBuf {
    directory.join("journal.sqlite")
}

/// Classes what the file system said.
pub(super) fn refused(path: &Path, action: &'static str, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::IsADirectory => {
            OpenError::NotADirectory { path }
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly {
            path,
            source: Some(source),
        },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OpenError::Full { path },
        _ => OpenError::Io {
            path,
            action,
            source: Box::new(source),
        },
    }
}
