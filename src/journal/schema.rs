//! The tables, as SQL, and how a connection is set up. Every statement of the journal is in this folder's `schema`,
//! `statements` and `retention`; nobody else speaks SQL to this database.

/// `application_id` of the database: "CBJ1".
pub(super) const APPLICATION_ID: i64 = 0x4342_4a31;

/// Format of the tables that this build writes and the newest that it reads.
pub(super) const FORMAT: i64 = 2;

/// Two connections that checkpoint could lose records before this version.
pub(super) const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");

/// The writer's connection, before anything is in the file. `auto_vacuum` counts only there.
pub(super) const SET_UP: &str = "
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = 67108864;
PRAGMA mmap_size = 0;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -65536;
";

/// A connection that only reads.
pub(super) const SET_UP_READER: &str = "
PRAGMA query_only = ON;
PRAGMA mmap_size = 0;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
";

/// Copies what no reader still needs, waits for nobody.
pub(super) const COPY_LOG: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Copies everything and leaves an empty log behind.
pub(super) const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Everything but [`CREATE_FLOWS`], in an empty file. Times are microseconds since the epoch; 64-bit unsigned numbers are stored with
/// their bits as they are.
pub(super) const CREATE: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE books (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    live INTEGER NOT NULL,
    live_digest INTEGER NOT NULL,
    unsettled INTEGER NOT NULL,
    unsettled_digest INTEGER NOT NULL
);
CREATE TABLE entities (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    first INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    deadline INTEGER,
    handles TEXT NOT NULL,
    updated INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    flow TEXT
);
CREATE INDEX entities_live ON entities (id) WHERE terminal = 0;
CREATE INDEX entities_ended ON entities (updated) WHERE terminal = 1 AND kind = 'call';
CREATE INDEX entities_lasting ON entities (id) WHERE kind <> 'call';
CREATE TABLE records (
    position INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    format INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    event TEXT,
    receipt BLOB,
    trace_parent TEXT,
    cause TEXT NOT NULL,
    effects TEXT NOT NULL,
    state BLOB NOT NULL
);
CREATE UNIQUE INDEX records_of ON records (entity, seq);
CREATE TABLE events (event TEXT PRIMARY KEY, entity INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE unsettled (
    entity INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (entity, seq, idx)
) WITHOUT ROWID;
INSERT INTO books VALUES (1, 0, 0, 0, 0, 0);
";

/// What format 2 added beside the column `entities.flow`.
pub(super) const CREATE_FLOWS: &str = "
CREATE INDEX entities_flow ON entities (flow) WHERE flow IS NOT NULL;
CREATE TABLE flows (hash TEXT PRIMARY KEY, crc INTEGER NOT NULL, bytes BLOB NOT NULL);
";
