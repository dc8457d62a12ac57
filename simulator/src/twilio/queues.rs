//! Queues of the Twilio face: callers in a row, taken from the front.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exchange::Exchange;
use super::form::date;

/// Callers in a queue when nobody said.
const MOST: usize = 1_000;

/// One queue.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) sid: String,
    pub(crate) most: usize,
    pub(crate) created: Timestamp,
    pub(crate) waiting: Vec<(usize, Timestamp)>,
}

impl Exchange {
    /// The queue of this name, made if there is none.
    pub(crate) fn row(&mut self, name: &str, now: Timestamp) -> &mut Row {
        let sid = self.sid("QU", name);
        self.rows.entry(name.to_owned()).or_insert_with(|| Row {
            sid,
            most: MOST,
            created: now,
            waiting: Vec::new(),
        })
    }

    /// Takes a leg out of whatever queue; the place it had.
    pub(crate) fn unqueue(&mut self, no: usize) -> Option<Timestamp> {
        for row in self.rows.values_mut() {
            if let Some(at) = row.waiting.iter().position(|(waiting, _)| *waiting == no) {
                return Some(row.waiting.remove(at).1);
            }
        }
        None
    }

    pub(crate) fn row_resource(&self, name: &str) -> Option<Value> {
        let row = self.rows.get(name)?;
        let uri = format!("/2010-04-01/Accounts/{}/Queues/{}", self.account, row.sid);
        Some(json!({
            "sid": row.sid, "account_sid": self.account, "friendly_name": name, "max_size": row.most,
            "current_size": row.waiting.len(), "average_wait_time": 0, "date_created": date(row.created),
            "date_updated": date(row.created), "uri": format!("{uri}.json"),
            "subresource_uris": { "members": format!("{uri}/Members.json") },
        }))
    }

    pub(crate) fn member_resource(&self, name: &str, at: usize, now: Timestamp) -> Option<Value> {
        let row = self.rows.get(name)?;
        let (no, since) = row.waiting.get(at)?;
        let sid = &self.calls[*no].sid;
        Some(json!({
            "call_sid": sid, "queue_sid": row.sid, "position": at + 1, "date_enqueued": date(*since),
            "wait_time": now.duration_since(*since).as_secs(),
            "uri": format!("/2010-04-01/Accounts/{}/Queues/{}/Members/{sid}.json", self.account, row.sid),
        }))
    }
}
