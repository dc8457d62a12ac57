//! One sending number of ours: what it sends, what it is sent, what it may do. Pure; one machine per number.
//!
//! A text goes *waiting* (for its time, its turn) -> *attempting* (its record is durable before the first byte leaves) ->
//! *accepted*, *refused* or *unknown* (RELIABILITY 3.1). A text in doubt is never silently sent again: a report to its own
//! address resolves it, or the carrier's list (`search`), or the policy's time does. State is in every record, so everything here is bounded; what is over
//! and older is in the books, as facts.

mod budget;
pub mod destination;
pub mod keyword;
mod memory;
pub mod plan;
mod receiving;
pub mod replies;
mod reports;
pub mod schedule;
mod search;
pub mod segments;
mod sending;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::effect::Effects;
use crate::event::{Event, EventBody};
use crate::fact::Fact;
use crate::ids::{CommandId, MessageId, TextKey};
use crate::input::{Input, OperatorRequest};
use crate::machine::{Handle, Machine, Story};
use crate::message::Message;
use crate::phone::{PhoneNumber, Text};
use crate::text::{TextOrder, TextRefusal, TextResult, TextStatus};
use crate::time::Timestamp;

use budget::Budgets;
pub use memory::Past;
use memory::{Keys, LISTED};
use plan::NumberPlan;
use receiving::Asking;
use search::Search;
pub use sending::check;

/// Texts whose last word is awaited, at most; the carrier's word about older ones still reaches the books.
const TRACKED: usize = 64;

/// How long a last word is awaited. Most come within seconds, those of phones that are off within a day.
const TRACKED_FOR: Duration = Duration::from_secs(3_600);

/// People who asked us to stop, at most: 13 bytes each in every record. The carrier blocks by its own list as well, which
/// has no such bound, so what is forgotten here is still not sent.
const STOPPED: usize = 2_000;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmsMachine {
    plan: Option<Box<NumberPlan>>,
    /// In the order of arrival.
    waiting: VecDeque<Waiting>,
    open: BTreeMap<TextKey, Open>,
    past: VecDeque<Past>,
    keys: Keys,
    asking: BTreeMap<CommandId, Asking>,
    /// When each schedule is due.
    due: BTreeMap<String, Timestamp>,
    stopped: VecDeque<u64>,
    budgets: Budgets,
    /// Nothing is sent before this.
    next_at: Timestamp,
    counts: Counts,
}

/// What a number has done, all in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Texts that the carrier took.
    pub sent: u64,
    /// Of those, reported as delivered.
    pub delivered: u64,
    /// Texts that were certainly not sent, or certainly did not arrive.
    pub refused: u64,
    /// Texts that were in doubt to the end.
    pub unknown: u64,
    /// Texts that came in.
    pub received: u64,
    /// Reports about texts that nobody here knows.
    pub strangers: u64,
}

/// A text that is not begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    order: TextOrder,
    since: Timestamp,
}

/// A text that was begun and has no last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    to: PhoneNumber,
    print: u64,
    /// When it was asked for; zero in journals that did not say.
    #[serde(default)]
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    asker: Option<(Address, bool)>,
    /// Kept while it may have to be sent once more, or looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[serde(default)]
    resent: bool,
    /// When it was attempted first.
    #[serde(default)]
    began: Timestamp,
    stage: Stage,
}

/// Where a begun text stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// The outbox has it.
    Attempting { command: CommandId },
    /// Nobody knows.
    Unknown {
        until: Timestamp,
        #[serde(default)]
        search: Search,
    },
    /// Nobody knew in time, and somebody is to look.
    Escalated,
    /// The carrier has it.
    Accepted {
        message: MessageId,
        status: TextStatus,
        until: Timestamp,
    },
}

/// Where a text stands, for lists and askers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// For its time or its turn.
    Waiting,
    /// On its way to the carrier.
    Attempting,
    /// Nobody can tell whether it was sent.
    Unknown,
    /// The same, and somebody is to look.
    Escalated,
    /// It was not sent, or did not arrive.
    Refused(TextRefusal),
    /// The carrier has it.
    Accepted(TextStatus),
}

