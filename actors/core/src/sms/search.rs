//! Looking for a text in doubt in the carrier's own list, where it keeps one that can be asked.
//!
//! What is found was sent, and its doubt is over. What is not found proves nothing: lists lag behind.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::sending::sender;
use super::{Open, SmsMachine, Stage};
use crate::command::{Command, Query};
use crate::effect::Effects;
use crate::ids::{CommandId, MessageId, TextKey};
use crate::outcome::{Answer, Outcome, TextView};
use crate::text::TextReport;
use crate::time::Timestamp;

/// Pauses before each look: a report would mostly have come within the first, a list lags seconds and seldom minutes.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(15),
    Duration::from_secs(45),
    Duration::from_secs(240),
];

/// How long one look may take, repetitions included.
const LOOK: Duration = Duration::from_secs(30);

/// How far the search for one text has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    looks: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asking: Option<CommandId>,
}

impl Search {
    /// A search that begins; none where the carrier has no list.
    pub(super) fn begin(searchable: bool, now: Timestamp) -> Self {
        Self {
            next: searchable.then(|| now + PAUSES[0]),
            ..Self::default()
        }
    }
}

impl SmsMachine {
    /// Asks for every text whose time to be looked for has come.
    pub(super) fn look(&mut self, fx: &mut Effects) {
        let (now, from) = (fx.now(), sender(fx));
        for open in self.open.values_mut() {
            let Stage::Unknown { search, .. } = &mut open.stage else {
                continue;
            };
            if search.next.is_none_or(|at| at > now) {
                continue;
            }
            search.next = None;
            let Some(text) = open.text.clone() else { continue };
            let query = Query::Texts {
                from: from.clone(),
                to: open.to.clone(),
                text,
                since: open.began,
            };
            search.asking = Some(fx.command(Command::Query(query), None, now + LOOK));
            search.looks += 1;
            search.next = PAUSES.get(search.looks).map(|pause| now + *pause);
        }
    }

    /// Whether this was the outcome of a look; then it has been acted upon.
    pub(super) fn looked(&mut self, command: &CommandId, outcome: &Outcome, fx: &mut Effects) -> bool {
        let asked = |open: &Open| matches!(&open.stage, Stage::Unknown { search, .. } if search.asking.as_ref() == Some(command));
        let Some(key) = self
            .open
            .iter()
            .find(|(_, open)| asked(open))
            .map(|(key, _)| key.clone())
        else {
            return false;
        };
        let found = match outcome {
            Outcome::Accepted(Answer::Texts(texts)) => {
                texts.iter().find(|text| !self.is_known(&text.message))
            }
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => None,
        };
        match found.cloned() {
            Some(text) => self.found(key, text, fx),
            None => self.not_found(&key, matches!(outcome, Outcome::Refused(_))),
        }
        true
    }

    /// Every text of ours is somebody's own: two with the same words are not both this one.
    fn is_known(&self, message: &MessageId) -> bool {
        let open = self
            .open
            .values()
            .any(|open| matches!(&open.stage, Stage::Accepted { message: id, .. } if id == message));
        open || self
            .past
            .iter()
            .any(|past| past.message.as_ref() == Some(message))
    }

    fn found(&mut self, key: TextKey, text: TextView, fx: &mut Effects) {
        let Some(open) = self.open.get(&key) else { return };
        let report = TextReport {
            message: text.message,
            from: sender(fx),
            to: open.to.clone(),
            key: Some(key),
            status: text.status,
            errors: Vec::new(),
            segments: None,
            cost: None,
        };
        self.reported(report, fx);
    }

    fn not_found(&mut self, key: &TextKey, refused: bool) {
        if let Some(Open {
            stage: Stage::Unknown { search, .. },
            ..
        }) = self.open.get_mut(key)
        {
            search.asking = None;
            if refused {
                search.next = None;
            }
        }
    }
}
