//! The journal's own bookkeeping: how far it got, how many entities are live, what is unsettled, with digests.
//!
//! Kept by the writer in memory and written with every commit, so that a start can tell whether the tables still say
//! what was written: a row that vanished, came back or changed makes a count or a digest disagree.

use std::collections::HashMap;

use rusqlite::{Connection, Result, params};

use super::row::{Checksum, EntityRow};

const READ: &str = "SELECT position, live, live_digest, unsettled, unsettled_digest FROM books";
const WRITE: &str = "UPDATE books SET position = ?1, live = ?2, live_digest = ?3, unsettled = ?4, \
                     unsettled_digest = ?5";
const OWING: &str = "SELECT u.entity, count(*), e.terminal FROM unsettled AS u JOIN entities AS e ON e.id = u.entity \
                     GROUP BY u.entity";

/// The figures, as of the last statement of the writer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    /// Position of the last record; counts every record ever taken.
    pub(super) position: i64,
    /// Entities that are not terminal.
    pub(super) live: i64,
    /// XOR of the checksums of their rows.
    pub(super) live_digest: u32,
    /// Rows of `unsettled`.
    pub(super) unsettled: i64,
    /// XOR of the checksums of their keys.
    pub(super) unsettled_digest: u32,
    owing: HashMap<i64, Owing>,
    ended_owing: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owing {
    effects: u64,
    terminal: bool,
}

impl Books {
    /// What was written with the last commit.
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut books = connection.query_row(READ, [], |row| {
            Ok(Self {
                position: row.get(0)?,
                live: row.get(1)?,
                live_digest: row.get(2)?,
                unsettled: row.get(3)?,
                unsettled_digest: row.get(4)?,
                ..Self::default()
            })
        })?;
        let mut owing = connection.prepare(OWING)?;
        let mut rows = owing.query([])?;
        while let Some(row) = rows.next()? {
            let (effects, terminal) = (row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?);
            books.owing.insert(row.get(0)?, Owing { effects, terminal });
            books.ended_owing += u64::from(terminal);
        }
        Ok(books)
    }

    /// Into the transaction that the figures belong to.
    pub(super) fn write(&self, connection: &Connection) -> Result<()> {
        connection.prepare_cached(WRITE)?.execute(params![
            self.position,
            self.live,
            self.live_digest,
            self.unsettled,
            self.unsettled_digest,
        ])?;
        Ok(())
    }

    /// Entities that are not terminal, or have unsettled effects.
    pub(super) fn open(&self) -> u64 {
        self.live.cast_unsigned() + self.ended_owing
    }

    /// An entity's row is `after`, and was `before`.
    pub(super) fn changed(&mut self, before: Option<&EntityRow>, after: &EntityRow) {
        if let Some(before) = before.filter(|row| !row.terminal) {
            self.live -= 1;
            self.live_digest ^= before.crc;
        }
        if !after.terminal {
            self.live += 1;
            self.live_digest ^= after.crc;
        }
        if let Some(owing) = self.owing.get_mut(&after.id)
            && owing.terminal != after.terminal
        {
            owing.terminal = after.terminal;
            if after.terminal {
                self.ended_owing += 1;
            } else {
                self.ended_owing -= 1;
            }
        }
    }

    /// The entity asked for an effect; `terminal` as it is after the record that asks.
    pub(super) fn owes(&mut self, entity: i64, seq: i64, index: i64, terminal: bool) {
        self.unsettled += 1;
        self.unsettled_digest ^= key_crc(entity, seq, index);
        let new = Owing { effects: 0, terminal };
        let owing = self.owing.entry(entity).or_insert(new);
        owing.effects += 1;
        if owing.effects == 1 && owing.terminal {
            self.ended_owing += 1;
        }
    }

    /// One effect less.
    pub(super) fn settled(&mut self, entity: i64, seq: i64, index: i64) {
        self.unsettled -= 1;
        self.unsettled_digest ^= key_crc(entity, seq, index);
        if let Some(owing) = self.owing.get_mut(&entity) {
            owing.effects -= 1;
            if owing.effects == 0 {
                self.ended_owing -= u64::from(owing.terminal);
                self.owing.remove(&entity);
            }
        }
    }
}

/// Checksum of a row of `unsettled`.
pub(super) fn key_crc(entity: i64, seq: i64, index: i64) -> u32 {
    let mut crc = Checksum::default();
    for number in [entity, seq, index] {
        crc.number(Some(number));
    }
    crc.finish()
}
