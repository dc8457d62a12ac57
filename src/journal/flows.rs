//! Flow files by their hash: which are on disk, which wait for the next commit, which go.
//!
//! Owned by the writer. What a flow file says is nobody's business here.

use std::collections::HashSet;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::row::Checksum;

const HASHES: &str = "SELECT hash FROM flows";
/// A row that was damaged is mended by the file that is handed over again.
const INSERT: &str = "INSERT OR REPLACE INTO flows VALUES (?1, ?2, ?3)";
const FIND: &str = "SELECT crc, bytes FROM flows WHERE hash = ?1";
const DELETE: &str =
    "DELETE FROM flows WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM entities AS e WHERE e.flow = ?1)";

/// The writer's knowledge of the table `flows`.
#[derive(Debug, Default)]
pub(super) struct FlowShelf {
    /// On disk.
    stored: HashSet<String>,
    /// Handed over since the start: what new calls will follow.
    current: HashSet<String>,
    /// For the next commit; they outlive one that fails, because nobody hands them over again.
    waiting: Vec<(String, Bytes)>,
}

impl FlowShelf {
    /// What is on disk.
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut hashes = connection.prepare(HASHES)?;
        let stored = hashes.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
        Ok(Self {
            stored,
            ..Self::default()
        })
    }

    /// Takes a file; the next commit writes it.
    pub(super) fn keep(&mut self, hash: String, bytes: Bytes) {
        if self.current.insert(hash.clone()) {
            self.waiting.push((hash, bytes));
        }
    }

    /// Whether something waits for a commit.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether a record of the present commit may cite it.
    pub(super) fn has(&self, hash: &str) -> bool {
        self.current.contains(hash) || self.stored.contains(hash)
    }

    /// Writes what waits into a transaction; how many bytes that is.
    pub(super) fn write(&self, connection: &Connection) -> Result<u64> {
        let mut written = 0;
        for (hash, bytes) in &self.waiting {
            let crc = fitting_crc(hash, bytes);
            connection
                .prepare_cached(INSERT)?
                .execute(params![hash, crc, &bytes[..]])?;
            written += bytes.len() as u64;
        }
        Ok(written)
    }

    /// That transaction is durable.
    pub(super) fn committed(&mut self) {
        let written = self.waiting.drain(..);
        self.stored.extend(written.map(|(hash, _)| hash));
    }

    /// The file, on disk or on its way there. The error is for people.
    pub(super) fn find(&self, connection: &Connection, hash: &str) -> Result<Option<Bytes>, String> {
        if let Some((_, bytes)) = self.waiting.iter().find(|(waiting, _)| waiting == hash) {
            return Ok(Some(bytes.clone()));
        }
        stored(connection, hash)
    }

    /// Takes away what no kept entity cites and no new call will follow; returns the hashes that went.
    pub(super) fn sweep(&self, connection: &Connection) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for hash in self.stored.difference(&self.current) {
            if connection.prepare_cached(DELETE)?.execute([hash])? == 1 {
                gone.push(hash.clone());
            }
        }
        Ok(gone)
    }

    /// Those are gone for good.
    pub(super) fn forget(&mut self, gone: &[String]) {
        for hash in gone {
            self.stored.remove(hash);
        }
    }
}

/// The file, as it is on disk. The error is for people.
pub(super) fn stored(connection: &Connection, hash: &str) -> Result<Option<Bytes>, String> {
    let read = || -> Result<Option<(u32, Vec<u8>)>> {
        connection
            .prepare_cached(FIND)?
            .query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    };
    match read().map_err(|error| format!("flow {hash} cannot be read: {error}"))? {
        Some((crc, bytes)) if crc == fitting_crc(hash, &bytes) => Ok(Some(bytes.into())),
        Some(_) => Err(format!("the checksum of flow {hash} does not fit")),
        None => Ok(None),
    }
}

/// The checksum that fits a row of `flows`.
pub(super) fn fitting_crc(hash: &str, bytes: &[u8]) -> u32 {
    let mut crc = Checksum::default();
    crc.text(Some(hash));
    crc.bytes(Some(bytes));
    crc.finish()
}
