//! The tables and views of the books, once, for both databases. What a column means is said in `docs/records.md`.
//!
//! Tables are made as they stand here, views anew at every start. Whoever changes a table raises [`FORMAT`] and brings
//! older tables to it.

/// Format of the tables that this build writes.
pub(super) const FORMAT: i64 = 1;

/// What the databases call things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The text with `{words}` in this dialect.
    pub(super) fn render(self, text: &str) -> String {
        let words: [(&str, &str); 9] = match self {
            Self::Sqlite => [
                ("{id}", "INTEGER PRIMARY KEY"),
                ("{int}", "INTEGER"),
                ("{bool}", "INTEGER"),
                ("{time}", "TEXT"),
                ("{ms(", "CAST(round((julianday("),
                (")-(", ") - julianday("),
                (")ms}", ")) * 86400000.0) AS INTEGER)"),
                ("{day(", "substr("),
                (")day}", ", 1, 10)"),
            ],
            Self::Postgres => [
                ("{id}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
                ("{int}", "BIGINT"),
                ("{bool}", "BOOLEAN"),
                ("{time}", "TIMESTAMPTZ"),
                ("{ms(", "CAST(round(extract(epoch FROM ("),
                (")-(", " - "),
                (")ms}", ")) * 1000) AS BIGINT)"),
                ("{day(", "to_char("),
                (")day}", " AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
            ],
        };
        let mut rendered = text.to_owned();
        for (word, meaning) in words {
            rendered = rendered.replace(word, meaning);
        }
        let choice = match self {
            Self::Sqlite => "outcome GLOB '[0-9*#]*'",
            Self::Postgres => "outcome ~ '^[0-9*#]'",
        };
        rendered.replace("{choice}", choice)
    }
}

/// Names of the tables that hold rows made of facts.
#[cfg(test)]
pub(super) const TABLES: [&str; 10] = [
    "calls",
    "legs",
    "conferences",
    "participants",
    "messages",
    "message_statuses",
    "collected_inputs",
    "transfers",
    "steps",
    "recordings",
];

/// The tables. `journal` and `position` say which record made a row.
pub(super) const CREATE: &str = "
CREATE TABLE IF NOT EXISTS records_meta (name TEXT PRIMARY KEY, value {int} NOT NULL);
CREATE TABLE IF NOT EXISTS journals (
    id {id},
    salt TEXT NOT NULL UNIQUE,
    position {int} NOT NULL DEFAULT 0,
    anew_until {int} NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS calls (
    journal {int} NOT NULL,
    call_id TEXT NOT NULL,
    direction TEXT,
    caller TEXT,
    called TEXT,
    flow TEXT,
    connection TEXT,
    began_at {time} NOT NULL,
    answered_at {time},
    ended_at {time},
    end_reason TEXT,
    hangup_cause TEXT,
    hangup_source TEXT,
    position {int} NOT NULL,
    PRIMARY KEY (journal, call_id)
);
CREATE INDEX IF NOT EXISTS calls_began ON calls (began_at);
CREATE INDEX IF NOT EXISTS calls_ended ON calls (ended_at);
CREATE INDEX IF NOT EXISTS calls_caller ON calls (caller);
CREATE TABLE IF NOT EXISTS legs (
    journal {int} NOT NULL,
    leg_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    role TEXT,
    number TEXT,
    rang_at {time},
    answered_at {time},
    ended_at {time},
    hangup_cause TEXT,
    hangup_source TEXT,
    sip_code TEXT,
    position {int} NOT NULL,
    PRIMARY KEY (journal, leg_id)
);
CREATE INDEX IF NOT EXISTS legs_call ON legs (journal, call_id);
CREATE TABLE IF NOT EXISTS conferences (
    journal {int} NOT NULL,
    room TEXT NOT NULL,
    incarnation {int} NOT NULL,
    conference_id TEXT,
    began_at {time} NOT NULL,
    ended_at {time},
    end_reason TEXT,
    position {int} NOT NULL,
    PRIMARY KEY (journal, room, incarnation)
);
CREATE INDEX IF NOT EXISTS conferences_ended ON conferences (ended_at);
CREATE TABLE IF NOT EXISTS participants (
    journal {int} NOT NULL,
    room TEXT NOT NULL,
    incarnation {int} NOT NULL,
    leg_id TEXT NOT NULL,
    call_id TEXT,
    moderator {bool} NOT NULL,
    joined_at {time} NOT NULL,
    left_at {time},
    position {int} NOT NULL,
    ordinal {int} NOT NULL,
    PRIMARY KEY (journal, position, ordinal)
);
CREATE INDEX IF NOT EXISTS participants_room ON participants (journal, room, incarnation, leg_id);
CREATE INDEX IF NOT EXISTS participants_call ON participants (journal, call_id);
CREATE TABLE IF NOT EXISTS messages (
    journal {int} NOT NULL,
    owner TEXT NOT NULL,
    message_key TEXT NOT NULL,
    direction TEXT,
    sender TEXT,
    recipient TEXT,
    words TEXT,
    attachments {int},
    call_id TEXT,
    carrier_id TEXT,
    status TEXT,
    reason TEXT,
    segments {int},
    planned_at {time} NOT NULL,
    status_at {time},
    position {int} NOT NULL,
    PRIMARY KEY (journal, owner, message_key)
);
CREATE INDEX IF NOT EXISTS messages_planned ON messages (planned_at);
CREATE INDEX IF NOT EXISTS messages_carrier ON messages (carrier_id);
CREATE TABLE IF NOT EXISTS message_statuses (
    journal {int} NOT NULL,
    owner TEXT NOT NULL,
    message_key TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    at {time} NOT NULL,
    position {int} NOT NULL,
    ordinal {int} NOT NULL,
    PRIMARY KEY (journal, position, ordinal)
);
CREATE INDEX IF NOT EXISTS message_statuses_message ON message_statuses (journal, owner, message_key);
CREATE TABLE IF NOT EXISTS collected_inputs (
    journal {int} NOT NULL,
    call_id TEXT NOT NULL,
    step TEXT NOT NULL,
    digits TEXT NOT NULL,
    at {time} NOT NULL,
    position {int} NOT NULL,
    ordinal {int} NOT NULL,
    PRIMARY KEY (journal, position, ordinal)
);
CREATE INDEX IF NOT EXISTS collected_inputs_call ON collected_inputs (journal, call_id);
CREATE TABLE IF NOT EXISTS transfers (
    journal {int} NOT NULL,
    call_id TEXT NOT NULL,
    step TEXT NOT NULL,
    target TEXT NOT NULL,
    tried_at {time} NOT NULL,
    ended_at {time},
    outcome TEXT,
    position {int} NOT NULL,
    ordinal {int} NOT NULL,
    PRIMARY KEY (journal, position, ordinal)
);
CREATE INDEX IF NOT EXISTS transfers_call ON transfers (journal, call_id);
CREATE TABLE IF NOT EXISTS steps (
    journal {int} NOT NULL,
    call_id TEXT NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    took_ms {int} NOT NULL,
    left_at {time} NOT NULL,
    position {int} NOT NULL,
    ordinal {int} NOT NULL,
    PRIMARY KEY (journal, position, ordinal)
);
CREATE INDEX IF NOT EXISTS steps_call ON steps (journal, call_id);
CREATE TABLE IF NOT EXISTS recordings (
    journal {int} NOT NULL,
    recording_id TEXT NOT NULL,
    call_id TEXT,
    room TEXT,
    leg_id TEXT,
    saved_at {time} NOT NULL,
    position {int} NOT NULL,
    PRIMARY KEY (journal, recording_id)
);
CREATE INDEX IF NOT EXISTS recordings_call ON recordings (journal, call_id);
";

/// The index that making anew needs on tables whose key does not begin with the position.
pub(super) const POSITION_INDEXES: [&str; 5] = ["calls", "legs", "conferences", "messages", "recordings"];

/// Views, each with the name that it is dropped by.
pub(super) const VIEWS: [(&str, &str); 4] = [
    (
        "call_log",
        "SELECT call_id, direction, caller, called, flow, connection, began_at, answered_at, ended_at,
            {ms(ended_at)-(began_at)ms} AS duration_ms,
            {ms(ended_at)-(answered_at)ms} AS talk_ms,
            end_reason, hangup_cause, hangup_source
         FROM calls",
    ),
    (
        "call_outline",
        "SELECT c.journal, c.call_id, {day(c.began_at)day} AS day, c.flow, c.began_at, c.answered_at,
            (SELECT count(*) FROM steps AS s WHERE s.journal = c.journal AND s.call_id = c.call_id
                AND s.kind = 'gather' AND s.{choice}) AS choices,
            (SELECT count(*) FROM transfers AS t WHERE t.journal = c.journal AND t.call_id = c.call_id) AS transfers_tried,
            (SELECT count(*) FROM transfers AS t WHERE t.journal = c.journal AND t.call_id = c.call_id
                AND t.outcome = 'bridged') AS transfers_bridged,
            (SELECT {ms(min(t.ended_at))-(c.began_at)ms} FROM transfers AS t WHERE t.journal = c.journal
                AND t.call_id = c.call_id AND t.outcome = 'bridged') AS time_to_transfer_ms
         FROM calls AS c",
    ),
    (
        "kpis_per_day",
        "SELECT day, flow, count(*) AS calls, count(answered_at) AS answered,
            sum(CASE WHEN choices > 0 THEN 1 ELSE 0 END) AS with_choice,
            round(1.0 * sum(CASE WHEN choices > 0 THEN 1 ELSE 0 END) / count(*), 3) AS selection_rate,
            CAST(sum(transfers_tried) AS {int}) AS transfers_tried,
            CAST(sum(transfers_bridged) AS {int}) AS transfers_bridged,
            CASE WHEN sum(transfers_tried) = 0 THEN NULL
                ELSE round(1.0 * sum(transfers_bridged) / sum(transfers_tried), 3) END AS transfer_success,
            CAST(round(avg(time_to_transfer_ms)) AS {int}) AS mean_time_to_transfer_ms
         FROM call_outline GROUP BY day, flow",
    ),
    (
        "menu_choices_per_day",
        "SELECT {day(s.left_at)day} AS day, c.flow, s.step, s.outcome AS choice, count(*) AS times
         FROM steps AS s LEFT JOIN calls AS c ON c.journal = s.journal AND c.call_id = s.call_id
         WHERE s.kind = 'gather' AND s.{choice}
         GROUP BY 1, 2, 3, 4",
    ),
];
