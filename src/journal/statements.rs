//! The statements of the writer: what an append, a settlement and a load are in SQL.
//!
//! Called inside the writer's transaction; the caller keeps the [`super::books::Books`].

use std::sync::LazyLock;
use std::time::Duration;

use cordboard_actors::journal::{Append, EffectKey, Record};
use cordboard_core::EventId;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::books::Books;
use super::row::{Encoded, EntityRow, RecordRow, kind, micros};

static ENTITY_OF: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM entities AS e WHERE e.address = ?1",
        EntityRow::COLUMNS
    )
});
static ENTITY_BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM entities AS e WHERE e.id = ?1", EntityRow::COLUMNS));
static LAST_RECORD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM records AS r WHERE r.entity = ?1 AND r.seq = ?2",
        RecordRow::COLUMNS
    )
});
const INSERT_RECORD: &str =
    "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const INSERT_ENTITY: &str = "INSERT INTO entities VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
/// Without `terminal` and `flow`: naming those columns would rewrite the partial indexes on every append.
const UPDATE_ENTITY: &str = "UPDATE entities SET seq = ?2, incarnation = ?3, deadline = ?4, handles = ?5, \
                             updated = ?6, crc = ?7 WHERE id = ?1";
const UPDATE_TERMINAL: &str = "UPDATE entities SET terminal = ?2 WHERE id = ?1";
const UPDATE_FLOW: &str = "UPDATE entities SET flow = ?2 WHERE id = ?1";
const NEXT_ENTITY: &str = "SELECT coalesce(max(id), 0) + 1 FROM entities";
/// The first record that contains an event keeps it.
const INSERT_EVENT: &str = "INSERT OR IGNORE INTO events VALUES (?1, ?2, ?3)";
const INSERT_UNSETTLED: &str = "INSERT OR IGNORE INTO unsettled VALUES (?1, ?2, ?3)";
const DELETE_UNSETTLED: &str = "DELETE FROM unsettled WHERE entity = ?1 AND seq = ?2 AND idx = ?3";
const EVENTS_OF: &str = "SELECT event, receipt, at FROM records WHERE entity = ?1 ORDER BY seq DESC";
/// The entity's row, if it has one.
pub(super) fn entity(connection: &Connection, address: &str) -> Result<Option<EntityRow>> {
    connection
        .prepare_cached(&ENTITY_OF)?
        .query_row([address], EntityRow::read)
        .optional()
}

/// The row of an entity that is known to exist.
pub(super) fn entity_by_id(connection: &Connection, id: i64) -> Result<EntityRow> {
    connection
        .prepare_cached(&ENTITY_BY_ID)?
        .query_row([id], EntityRow::read)
}

/// Writes one append whose seq is known to fit.
pub(super) fn append(
    connection: &Connection,
    books: &mut Books,
    known: Option<&EntityRow>,
    append: &Append,
    encoded: &Encoded,
) -> Result<()> {
    let record = &append.record;
    let id = match known {
        Some(known) => known.id,
        None => next_entity(connection)?,
    };
    books.position += 1;
    insert_record(connection, books.position, id, append, encoded)?;
    write_entity(connection, books, known, id, append, encoded)?;
    if let Some(event) = &append.event {
        connection.prepare_cached(INSERT_EVENT)?.execute(params![
            event.as_str(),
            id,
            record.seq.cast_signed()
        ])?;
    }
    if let Some(key) = &append.settles {
        if key.address == record.address {
            delete_unsettled(connection, books, id, key)?;
        } else {
            settle(connection, books, key)?;
        }
    }
    let mut unsettled = connection.prepare_cached(INSERT_UNSETTLED)?;
    for (index, effect) in (0_i64..).zip(&record.effects) {
        if effect.is_owed() {
            let seq = record.seq.cast_signed();
            if unsettled.execute([id, seq, index])? == 1 {
                books.owes(id, seq, index, append.terminal);
            }
        }
    }
    Ok(())
}

/// Marks an effect as settled; nothing happens for one that is unknown or settled.
pub(super) fn settle(connection: &Connection, books: &mut Books, key: &EffectKey) -> Result<()> {
    match entity(connection, &key.address.to_string())? {
        Some(owner) => delete_unsettled(connection, books, owner.id, key),
        None => Ok(()),
    }
}

