//! What the Twilio face knows: calls with their status and callbacks, and where each can be reached. Data and plain
//! changes; what a leg does is in `line`, conferences, queues and texts have files of their own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::conferences::Room;
use super::form::{Form, date};
use super::line::Nudge;
use super::queues::Row;
use super::texts::Text;
use crate::carrier::emitted::CallerNo;
use crate::dice::Dice;

/// Status of a call, in Twilio's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    Ringing,
    InProgress,
    Completed,
    Busy,
    NoAnswer,
    Failed,
    Canceled,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    pub(crate) const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }
}

/// Where progress of a call is told, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) url: Option<String>,
    pub(crate) method: String,
    /// `initiated`, `ringing`, `answered`, `completed`.
    pub(crate) events: Vec<String>,
}

/// One leg.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) sid: String,
    pub(crate) parent: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) direction: &'static str,
    pub(crate) status: Status,
    /// The simulated caller whose call this leg serves.
    pub(crate) caller: Option<CallerNo>,
    /// Where that caller wants to be heard; only on the caller's own leg.
    pub(crate) room: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) answered: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) answered_by: Option<&'static str>,
    pub(crate) callback: Callback,
    pub(crate) sequence: u32,
    /// Until when the party of the leg speaks.
    pub(crate) voice_until: Option<Instant>,
    pub(crate) nudges: UnboundedSender<Nudge>,
}

impl Call {
    fn duration(&self) -> Option<String> {
        let (from, to) = (self.answered?, self.ended?);
        Some(to.duration_since(from).as_secs().to_string())
    }

    /// The call as REST shows it.
    pub(crate) fn resource(&self, account: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account}/Calls/{}.json", self.sid);
        let subresource =
            |name: &str| format!("/2010-04-01/Accounts/{account}/Calls/{}/{name}.json", self.sid);
        json!({
            "sid": self.sid, "parent_call_sid": self.parent, "account_sid": account,
            "to": self.to, "to_formatted": self.to, "from": self.from, "from_formatted": self.from,
            "phone_number_sid": null, "status": self.status.name(), "direction": self.direction,
            "start_time": self.answered.map(date), "end_time": self.ended.map(date), "duration": self.duration(),
            "date_created": date(self.created), "date_updated": date(self.ended.or(self.answered).unwrap_or(self.created)),
            "answered_by": self.answered_by, "forwarded_from": null, "caller_name": null, "group_sid": null,
            "trunk_sid": null, "queue_time": "0", "price": null, "price_unit": "USD", "annotation": null,
            "api_version": "2010-04-01", "uri": uri,
            "subresource_uris": { "recordings": subresource("Recordings"), "events": subresource("Events"),
                "notifications": subresource("Notifications"), "streams": subresource("Streams") },
        })
    }

    /// The fields that every request about the call has.
    pub(crate) fn fields(&self, account: &str) -> Form {
        let form = Form::default()
            .with("CallSid", &self.sid)
            .with("AccountSid", account)
            .with("From", &self.from)
            .with("To", &self.to)
            .with("Caller", &self.from)
            .with("Called", &self.to)
            .with("CallStatus", self.status.name())
            .with("ApiVersion", "2010-04-01")
            .with("Direction", self.direction);
        let form = match &self.parent {
            Some(parent) => form.with("ParentCallSid", parent),
            None => form,
        };
        match self.answered_by {
            Some(who) => form.with("AnsweredBy", who),
            None => form,
        }
    }

    /// The fields of the next status callback, if this event is wanted: `initiated`, `ringing`, `answered` or
    /// `completed`.
    pub(crate) fn progress(
        &mut self,
        account: &str,
        event: &str,
        now: Timestamp,
    ) -> Option<(String, String, Form)> {
        let url = self.callback.url.clone()?;
        if !self.callback.events.iter().any(|wanted| wanted == event) {
            return None;
        }
        let mut form = self.fields(account);
        if event == "initiated" {
            form.0.retain(|(name, _)| name != "CallStatus");
            form = form.with("CallStatus", "initiated");
        }
        form = form
            .with("CallbackSource", "call-progress-events")
            .with("SequenceNumber", self.sequence.to_string())
            .with("Timestamp", date(now));
        if let (true, Some(duration)) = (self.status == Status::Completed, self.duration()) {
            form = form.with("CallDuration", duration);
        }
        self.sequence += 1;
        Some((url, self.callback.method.clone(), form))
    }
}

/// What a new leg is.
pub(crate) struct NewCall {
    pub(crate) key: String,
    pub(crate) parent: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) direction: &'static str,
    pub(crate) caller: Option<CallerNo>,
    pub(crate) room: Option<String>,
    pub(crate) callback: Callback,
}

/// The books of the face.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) account: String,
    pub(crate) dice: Dice,
    pub(crate) calls: Vec<Call>,
    pub(crate) by_sid: HashMap<String, usize>,
    pub(crate) live: usize,
    pub(crate) rooms: Vec<Room>,
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) texts: Vec<Text>,
    pub(crate) travelling: usize,
    /// Sender, receiver and text of every text so far.
    pub(crate) texts_sent: HashSet<(String, String, String)>,
    /// Pairs of our number and a phone that texted STOP to it.
    pub(crate) opted_out: HashSet<(String, String)>,
}

impl Exchange {
    pub(crate) fn new(account: String, dice: Dice) -> Self {
        Self {
            account,
            dice,
            calls: Vec::new(),
            by_sid: HashMap::new(),
            live: 0,
            rooms: Vec::new(),
            rows: BTreeMap::new(),
            texts: Vec::new(),
            travelling: 0,
            texts_sent: HashSet::new(),
            opted_out: HashSet::new(),
        }
    }

    /// An id: two letters and 32 hexadecimal digits.
    pub(crate) fn sid(&self, kind: &str, key: &str) -> String {
        format!("{kind}{}", self.dice.uuid(&["twilio", kind, key]).simple())
    }

    pub(crate) fn add_call(&mut self, new: NewCall, nudges: UnboundedSender<Nudge>, now: Timestamp) -> usize {
        let no = self.calls.len();
        let sid = self.sid("CA", &new.key);
        self.by_sid.insert(sid.clone(), no);
        self.live += 1;
        self.calls.push(Call {
            sid,
            parent: new.parent,
            from: new.from,
            to: new.to,
            direction: new.direction,
            status: if new.direction == "inbound" {
                Status::Ringing
            } else {
                Status::Queued
            },
            caller: new.caller,
            room: new.room,
            created: now,
            answered: None,
            ended: None,
            answered_by: None,
            callback: new.callback,
            sequence: 0,
            voice_until: None,
            nudges,
        });
        no
    }

    pub(crate) fn call_by_sid(&self, sid: &str) -> Option<&Call> {
        self.by_sid.get(sid).map(|no| &self.calls[*no])
    }

    /// Tells the task of a leg; one that is over hears nothing any more.
    pub(crate) fn nudge(&self, no: usize, nudge: Nudge) {
        let _ = self.calls[no].nudges.send(nudge);
    }

    /// Whether a leg to this address rings or is up.
    pub(crate) fn is_engaged(&self, to: &str) -> bool {
        let mut others = self.calls.iter().filter(|call| !call.status.is_over());
        others.any(|call| call.direction != "inbound" && call.to == to)
    }

    pub(crate) fn live_rooms(&self) -> usize {
        self.rooms.iter().filter(|room| room.is_live()).count()
    }
}