impl Standing {
    /// snake_case word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Attempting => "attempting",
            Self::Unknown => "unknown",
            Self::Escalated => "escalated",
            Self::Refused(_) => "refused",
            Self::Accepted(status) => status.label(),
        }
    }

    /// What went wrong, as far as anybody knows.
    fn error(self) -> Option<&'static str> {
        match self {
            Self::Refused(why) => Some(why.label()),
            Self::Unknown | Self::Escalated => Some("unknown"),
            Self::Accepted(status @ (TextStatus::SendingFailed | TextStatus::DeliveryFailed)) => {
                Some(status.label())
            }
            Self::Waiting | Self::Attempting | Self::Accepted(_) => None,
        }
    }

    fn result(self) -> TextResult {
        match self {
            Self::Waiting | Self::Attempting | Self::Unknown | Self::Escalated => TextResult::Unknown,
            Self::Refused(why) => TextResult::Refused(why),
            Self::Accepted(TextStatus::Delivered) => TextResult::Delivered,
            Self::Accepted(TextStatus::SendingFailed | TextStatus::DeliveryFailed) => {
                TextResult::Refused(TextRefusal::Undeliverable)
            }
            Self::Accepted(_) => TextResult::Accepted,
        }
    }
}

/// One text as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Our key.
    pub key: TextKey,
    /// Who gets it.
    pub to: PhoneNumber,
    /// Where it stands.
    pub standing: Standing,
    /// The carrier's id, once known.
    pub message: Option<MessageId>,
}

impl SmsMachine {
    /// Every text that the number still remembers, the oldest first.
    pub fn texts(&self) -> Vec<Shown> {
        let past = self.past.iter().map(|past| Shown {
            key: past.key.clone(),
            to: past.to.clone(),
            standing: past.standing,
            message: past.message.clone(),
        });
        let open = self.open.iter().map(|(key, open)| Shown {
            key: key.clone(),
            to: open.to.clone(),
            standing: open.standing(),
            message: match &open.stage {
                Stage::Accepted { message, .. } => Some(message.clone()),
                Stage::Attempting { .. } | Stage::Unknown { .. } | Stage::Escalated => None,
            },
        });
        let waiting = self.waiting.iter().map(|waiting| Shown {
            key: waiting.order.key.clone(),
            to: waiting.order.to.clone(),
            standing: Standing::Waiting,
            message: None,
        });
        past.chain(open).chain(waiting).collect()
    }

    /// What it has done, all in all.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether this destination asked us to stop.
    pub fn has_stopped(&self, who: &PhoneNumber) -> bool {
        self.stopped.contains(&budget::digits(who))
    }

    /// The settings it goes by.
    pub fn plan(&self) -> Option<&NumberPlan> {
        self.plan.as_deref()
    }

    fn configure(&mut self, plan: NumberPlan, fx: &Effects) {
        let now = fx.now();
        // What is overdue stays due: the program was down at its time, and it may not be too late.
        let next = |schedule: &schedule::Schedule| {
            let overdue = self.due.get(&schedule.name).copied().filter(|due| *due <= now);
            Some((schedule.name.clone(), overdue.or_else(|| schedule.next(now))?))
        };
        self.due = plan.schedules.iter().filter_map(next).collect();
        self.plan = Some(Box::new(plan));
    }

    fn on_event(&mut self, event: Event, fx: &mut Effects) {
        match event.body {
            EventBody::MessageReceived(received) => self.received(*received, fx),
            EventBody::MessageStatus(report) => self.reported(*report, fx),
            _ => ignored("no event of a number"),
        }
    }

    fn on_message(&mut self, from: Address, message: Message, fx: &mut Effects) {
        match message {
            Message::TextRequest {
                key,
                to,
                text,
                notify,
            } => {
                let order = TextOrder {
                    key,
                    to,
                    text,
                    not_before: None,
                    asker: Some((from, notify)),
                };
                self.ask(order, false, fx);
            }
            _ => ignored("meant for a call or a room"),
        }
    }

    fn on_operator(&mut self, request: OperatorRequest, fx: &mut Effects) {
        match request {
            OperatorRequest::Number(plan) => self.configure(*plan, fx),
            OperatorRequest::Text(order) => self.ask(*order, false, fx),
            OperatorRequest::Issue(_)
            | OperatorRequest::Hangup
            | OperatorRequest::Room(_)
            | OperatorRequest::Start(_) => {
                ignored("meant for a call or a room");
            }
        }
    }

