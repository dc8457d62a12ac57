//! What is kept no longer: ended calls after the retention, and old records of rooms and numbers, which never end for
//! good. A room keeps its row and its last record, because its seq must never begin again. A flow goes with the last kept
//! entity that cites it, so that an ended call can be replayed as long as its records are there.
//!
//! Driven by the writer in bites of [`BITE_ROWS`], so that no append waits long.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cordboard_core::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::row::{EntityRow, micros};
use super::writer::{Figures, Writer};

/// Records that go at a time; some milliseconds. A single call with more goes at once.
const BITE_ROWS: usize = 200;
/// Commits between two sweeps that nobody asked for.
const SWEEP_EVERY: u32 = 1_000;
/// Free pages that are worth giving back: 16 MiB. Fewer are used again soon.
const SPARE_PAGES: i64 = 4_096;
/// Pages given back at a time.
const BITE_PAGES: i64 = 512;

const ENDED: &str = "SELECT id, seq - first + 1 FROM entities WHERE terminal = 1 AND kind = 'call' AND updated < ?1 \
                     AND NOT EXISTS (SELECT 1 FROM unsettled AS u WHERE u.entity = entities.id) \
                     ORDER BY updated LIMIT ?2";
const LASTING: &str = "SELECT id FROM entities WHERE kind <> 'call' AND id > ?1 ORDER BY id LIMIT 1";
const OLD_RECORDS: &str = "SELECT r.seq, r.at FROM records AS r JOIN entities AS e ON e.id = r.entity \
                           WHERE r.entity = ?1 AND r.seq < e.seq ORDER BY r.seq LIMIT ?2";
const OLDEST_UNSETTLED: &str = "SELECT min(seq) FROM unsettled WHERE entity = ?1";
const DELETE_EVENTS: &str = "DELETE FROM events WHERE entity = ?1 AND event IN \
                             (SELECT event FROM records WHERE entity = ?1 AND seq <= ?2 AND event IS NOT NULL)";
const DELETE_RECORDS: &str = "DELETE FROM records WHERE entity = ?1 AND seq <= ?2";
const DELETE_ENTITY: &str = "DELETE FROM entities WHERE id = ?1";
const MOVE_FIRST: &str = "UPDATE entities SET first = ?2, crc = ?3 WHERE id = ?1";

/// Records that somebody has yet to read into another database are kept so much longer: a server that is down over a
/// long weekend, found and mended. Past that the disk matters more.
const LONGEST_HOLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is to be swept, and how far the present sweep got.
pub(super) struct Sweeper {
    /// Time of the newest record: the clock of sweeps that nobody asked for.
    pub(super) newest: Timestamp,
    /// When a commit was last made.
    pub(super) last_commit: Instant,
    commits: u32,
    round: Option<Round>,
    figures: Arc<Figures>,
}

struct Round {
    before: i64,
    /// Calls are done; the room that was looked at last.
    room: Option<i64>,
    gone: u64,
    replies: Vec<oneshot::Sender<u64>>,
}

impl Sweeper {
    pub(super) fn new(figures: Arc<Figures>) -> Self {
        Self {
            newest: Timestamp::default(),
            last_commit: Instant::now(),
            commits: 0,
            round: None,
            figures,
        }
    }

    /// Whether a bite waits.
    pub(super) fn due(&self) -> bool {
        self.round.is_some()
    }

    /// Begins a sweep of what was over at `now - retention`; one that is under way is replaced, its askers wait on.
    pub(super) fn ask(&mut self, now: Timestamp, retention: Duration, reply: oneshot::Sender<u64>) {
        self.begin(now, retention);
        if let Some(round) = &mut self.round {
            round.replies.push(reply);
        }
    }

    fn begin(&mut self, now: Timestamp, retention: Duration) {
        let within = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let before = micros(now).saturating_sub(within(retention));
        let held = match self.figures.held_from.load(Ordering::Relaxed) {
            0 => i64::MAX,
            time => i64::try_from(time).unwrap_or(i64::MAX),
        };
        let longest = before.saturating_sub(within(LONGEST_HOLD));
        let (gone, replies) = self
            .round
            .take()
            .map_or((0, Vec::new()), |round| (round.gone, round.replies));
        self.round = Some(Round {
            before: before.min(held.max(longest)),
            room: None,
            gone,
            replies,
        });
    }

    /// Counts commits.
    pub(super) fn committed(&mut self, retention: Duration) {
        self.last_commit = Instant::now();
        self.commits += 1;
        if self.commits >= SWEEP_EVERY {
            self.commits = 0;
            self.begin(self.newest, retention);
        }
    }

