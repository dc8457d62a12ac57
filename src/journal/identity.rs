//! What a journal is: ours, of which format, begun when, with which salt. Written once, checked at every start.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::time::SystemTime;

use rusqlite::{Connection, Result, params};

use super::fault::OpenError;
use super::opening::{classed, damaged};
use super::row::Checksum;
use super::schema::{APPLICATION_ID, CREATE, CREATE_FLOWS, FORMAT};

/// The first release's.
const OLDEST_FORMAT: i64 = 1;
const INSERT: &str = "INSERT INTO meta VALUES ('format', ?1), ('created', ?2), ('created_by', ?3), ('salt', ?4), \
                      ('crc', ?5)";

/// Makes the tables in an empty file, all in one transaction: a file is either empty or a whole journal.
pub(super) fn create(connection: &Connection) -> Result<()> {
    let created = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
        .cast_signed();
    let made_by = concat!("cordboard ", env!("CARGO_PKG_VERSION"));
    // A hasher of std is keyed from the system's randomness; uniqueness is all that is asked of it.
    let salt = RandomState::new().build_hasher().finish().cast_signed();
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; {CREATE} {CREATE_FLOWS}"
    ))?;
    transaction.execute(
        INSERT,
        params![FORMAT, created, made_by, salt, crc(created, salt)],
    )?;
    transaction.commit()
}

/// What a journal says of itself.
pub(super) struct Identity {
    /// Of its tables: ours, or an earlier one.
    pub(super) format: i64,
    /// Part of every command id.
    pub(super) salt: u64,
}

/// Refuses what is not ours or newer than this build.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<Identity, OpenError> {
    let read = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = read("PRAGMA application_id").map_err(|error| classed(path, "read", error))?;
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
            why: format!("its application id is {application:#x}, ours is {APPLICATION_ID:#x}"),
        });
    }
    let fact = |key: &str| {
        read(&format!("SELECT value FROM meta WHERE key = '{key}'"))
            .map_err(|error| damaged(path, format!("its {key} cannot be read: {error}")))
    };
    let (found, known) = (fact("format")?, FORMAT);
    if found > known {
        let path = path.to_owned();
        return Err(OpenError::Newer { path, found, known });
    }
    if found < OLDEST_FORMAT {
        return Err(damaged(
            path,
            format!("it claims format {found}, which never was"),
        ));
    }
    let (created, salt) = (fact("created")?, fact("salt")?);
    if fact("crc")? != i64::from(crc(created, salt)) {
        return Err(damaged(path, "the checksum of its salt does not fit".into()));
    }
    Ok(Identity {
        format: found,
        salt: salt.cast_unsigned(),
    })
}

fn crc(created: i64, salt: i64) -> u32 {
    let mut crc = Checksum::default();
    crc.number(Some(created));
    crc.number(Some(salt));
    crc.finish()
}