/// What an actor wakes with: the last record, the events in all records with their answers. A room or a number has
/// records of a whole day; of its events, those of `room_dedupe` before its last record.
pub(super) fn load(
    connection: &Connection,
    address: &str,
    room_dedupe: Duration,
) -> Result<Option<LoadedRows>> {
    let Some(entity) = entity(connection, address)? else {
        return Ok(None);
    };
    let last = connection
        .prepare_cached(&LAST_RECORD)?
        .query_row([entity.id, entity.seq], |row| RecordRow::read(row, 0))
        .optional()?;
    let events = events(connection, &entity, room_dedupe)?;
    Ok(Some(LoadedRows { entity, last, events }))
}

/// [`load`]'s answer, not yet believed.
#[derive(Debug)]
pub(super) struct LoadedRows {
    pub(super) entity: EntityRow,
    pub(super) last: Option<RecordRow>,
    pub(super) events: Vec<EventRow>,
}

/// An event and the answer that it got.
pub(super) type EventRow = (String, Option<Vec<u8>>);

/// Oldest first.
fn events(connection: &Connection, entity: &EntityRow, room_dedupe: Duration) -> Result<Vec<EventRow>> {
    let since = match kind(&entity.address) {
        "call" => i64::MIN,
        _ => {
            let memory = i64::try_from(room_dedupe.as_micros()).unwrap_or(i64::MAX);
            entity.updated.saturating_sub(memory)
        }
    };
    let mut statement = connection.prepare_cached(EVENTS_OF)?;
    let mut rows = statement.query([entity.id])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(2)? < since {
            break;
        }
        if let Some(event) = row.get(0)? {
            events.push((event, row.get(1)?));
        }
    }
    events.reverse();
    Ok(events)
}

fn next_entity(connection: &Connection) -> Result<i64> {
    connection
        .prepare_cached(NEXT_ENTITY)?
        .query_row([], |row| row.get(0))
}

fn insert_record(
    connection: &Connection,
    position: i64,
    entity: i64,
    append: &Append,
    encoded: &Encoded,
) -> Result<()> {
    let record: &Record = &append.record;
    connection.prepare_cached(INSERT_RECORD)?.execute(params![
        position,
        entity,
        record.seq.cast_signed(),
        micros(record.at),
        record.incarnation.cast_signed(),
        record.format,
        encoded.crc,
        append.event.as_ref().map(EventId::as_str),
        record.receipt.as_deref(),
        encoded.witnessed,
        encoded.cause,
        encoded.effects,
        &record.state[..],
    ])?;
    Ok(())
}

fn write_entity(
    connection: &Connection,
    books: &mut Books,
    known: Option<&EntityRow>,
    id: i64,
    append: &Append,
    encoded: &Encoded,
) -> Result<()> {
    let record = &append.record;
    let mut row = EntityRow {
        id,
        address: encoded.address.clone(),
        first: known.map_or(1, |known| known.first),
        seq: record.seq.cast_signed(),
        incarnation: record.incarnation.cast_signed(),
        terminal: append.terminal,
        deadline: append.deadline.map(micros),
        handles: encoded.handles.clone(),
        updated: micros(record.at),
        crc: 0,
        flow: append.flow.clone(),
    };
    row.crc = row.fitting_crc();
    books.changed(known, &row);
    let Some(known) = known else {
        connection.prepare_cached(INSERT_ENTITY)?.execute(params![
            row.id,
            row.address,
            kind(&row.address),
            row.first,
            row.seq,
            row.incarnation,
            row.terminal,
            row.deadline,
            row.handles,
            row.updated,
            row.crc,
            row.flow,
        ])?;
        return Ok(());
    };
    connection.prepare_cached(UPDATE_ENTITY)?.execute(params![
        row.id,
        row.seq,
        row.incarnation,
        row.deadline,
        row.handles,
        row.updated,
        row.crc,
    ])?;
    if known.terminal != row.terminal {
        connection
            .prepare_cached(UPDATE_TERMINAL)?
            .execute(params![row.id, row.terminal])?;
    }
    if known.flow != row.flow {
        connection
            .prepare_cached(UPDATE_FLOW)?
            .execute(params![row.id, row.flow])?;
    }
    Ok(())
}

fn delete_unsettled(connection: &Connection, books: &mut Books, entity: i64, key: &EffectKey) -> Result<()> {
    let (seq, index) = (key.seq.cast_signed(), i64::from(key.index));
    let deleted = connection
        .prepare_cached(DELETE_UNSETTLED)?
        .execute([entity, seq, index])?;
    if deleted == 1 {
        books.settled(entity, seq, index);
    }
    Ok(())
}
