//! Reading beside the writer: what a start needs, the history of one entity, whether an event is known.
//!
//! Two connections that only read: one for long reads on blocking threads, one for single look-ups, so that these
//! never wait for those. They see what is committed, and only that.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use cordboard_actors::journal::{AppendError, Browse, Browsed, EffectKey, Owed, Record, Sleeper};
use cordboard_core::{Address, EventId};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::OpenError;
use super::opening::open_reader;
use super::row::{EntityRow, RecordRow, masked, timestamp};
use super::statements;

const CONTAINS: &str = "SELECT 1 FROM events WHERE event = ?1";

static SINCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT e.address, r.position, {} FROM records AS r LEFT JOIN entities AS e ON e.id = r.entity \
         WHERE r.position > ?1 ORDER BY r.position LIMIT ?2",
        RecordRow::COLUMNS
    )
});

/// The two connections.
pub(super) struct Reader {
    long: Arc<Mutex<Connection>>,
    short: Mutex<Connection>,
}

/// Why something could not be read, for people.
pub(super) type Unread = String;

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            long: Arc::new(Mutex::new(open_reader(path)?)),
            short: Mutex::new(open_reader(path)?),
        })
    }

    pub(super) fn contains(&self, event: &EventId) -> bool {
        let connection = lock(&self.short);
        let found = connection
            .prepare_cached(CONTAINS)
            .and_then(|mut statement| statement.query_row([event.as_str()], |_| Ok(())).optional());
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "the journal cannot be asked for an event");
            None
        }) == Some(())
    }

    pub(super) async fn sleepers(&self) -> Result<Vec<Sleeper>, AppendError> {
        self.read(sleepers).await
    }

    pub(super) async fn owed(&self) -> Result<Vec<Owed>, AppendError> {
        self.read(owed).await
    }

    pub(super) async fn history(&self, address: &Address) -> Result<Vec<Record>, AppendError> {
        let address = address.clone();
        self.read(move |connection| history(connection, &address)).await
    }

    pub(super) async fn since(&self, position: u64, limit: usize) -> Result<Vec<(u64, Record)>, AppendError> {
        self.read(move |connection| since(connection, position, limit))
            .await
    }

    pub(super) async fn browse(&self, page: Browse) -> Result<Vec<Browsed>, AppendError> {
        self.read(move |connection| browse(connection, page)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Unread> + Send + 'static,
    ) -> Result<T, AppendError> {
        let connection = Arc::clone(&self.long);
        let reading = tokio::task::spawn_blocking(move || read(&lock(&connection)));
        match reading.await {
            Ok(answer) => answer.map_err(AppendError::Unavailable),
            Err(error) => Err(AppendError::Unavailable(format!(
                "reading was broken off: {error}"
            ))),
        }
    }
}

/// A connection has no state of ours that a panic could leave half changed.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sleepers(connection: &Connection) -> Result<Vec<Sleeper>, Unread> {
    let read = || -> rusqlite::Result<Vec<EntityRow>> {
        let columns = EntityRow::COLUMNS;
        let mut statement = connection.prepare(&format!(
            "SELECT {columns} FROM entities AS e WHERE e.terminal = 0 UNION ALL SELECT {columns} FROM entities AS e \
             WHERE e.terminal = 1 AND e.id IN (SELECT entity FROM unsettled)"
        ))?;
        statement.query_map([], EntityRow::read)?.collect()
    };
    let rows = read().map_err(|error| format!("the open entities cannot be read: {error}"))?;
    rows.into_iter().map(sleeper).collect()
}

fn sleeper(row: EntityRow) -> Result<Sleeper, Unread> {
    let broken = |what: &str| format!("the entry of {} is damaged: {what}", masked(&row.address));
    if row.crc != row.fitting_crc() {
        return Err(broken("its checksum does not fit"));
    }
    Ok(Sleeper {
        address: Address::parse(&row.address).ok_or_else(|| broken("no such kind of address"))?,
        deadline: row.deadline.map(timestamp),
        handles: serde_json::from_str(&row.handles).map_err(|_| broken("its handles are not understood"))?,
    })
}