    /// Ends the round, done or not.
    pub(super) fn give_up(&mut self) {
        if let Some(round) = self.round.take() {
            for reply in round.replies {
                let _ = reply.send(round.gone);
            }
        }
    }
}

impl Writer {
    /// One bite of the sweep, in a transaction of its own.
    pub(super) fn sweep(&mut self) -> Result<()> {
        let Some(round) = &mut self.sweeper.round else {
            return Ok(());
        };
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let bite = bite(&transaction, round)?;
        let flows = if bite.last {
            self.flows.sweep(&transaction)?
        } else {
            Vec::new()
        };
        let mut changed = None;
        if let Some((before, after)) = &bite.trimmed {
            let mut books = self.books.clone();
            books.changed(Some(before), after);
            books.write(&transaction)?;
            changed = Some(books);
        }
        transaction.commit()?;
        self.flows.forget(&flows);
        if let Some(books) = changed {
            self.books = books;
        }
        self.log_bytes += (bite.rows + flows.len() as u64) * 4096;
        if let Some(round) = &mut self.sweeper.round {
            round.gone += bite.rows;
        }
        if bite.last {
            give_back(&self.connection)?;
            self.sweeper.give_up();
        }
        Ok(())
    }
}

/// What one transaction took away.
#[derive(Default)]
struct Bite {
    rows: u64,
    /// A lasting entity's row before and after.
    trimmed: Option<(EntityRow, EntityRow)>,
    last: bool,
}

fn bite(transaction: &Transaction<'_>, round: &mut Round) -> Result<Bite> {
    if let Some(room) = round.room {
        return trim(transaction, round, room);
    }
    let mut ended = transaction.prepare_cached(ENDED)?;
    let calls: Vec<(i64, i64)> = ended
        .query_map(
            params![round.before, i64::try_from(BITE_ROWS).unwrap_or(i64::MAX)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<Result<_>>()?;
    let mut bite = Bite::default();
    for (id, records) in &calls {
        bite.rows += records.cast_unsigned();
        for sql in [DELETE_EVENTS, DELETE_RECORDS] {
            transaction.prepare_cached(sql)?.execute([*id, i64::MAX])?;
        }
        transaction.prepare_cached(DELETE_ENTITY)?.execute([id])?;
        if bite.rows >= BITE_ROWS as u64 {
            return Ok(bite);
        }
    }
    round.room = Some(0);
    Ok(bite)
}

/// Takes old records of the next lasting entity, all but its last.
fn trim(transaction: &Transaction<'_>, round: &mut Round, after: i64) -> Result<Bite> {
    let next = transaction
        .prepare_cached(LASTING)?
        .query_row([after], |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(id) = next else {
        return Ok(Bite {
            last: true,
            ..Bite::default()
        });
    };
    let owed: Option<i64> = transaction
        .prepare_cached(OLDEST_UNSETTLED)?
        .query_row([id], |row| row.get(0))?;
    let mut old = transaction.prepare_cached(OLD_RECORDS)?;
    let old: Vec<(i64, i64)> = old
        .query_map([id, i64::try_from(BITE_ROWS).unwrap_or(i64::MAX)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_>>()?;
    let goes = |(seq, at): &&(i64, i64)| *at < round.before && owed.is_none_or(|owed| *seq < owed);
    let going: Vec<i64> = old.iter().take_while(goes).map(|(seq, _)| *seq).collect();
    if going.len() < BITE_ROWS {
        round.room = Some(id);
    }
    let Some(until) = going.last() else {
        return Ok(Bite::default());
    };
    for sql in [DELETE_EVENTS, DELETE_RECORDS] {
        transaction.prepare_cached(sql)?.execute([id, *until])?;
    }
    let before = super::statements::entity_by_id(transaction, id)?;
    let mut row = before.clone();
    row.first = until + 1;
    row.crc = row.fitting_crc();
    transaction
        .prepare_cached(MOVE_FIRST)?
        .execute(params![id, row.first, row.crc])?;
    Ok(Bite {
        rows: going.len() as u64,
        trimmed: Some((before, row)),
        last: false,
    })
}

/// Returns free pages to the file system, a bite of them, if there are many.
fn give_back(connection: &Connection) -> Result<()> {
    let spare: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    if spare < SPARE_PAGES {
        return Ok(());
    }
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({BITE_PAGES})"))?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    Ok(())
}
