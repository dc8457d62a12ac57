//! Journals of earlier formats become journals of this build's, in place.
//!
//! Called by the opening, inside the transaction that also checks them: what is refused stays as it was.

use rusqlite::{Connection, Result};

use super::schema::{CREATE_FLOWS, FORMAT};

/// Format 2 knows flows. Checksums of entities stay good: they leave out a flow that is not there.
const FROM_1: &str = "ALTER TABLE entities ADD COLUMN flow TEXT";

/// Brings the tables from this format to [`FORMAT`].
pub(super) fn migrate(connection: &Connection, from: i64) -> Result<()> {
    if from < 2 {
        connection.execute_batch(FROM_1)?;
        connection.execute_batch(CREATE_FLOWS)?;
    }
    connection.execute("UPDATE meta SET value = ?1 WHERE key = 'format'", [FORMAT])?;
    Ok(())
}
