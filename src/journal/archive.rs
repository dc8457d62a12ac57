//! Reading a journal from outside, beside whoever writes it: for `cordboard replay` and the like.
//!
//! Opens the database for reading only: nothing is created, repaired, migrated or locked.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cordboard_actors::journal::{Browse, Browsed, Record};
use cordboard_core::Address;
use rusqlite::Connection;

use super::directory::database_in;
use super::fault::OpenError;
use super::flows;
use super::identity;
use super::opening::open_reader;
use super::reader::{browse, history};
use super::schema::FORMAT;

/// A journal that is only read.
pub struct Archive {
    connection: Connection,
    salt: u64,
    path: PathBuf,
}

impl Archive {
    /// Opens the journal in this directory.
    ///
    /// # Errors
    /// When there is none, or none that this build reads as it is.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = database_in(directory);
        if let Err(source) = std::fs::metadata(&path) {
            return Err(OpenError::Io {
                path,
                action: "found",
                source: Box::new(source),
            });
        }
        let connection = open_reader(&path)?;
        let identity = identity::check(&connection, &path)?;
        if identity.format != FORMAT {
            let why = format!(
                "it has format {}; `cordboard serve` brings it to {FORMAT} when it starts",
                identity.format
            );
            return Err(OpenError::Io {
                path,
                action: "read as it is",
                source: Box::new(io::Error::new(io::ErrorKind::Unsupported, why)),
            });
        }
        Ok(Self {
            connection,
            salt: identity.salt,
            path,
        })
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Part of every command id.
    pub fn salt(&self) -> u64 {
        self.salt
    }

    /// Every kept record of an entity, oldest first; none for an unknown one.
    ///
    /// # Errors
    /// Says what cannot be read.
    pub fn history(&self, address: &Address) -> Result<Vec<Record>, String> {
        history(&self.connection, address)
    }

    /// The flow file of this hash; none for an unknown one.
    ///
    /// # Errors
    /// Says what cannot be read.
    pub fn flow(&self, hash: &str) -> Result<Option<Bytes>, String> {
        flows::stored(&self.connection, hash)
    }

    /// One page of entities, newest first, each with its last record.
    ///
    /// # Errors
    /// Says what cannot be read.
    pub fn browse(&self, page: Browse) -> Result<Vec<Browsed>, String> {
        browse(&self.connection, page)
    }
}