    fn on_deadline(&mut self, fx: &mut Effects) {
        self.look(fx);
        self.end_doubts(fx);
        self.stop_tracking(fx);
        self.run_schedules(fx);
    }

    /// A text is over: it is listed for a while, its key is known for longer.
    fn over(&mut self, past: Past, since: Timestamp, asker: Option<&(Address, bool)>, fx: &mut Effects) {
        fx.fact(Fact::MessageOver {
            key: past.key.to_string(),
            asked_at: if since == Timestamp::default() {
                past.at
            } else {
                since
            },
            standing: past.standing.label().to_owned(),
            error: past.standing.error().map(str::to_owned),
            call: asker.map(|(call, _)| call.clone()),
        });
        self.keys.add(&past.key);
        self.past.push_back(past);
        while self.past.len() > LISTED {
            self.past.pop_front();
        }
    }

    fn tell(asker: Option<&(Address, bool)>, key: &TextKey, result: TextResult, fx: &mut Effects) {
        if let Some((asker, _)) = asker {
            let key = key.clone();
            fx.send(asker.clone(), Message::TextResult { key, result });
        }
    }

    fn note(
        key: &TextKey,
        message: Option<&MessageId>,
        status: &str,
        reason: Option<String>,
        fx: &mut Effects,
    ) {
        fx.fact(Fact::MessageStatus {
            key: key.to_string(),
            message: message.map(ToString::to_string),
            status: status.to_owned(),
            reason,
            segments: None,
        });
    }
}

impl Open {
    fn standing(&self) -> Standing {
        match &self.stage {
            Stage::Attempting { .. } => Standing::Attempting,
            Stage::Unknown { .. } => Standing::Unknown,
            Stage::Escalated => Standing::Escalated,
            Stage::Accepted { status, .. } => Standing::Accepted(*status),
        }
    }
}

impl Machine for SmsMachine {
    fn handle(&mut self, input: Input, fx: &mut Effects) {
        match input {
            Input::Event { event, .. } => self.on_event(*event, fx),
            Input::Outcome { command, outcome } => self.on_outcome(&command, outcome, fx),
            Input::HttpOutcome { request, outcome } => self.on_answer(&request, outcome, fx),
            Input::Deadline => self.on_deadline(fx),
            Input::Message { from, body, .. } => self.on_message(from, body, fx),
            Input::Operator(request) => self.on_operator(request, fx),
            Input::Finding(_) => ignored("the reconciler compares calls and rooms"),
            // The input is lost; every text and every promise about texts stands as it stood.
            Input::Quarantined { .. } => ignored("nothing has to be landed"),
        }
        self.pump(fx);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let open = self.open.values().filter_map(|open| match &open.stage {
            Stage::Unknown { until, search } => Some(search.next.map_or(*until, |next| next.min(*until))),
            Stage::Accepted { until, .. } => Some(*until),
            Stage::Attempting { .. } | Stage::Escalated => None,
        });
        open.chain(self.due.values().copied())
            .chain(self.next_send())
            .min()
    }

    /// A configured number is never over: who stopped it must be remembered.
    fn is_terminal(&self) -> bool {
        self.plan.is_none() && self.open.is_empty() && self.waiting.is_empty()
    }

    fn incarnation(&self) -> u64 {
        1
    }

    fn phase(&self) -> &'static str {
        let in_doubt = |open: &Open| matches!(open.stage, Stage::Unknown { .. } | Stage::Escalated);
        let attempting = |open: &Open| matches!(open.stage, Stage::Attempting { .. });
        match self.plan {
            None => "unconfigured",
            Some(_) if self.open.values().any(in_doubt) => "in_doubt",
            Some(_) if self.open.values().any(attempting) || !self.waiting.is_empty() => "sending",
            Some(_) => "idle",
        }
    }

    /// Events name the number itself, so nothing has to lead to it.
    fn handles(&self) -> Vec<Handle> {
        Vec::new()
    }

    fn story(&self) -> Story {
        Story::default()
    }
}

/// A place for every input that changes nothing, with its reason.
fn ignored(_why: &'static str) {}
