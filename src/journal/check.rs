//! What a start checks before anybody is let in: the books against the tables, every live entity against its last
//! record, every checksum on the way.
//!
//! Called by the opening. Reads only; what it finds wrong is refused, never mended.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result};

use super::books::{Books, key_crc};
use super::fault::OpenError;
use super::flows::fitting_crc;
use super::opening::{classed, damaged};
use super::row::{EntityRow, RecordRow, masked};
use super::schema::{CREATE, CREATE_FLOWS};

const TABLES: &str = "SELECT name, sql FROM sqlite_schema";
const TOP_POSITION: &str = "SELECT coalesce(max(position), 0) FROM records";
const BY_ADDRESS: &str = "SELECT id FROM entities WHERE address = ?1";
const STRAY_EVENT: &str = "SELECT e.seq FROM events AS e LEFT JOIN records AS r ON r.entity = e.entity AND r.seq = e.seq \
                           WHERE r.event IS NOT e.event LIMIT 1";
const UNSETTLED: &str = "SELECT u.entity, u.seq, u.idx, e.id IS NOT NULL AND r.position IS NOT NULL \
                         FROM unsettled AS u LEFT JOIN entities AS e ON e.id = u.entity \
                         LEFT JOIN records AS r ON r.entity = u.entity AND r.seq = u.seq";

/// Reads the books.
pub(super) fn books(connection: &Connection, path: &Path) -> Result<Books, OpenError> {
    Books::read(connection).map_err(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => damaged(path, "its books are missing".into()),
        error => classed(path, "read", error),
    })
}

/// Everything else; `thorough` reads every page and index, not only what is open.
pub(super) fn content(
    connection: &Connection,
    path: &Path,
    books: &Books,
    thorough: bool,
) -> Result<(), OpenError> {
    let checked = || -> Result<Option<String>> {
        if let Some(why) = tables(connection)? {
            return Ok(Some(why));
        }
        if thorough && let Some(why) = integrity(connection)? {
            return Ok(Some(why));
        }
        if let Some(why) = positions(connection, books)? {
            return Ok(Some(why));
        }
        let flows = match flows(connection)? {
            Ok(flows) => flows,
            Err(why) => return Ok(Some(why)),
        };
        if let Some(why) = live(connection, books, &flows)? {
            return Ok(Some(why));
        }
        if let Some(why) = unsettled(connection, books)? {
            return Ok(Some(why));
        }
        if thorough { events(connection) } else { Ok(None) }
    };
    match checked() {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err(damaged(path, why)),
        Err(error) => Err(classed(path, "read", error)),
    }
}

/// Every table and index of ours, as this build would make it; others may be beside them.
fn tables(connection: &Connection) -> Result<Option<String>> {
    let model = Connection::open_in_memory()?;
    model.execute_batch(CREATE)?;
    model.execute_batch(CREATE_FLOWS)?;
    let found: HashSet<_> = declared(connection)?.into_iter().collect();
    for table in declared(&model)? {
        if !found.contains(&table) {
            return Ok(Some(format!(
                "the table or index {} is not there as it was made",
                table.0
            )));
        }
    }
    Ok(None)
}

/// Names and declarations, apart from white space: a migration sets it differently.
fn declared(connection: &Connection) -> Result<Vec<(String, Option<String>)>> {
    let mut statement = connection.prepare(TABLES)?;
    let rows = statement.query_map([], |row| {
        let sql: Option<String> = row.get(1)?;
        let sql: Option<String> = sql.map(|sql| sql.split_whitespace().collect());
        Ok((row.get(0)?, sql))
    })?;
    rows.collect()
}

fn integrity(connection: &Connection) -> Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

/// The index of all events against the records.
fn events(connection: &Connection) -> Result<Option<String>> {
    let stray: Option<i64> = connection
        .query_row(STRAY_EVENT, [], |row| row.get(0))
        .optional()?;
    Ok(stray.map(|seq| format!("an event is said to be in record {seq}, which does not contain it")))
}

