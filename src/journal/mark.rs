//! How far the journal has reported records as durable, in a file of its own.
//!
//! SQLite's recovery stops at the first damaged frame of its log and silently drops every commit after it. The mark is
//! an independent witness: written after each commit and before anybody hears of it, never synced (a kill leaves it in
//! the page cache, a power cut may make it older, never newer). A database that ends before its mark has lost
//! acknowledged records. Used by the writer and by the start.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::directory::{FILE_MODE, refused};
use super::fault::OpenError;

const MAGIC: &[u8; 8] = b"CBMARK01";
const LENGTH: usize = 20;

/// The open mark file.
#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    /// Opens the file, makes it when missing, and tells the position in it; `None` for a new one.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<u64>), OpenError> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path);
        let mut file = opened.map_err(|source| refused(path, "opened", source))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(|source| refused(path, "read", source))?;
        let mark = Self(file);
        if content.is_empty() {
            mark.set(0)
                .and_then(|()| mark.0.sync_all())
                .map_err(|source| refused(path, "written", source))?;
            return Ok((mark, None));
        }
        let position = decode(&content).ok_or_else(|| OpenError::Damaged {
            path: path.to_owned(),
            why: "its checksum does not fit (to start without this witness, delete the file)".into(),
        })?;
        Ok((mark, Some(position)))
    }

    /// Notes that everything up to `position` is durable.
    pub(super) fn set(&self, position: u64) -> io::Result<()> {
        let mut content = [0; LENGTH];
        content[..8].copy_from_slice(MAGIC);
        content[8..16].copy_from_slice(&position.to_le_bytes());
        let crc = crc32fast::hash(&content[..16]);
        content[16..].copy_from_slice(&crc.to_le_bytes());
        match self.0.write_at(&content, 0)? {
            LENGTH => Ok(()),
            _ => Err(ErrorKind::WriteZero.into()),
        }
    }
}

fn decode(content: &[u8]) -> Option<u64> {
    let content: &[u8; LENGTH] = content.try_into().ok()?;
    let crc = u32::from_le_bytes(content[16..].try_into().ok()?);
    let fits = content.starts_with(MAGIC) && crc == crc32fast::hash(&content[..16]);
    let position = u64::from_le_bytes(content[8..16].try_into().ok()?);
    fits.then_some(position)
}