fn owed(connection: &Connection) -> Result<Vec<Owed>, Unread> {
    let read = || -> rusqlite::Result<Vec<(String, i64, RecordRow)>> {
        let mut statement = connection.prepare(&format!(
            "SELECT e.address, u.idx, {} FROM unsettled AS u JOIN entities AS e ON e.id = u.entity \
             JOIN records AS r ON r.entity = u.entity AND r.seq = u.seq ORDER BY r.position, u.idx",
            RecordRow::COLUMNS
        ))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, RecordRow::read(row, 2)?)))?;
        rows.collect()
    };
    let rows = read().map_err(|error| format!("the unsettled effects cannot be read: {error}"))?;
    rows.into_iter()
        .map(|(address, index, row)| {
            let broken =
                |what: &str| format!("an unsettled effect of {} is damaged: {what}", masked(&address));
            let address = Address::parse(&address).ok_or_else(|| broken("no such kind of address"))?;
            let mut record = row
                .into_record(&address)
                .map_err(|error| broken(&error.to_string()))?;
            let index = u32::try_from(index).map_err(|_| broken("its index is no index"))?;
            let place = usize::try_from(index).unwrap_or(usize::MAX);
            if place >= record.effects.len() {
                return Err(broken("its record has no such effect"));
            }
            Ok(Owed {
                effect: record.effects.swap_remove(place),
                key: EffectKey {
                    address,
                    seq: record.seq,
                    index,
                },
                incarnation: record.incarnation,
                since: record.at,
            })
        })
        .collect()
}

/// One page of entities with their last records. The state of being over is part of the text, not a parameter: only
/// so SQLite uses the index of the live ones.
pub(super) fn browse(connection: &Connection, page: Browse) -> Result<Vec<Browsed>, Unread> {
    let read = || -> rusqlite::Result<Vec<(i64, String, RecordRow)>> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT e.id, e.address, {} FROM entities AS e JOIN records AS r ON r.entity = e.id AND r.seq = e.seq \
             WHERE e.terminal = {} AND e.kind = ?1 AND e.id < ?2 ORDER BY e.id DESC LIMIT ?3",
            RecordRow::COLUMNS,
            i32::from(page.over)
        ))?;
        let before = page
            .before
            .map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let most = i64::try_from(page.most).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![page.kind, before, most], |row| {
            Ok((row.get(0)?, row.get(1)?, RecordRow::read(row, 2)?))
        })?;
        rows.collect()
    };
    let rows = read().map_err(|error| format!("the list cannot be read: {error}"))?;
    rows.into_iter()
        .map(|(number, address, row)| {
            let broken = |what: &str| format!("the entry of {} is damaged: {what}", masked(&address));
            let parsed = Address::parse(&address).ok_or_else(|| broken("no such kind of address"))?;
            let last = row
                .into_record(&parsed)
                .map_err(|error| broken(&error.to_string()))?;
            let number = number.cast_unsigned();
            Ok(Browsed { number, last })
        })
        .collect()
}

/// Every record that is kept, without a gap from the entity's first to its last.
pub(super) fn history(connection: &Connection, address: &Address) -> Result<Vec<Record>, Unread> {
    let text = address.to_string();
    let read = || -> rusqlite::Result<Option<(EntityRow, Vec<RecordRow>)>> {
        let snapshot = connection.unchecked_transaction()?;
        let Some(entity) = statements::entity(&snapshot, &text)? else {
            return Ok(None);
        };
        let mut statement = snapshot.prepare(&format!(
            "SELECT {} FROM records AS r WHERE r.entity = ?1 ORDER BY r.seq",
            RecordRow::COLUMNS
        ))?;
        let rows = statement.query_map([entity.id], |row| RecordRow::read(row, 0))?;
        let rows = rows.collect::<rusqlite::Result<_>>()?;
        Ok(Some((entity, rows)))
    };
    let found =
        read().map_err(|error| format!("the history of {} cannot be read: {error}", masked(&text)))?;
    let Some((entity, rows)) = found else {
        return Ok(Vec::new());
    };
    let kept = rows.iter().map(|row| row.seq);
    if entity.crc != entity.fitting_crc() || !kept.eq(entity.first..=entity.seq) {
        let whose = masked(&text);
        return Err(format!(
            "the history of {whose} is damaged: records or its entry are missing"
        ));
    }
    rows.into_iter()
        .map(|row| row.into_record(address).map_err(|error| error.to_string()))
        .collect()
}

/// Records behind a position. SQLite's numbers are signed: what is past the largest is past every record.
fn since(connection: &Connection, position: u64, limit: usize) -> Result<Vec<(u64, Record)>, Unread> {
    let after = i64::try_from(position).unwrap_or(i64::MAX);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = || -> rusqlite::Result<Vec<(Option<String>, i64, RecordRow)>> {
        let mut statement = connection.prepare_cached(&SINCE)?;
        let rows = statement.query_map([after, most], |row| {
            Ok((row.get(0)?, row.get(1)?, RecordRow::read(row, 2)?))
        })?;
        rows.collect()
    };
    let rows = read().map_err(|error| format!("the records after {position} cannot be read: {error}"))?;
    rows.into_iter()
        .map(|(address, position, row)| {
            let address = address
                .and_then(|address| Address::parse(&address))
                .ok_or_else(|| format!("record {position} has no address that this build knows"))?;
            let record = row.into_record(&address).map_err(|error| error.to_string())?;
            Ok((position.cast_unsigned(), record))
        })
        .collect()
}