fn positions(connection: &Connection, books: &Books) -> Result<Option<String>> {
    let top: i64 = connection.query_row(TOP_POSITION, [], |row| row.get(0))?;
    let ahead = top > books.position;
    Ok(ahead.then(|| format!("record {top} exists, but its books end at {}", books.position)))
}

/// Hashes of the flow files, each whole; or what is wrong with one.
fn flows(connection: &Connection) -> Result<Result<HashSet<String>, String>> {
    let mut statement = connection.prepare("SELECT hash, crc, bytes FROM flows")?;
    let mut rows = statement.query([])?;
    let mut flows = HashSet::new();
    while let Some(row) = rows.next()? {
        let (hash, crc): (String, u32) = (row.get(0)?, row.get(1)?);
        if crc != fitting_crc(&hash, &row.get::<_, Vec<u8>>(2)?) {
            return Ok(Err(format!("the checksum of flow {hash} does not fit")));
        }
        flows.insert(hash);
    }
    Ok(Ok(flows))
}

/// Each live entity: its row as written, found by its address, and its newest record there, whole, with its seq.
fn live(connection: &Connection, books: &Books, flows: &HashSet<String>) -> Result<Option<String>> {
    let sql = format!(
        "SELECT {}, {} FROM entities AS e LEFT JOIN records AS r ON r.entity = e.id AND r.seq = \
         (SELECT max(seq) FROM records WHERE entity = e.id) WHERE e.terminal = 0",
        EntityRow::COLUMNS,
        RecordRow::COLUMNS
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut count, mut digest) = (0, 0);
    while let Some(row) = rows.next()? {
        let entity = EntityRow::read(row)?;
        let whose = || masked(&entity.address);
        if entity.crc != entity.fitting_crc() {
            return Ok(Some(format!(
                "the checksum of the entry of {} does not fit",
                whose()
            )));
        }
        (count, digest) = (count + 1, digest ^ entity.crc);
        if let Some(flow) = entity.flow.as_ref().filter(|flow| !flows.contains(*flow)) {
            return Ok(Some(format!("flow {flow} of {} is missing", whose())));
        }
        let newest: Option<i64> = row.get(FIRST_RECORD_COLUMN)?;
        if newest != Some(entity.seq) {
            let newest = newest.map_or_else(|| "none".into(), |seq| seq.to_string());
            return Ok(Some(format!(
                "the newest record of {} is {newest}, expected {}",
                whose(),
                entity.seq
            )));
        }
        if let Err(unreadable) = RecordRow::read(row, FIRST_RECORD_COLUMN)?.check(&entity.address) {
            return Ok(Some(unreadable.to_string()));
        }
        let found: i64 = connection
            .prepare_cached(BY_ADDRESS)?
            .query_row([&entity.address], |row| row.get(0))?;
        if found != entity.id {
            return Ok(Some(format!("{} has two entries", whose())));
        }
    }
    let agrees = count == books.live && digest == books.live_digest;
    Ok((!agrees).then(|| format!("{count} live entities were found, its books have {}", books.live)))
}

/// `r.seq` of [`RecordRow::COLUMNS`] behind [`EntityRow::COLUMNS`].
const FIRST_RECORD_COLUMN: usize = 11;

fn unsettled(connection: &Connection, books: &Books) -> Result<Option<String>> {
    let mut statement = connection.prepare(UNSETTLED)?;
    let mut rows = statement.query([])?;
    let (mut count, mut digest) = (0, 0);
    while let Some(row) = rows.next()? {
        let (entity, seq, index) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if !row.get::<_, bool>(3)? {
            return Ok(Some(format!(
                "unsettled effect {index} belongs to record {seq}, which is not there"
            )));
        }
        (count, digest) = (count + 1, digest ^ key_crc(entity, seq, index));
    }
    let agrees = count == books.unsettled && digest == books.unsettled_digest;
    Ok((!agrees).then(|| {
        format!(
            "{count} unsettled effects were found, its books have {}",
            books.unsettled
        )
    }))
}
