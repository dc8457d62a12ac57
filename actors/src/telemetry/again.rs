//! Tells the spans of earlier records again, after a start: those of which nobody knows whether a collector had them.
//!
//! A record gives the same spans in every process, so telling one twice does no harm: at least once, never two shapes
//! of one span. The wiring runs it beside the calls, page by page; a journal with a hundred thousand live calls keeps
//! nobody waiting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::{Address, Timestamp};
use cordboard_observability::traces::Tracer;

use super::turn::Phases;
use super::{Telemetry, spans};
use crate::journal::{AppendError, Journal, Record};

/// Records that are read at once. Their states are in memory together.
const PAGE: usize = 200;

/// Entities whose last record is kept while reading. Beyond it their records are looked up again.
const MOST_REMEMBERED: usize = 20_000;

/// The queue to the collector is left at least so empty for the calls of now.
const MOST_WAITING: usize = 1_024;

/// How long to wait for the queue to empty before the next page.
const PAUSE: Duration = Duration::from_millis(50);

/// What was told again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retold {
    /// Records read.
    pub records: u64,
    /// Spans that they gave.
    pub spans: u64,
}

/// One reading of the journal, from a time up to another.
pub struct Retelling {
    telemetry: Telemetry,
    journal: Arc<dyn Journal>,
    /// The last record read of each entity, which the next one of it is compared with.
    last: HashMap<Address, Record>,
    told: Retold,
}

impl Retelling {
    /// Of what is in this journal.
    pub fn new(telemetry: Telemetry, journal: Arc<dyn Journal>) -> Self {
        Self {
            telemetry,
            journal,
            last: HashMap::new(),
            told: Retold::default(),
        }
    }

    /// Tells the records of `from` up to `to`; those from `to` on are told by whoever writes them.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn tell(mut self, from: Timestamp, to: Timestamp) -> Result<Retold, AppendError> {
        if !self.telemetry.tracer.enabled() {
            return Ok(self.told);
        }
        let mut position = position_of(self.journal.as_ref(), from).await?;
        loop {
            let page = self.journal.since(position, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(self.told);
            };
            position = *last;
            for (_, record) in page {
                if record.at >= to {
                    return Ok(self.told);
                }
                self.tell_of(record).await?;
            }
            room(&self.telemetry.tracer).await;
        }
    }

    async fn tell_of(&mut self, record: Record) -> Result<(), AppendError> {
        let telemetry = &self.telemetry;
        if !telemetry.witnesses(&record.address, record.incarnation) {
            return Ok(());
        }
        self.told.records += 1;
        let before = match self.last.remove(&record.address) {
            Some(before) => Some(before),
            // Its texts tell what they were before.
            None if matches!(record.address, Address::Sms(_)) => None,
            None if record.seq > 1 => self.read_before(&record).await?,
            None => None,
        };
        let phases = Phases::between(before.as_ref(), &record);
        for span in spans::told_by(&record, &phases, telemetry.carrier) {
            self.told.spans += 1;
            telemetry.tracer.emit(span);
        }
        if self.last.len() >= MOST_REMEMBERED {
            self.last.clear();
        }
        self.last.insert(record.address.clone(), record);
        Ok(())
    }

    /// The record before one whose predecessor lies outside of what is read.
    async fn read_before(&self, record: &Record) -> Result<Option<Record>, AppendError> {
        let history = self.journal.history(&record.address).await?;
        Ok(history.into_iter().find(|earlier| earlier.seq + 1 == record.seq))
    }
}

/// Waits until the collector has taken most of what waits: what happens now goes before what was.
async fn room(tracer: &Tracer) {
    while tracer.waiting() > MOST_WAITING {
        tokio::time::sleep(PAUSE).await;
    }
}

/// A position before which every record is older than `time`. Times rise with positions but for moments, which is
/// what callers leave a margin for.
async fn position_of(journal: &dyn Journal, time: Timestamp) -> Result<u64, AppendError> {
    // SQLite's positions are signed.
    let (mut older, mut newer) = (0_u64, u64::MAX >> 1);
    while newer - older > 1 {
        let middle = older + (newer - older) / 2;
        match journal.since(middle, 1).await?.first() {
            Some((position, record)) if record.at < time => older = *position,
            Some(_) | None => newer = middle,
        }
    }
    Ok(older)
}
