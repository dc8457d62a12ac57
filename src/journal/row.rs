//! A record and an entity as rows, and the checksum over every field of theirs.
//!
//! Records are encoded by whoever appends, on many cores, and decoded by whoever loads; the writer only binds them.

use bytes::Bytes;
use cordboard_actors::journal::{Append, Record};
use cordboard_core::{Address, EventId, PhoneNumber, Timestamp};
use rusqlite::Row;
use thiserror::Error;

/// What the writer needs of an append, ready to be bound.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) address: String,
    pub(super) handles: String,
    pub(super) cause: String,
    pub(super) effects: String,
    /// Goes into the column `trace_parent`, which format 1 made for such a thing and nobody ever filled.
    pub(super) witnessed: Option<String>,
    pub(super) crc: u32,
}

/// Why a row is no record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Its bytes changed.
    #[error("the checksum of record {seq} of {whose} does not fit")]
    Checksum { whose: String, seq: u64 },
    /// Its bytes are as written, but this build does not understand them.
    #[error("record {seq} of {whose} (format {format}) is not understood: {why}")]
    Meaning {
        whose: String,
        seq: u64,
        format: i64,
        why: String,
    },
}

impl Encoded {
    pub(super) fn of(append: &Append) -> Result<Self, serde_json::Error> {
        let record = &append.record;
        let (address, cause, effects) = (
            record.address.to_string(),
            serde_json::to_string(&record.cause)?,
            serde_json::to_string(&record.effects)?,
        );
        let witnessed = record.witnessed.as_ref().map(serde_json::to_string).transpose()?;
        let event = append.event.as_ref().map(EventId::as_str);
        let crc = Fields {
            address: &address,
            seq: record.seq.cast_signed(),
            at: micros(record.at),
            incarnation: record.incarnation.cast_signed(),
            format: i64::from(record.format),
            event,
            receipt: record.receipt.as_deref(),
            trace_parent: witnessed.as_deref(),
            cause: &cause,
            effects: &effects,
            state: &record.state,
        }
        .crc();
        Ok(Self {
            handles: serde_json::to_string(&append.handles)?,
            address,
            cause,
            effects,
            witnessed,
            crc,
        })
    }
}

/// Every field of a record, borrowed.
struct Fields<'a> {
    address: &'a str,
    seq: i64,
    at: i64,
    incarnation: i64,
    format: i64,
    event: Option<&'a str>,
    receipt: Option<&'a [u8]>,
    trace_parent: Option<&'a str>,
    cause: &'a str,
    effects: &'a str,
    state: &'a [u8],
}

impl Fields<'_> {
    fn crc(&self) -> u32 {
        let mut crc = Checksum::default();
        crc.text(Some(self.address));
        for number in [self.seq, self.at, self.incarnation, self.format] {
            crc.number(Some(number));
        }
        crc.text(self.event);
        crc.bytes(self.receipt);
        crc.text(self.trace_parent);
        crc.text(Some(self.cause));
        crc.text(Some(self.effects));
        crc.bytes(Some(self.state));
        crc.finish()
    }
}

/// CRC32 over fields, each with its length, so that no two lists of fields look alike.
#[derive(Default)]
pub(super) struct Checksum(crc32fast::Hasher);

impl Checksum {
    pub(super) fn number(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.bytes(Some(&number.to_le_bytes())),
            None => self.bytes(None),
        }
    }

    pub(super) fn text(&mut self, text: Option<&str>) {
        self.bytes(text.map(str::as_bytes));
    }

    pub(super) fn bytes(&mut self, bytes: Option<&[u8]>) {
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        self.0.update(&length.to_le_bytes());
        self.0.update(bytes.unwrap_or_default());
    }

    pub(super) fn finish(self) -> u32 {
        self.0.finalize()
    }
}

/// A row of `records`, not yet believed.
#[derive(Debug)]
pub(super) struct RecordRow {
    pub(super) seq: i64,
    at: i64,
    incarnation: i64,
    format: i64,
    crc: u32,
    event: Option<String>,
    receipt: Option<Vec<u8>>,
    trace_parent: Option<String>,
    cause: String,
    effects: String,
    state: Vec<u8>,
}

impl RecordRow {
    /// The columns that [`Self::read`] expects, in its order, from `records AS r`.
    pub(super) const COLUMNS: &str = "r.seq, r.at, r.incarnation, r.format, r.crc, r.event, r.receipt, \
                                      r.trace_parent, r.cause, r.effects, r.state";

    pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(from)?,
            at: row.get(from + 1)?,
            incarnation: row.get(from + 2)?,
            format: row.get(from + 3)?,
            crc: row.get(from + 4)?,
            event: row.get(from + 5)?,
            receipt: row.get(from + 6)?,
            trace_parent: row.get(from + 7)?,
            cause: row.get(from + 8)?,
            effects: row.get(from + 9)?,
            state: row.get(from + 10)?,
        })
    }

    /// Checks the bytes, not their meaning.
    pub(super) fn check(&self, address: &str) -> Result<(), Unreadable> {
        let fields = Fields {
            address,
            seq: self.seq,
            at: self.at,
            incarnation: self.incarnation,
            format: self.format,
            event: self.event.as_deref(),
            receipt: self.receipt.as_deref(),
            trace_parent: self.trace_parent.as_deref(),
            cause: &self.cause,
            effects: &self.effects,
            state: &self.state,
        };
        if fields.crc() == self.crc {
            Ok(())
        } else {
            let (whose, seq) = (masked(address), self.seq.cast_unsigned());
            Err(Unreadable::Checksum { whose, seq })
        }
    }

    /// Checks the bytes and reads them.
    pub(super) fn into_record(self, address: &Address) -> Result<Record, Unreadable> {
        self.check(&address.to_string())?;
        let unread = |error: String| Unreadable::Meaning {
            whose: masked(&address.to_string()),
            seq: self.seq.cast_unsigned(),
            format: self.format,
            why: error,
        };
        Ok(Record {
            address: address.clone(),
            incarnation: self.incarnation.cast_unsigned(),
            seq: self.seq.cast_unsigned(),
            at: timestamp(self.at),
            cause: serde_json::from_str(&self.cause).map_err(|error| unread(place(&error)))?,
            effects: serde_json::from_str(&self.effects).map_err(|error| unread(place(&error)))?,
            format: u16::try_from(self.format).map_err(|_| unread("no such format".into()))?,
            receipt: self.receipt.map(Bytes::from),
            state: Bytes::from(self.state),
            // Only spans are made of it: what this build does not understand costs them their waits.
            witnessed: self
                .trace_parent
                .and_then(|json| serde_json::from_str(&json).ok()),
        })
    }
}

/// Where reading stopped. serde's own text may quote what it read, and that may be a caller's number.
fn place(error: &serde_json::Error) -> String {
    format!("{:?} error at byte {}", error.classify(), error.column())
}

/// A row of `entities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntityRow {
    pub(super) id: i64,
    pub(super) address: String,
    pub(super) first: i64,
    pub(super) seq: i64,
    pub(super) incarnation: i64,
    pub(super) terminal: bool,
    pub(super) deadline: Option<i64>,
    pub(super) handles: String,
    pub(super) updated: i64,
    pub(super) crc: u32,
    pub(super) flow: Option<String>,
}

impl EntityRow {
    /// The columns that [`Self::read`] expects, in its order, from `entities AS e`.
    pub(super) const COLUMNS: &str = "e.id, e.address, e.first, e.seq, e.incarnation, e.terminal, e.deadline, \
                                      e.handles, e.updated, e.crc, e.flow";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            address: row.get(1)?,
            first: row.get(2)?,
            seq: row.get(3)?,
            incarnation: row.get(4)?,
            terminal: row.get(5)?,
            deadline: row.get(6)?,
            handles: row.get(7)?,
            updated: row.get(8)?,
            crc: row.get(9)?,
            flow: row.get(10)?,
        })
    }

    /// The checksum that fits the other fields. Without a flow it is that of format 1.
    pub(super) fn fitting_crc(&self) -> u32 {
        let mut crc = Checksum::default();
        crc.text(Some(&self.address));
        crc.text(Some(&self.handles));
        for number in [
            self.id,
            self.first,
            self.seq,
            self.incarnation,
            i64::from(self.terminal),
            self.updated,
        ] {
            crc.number(Some(number));
        }
        crc.number(self.deadline);
        if self.flow.is_some() {
            crc.text(self.flow.as_deref());
        }
        crc.finish()
    }
}

/// `call`, `conference` or `sms`: the part of a stored address before the colon.
pub(super) fn kind(address: &str) -> &str {
    address.split_once(':').map_or("", |(kind, _)| kind)
}

/// The address as a log line may show it: a sending number is a phone number.
pub(super) fn masked(address: &str) -> String {
    match address.split_once(':') {
        Some(("sms", number)) => format!("sms:{}", PhoneNumber::new(number)),
        _ => address.to_owned(),
    }
}

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_micros().cast_signed()
}

pub(super) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros.cast_unsigned())
}
