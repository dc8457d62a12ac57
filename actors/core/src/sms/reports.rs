//! What the carrier reports about texts: in any order, more than once, before its own answer, long after (F12).

use super::{SmsMachine, Stage, Standing};
use crate::effect::Effects;
use crate::fact::Fact;
use crate::ids::TextKey;
use crate::text::{TextRefusal, TextReport, TextResult, TextStatus};

impl SmsMachine {
    pub(super) fn reported(&mut self, report: TextReport, fx: &mut Effects) {
        if let Some(key) = self.open_key(&report) {
            return self.report_open(&key, report, fx);
        }
        let message = &report.message;
        let past = self.past.iter_mut().rfind(|past| match &report.key {
            Some(key) => past.key == *key,
            None => past.message.as_ref() == Some(message),
        });
        if let Some(past) = past {
            let before = past.standing;
            let joined = match before {
                Standing::Accepted(status) => status.join(report.status),
                // Given up as unknown, and the carrier had it after all.
                Standing::Unknown => report.status,
                // Somebody else's text under a message id of ours, or a carrier that contradicts itself.
                Standing::Waiting | Standing::Attempting | Standing::Escalated | Standing::Refused(_) => {
                    return;
                }
            };
            past.message = Some(message.clone());
            past.standing = Standing::Accepted(joined);
            let (key, changed) = (past.key.clone(), past.standing != before);
            if changed {
                self.count(joined);
                state(&key, &report, joined, fx);
            }
            return;
        }
        match &report.key {
            // A text of ours that is no longer remembered: the books are told all the same.
            Some(key) => state(key, &report, report.status, fx),
            None => self.counts.strangers += 1,
        }
    }

    fn open_key(&self, report: &TextReport) -> Option<TextKey> {
        if let Some(key) = &report.key {
            return self.open.contains_key(key).then(|| key.clone());
        }
        let named =
            |stage: &Stage| matches!(stage, Stage::Accepted { message, .. } if *message == report.message);
        self.open
            .iter()
            .find(|(_, open)| named(&open.stage))
            .map(|(key, _)| key.clone())
    }

    fn report_open(&mut self, key: &TextKey, report: TextReport, fx: &mut Effects) {
        let stage = self.open.get(key).map(|open| open.stage.clone());
        match stage {
            // The report is the proof: nothing is in doubt, and no answer is needed.
            Some(Stage::Attempting { command }) => {
                fx.settle(command);
                self.accepted(key, report.message.clone(), TextStatus::Queued, fx);
            }
            Some(Stage::Unknown { .. } | Stage::Escalated) => {
                self.accepted(key, report.message.clone(), TextStatus::Queued, fx);
            }
            Some(Stage::Accepted { .. }) | None => {}
        }
        let Some(open) = self.open.get_mut(key) else {
            return;
        };
        let Stage::Accepted { status, .. } = &mut open.stage else {
            return;
        };
        let joined = status.join(report.status);
        if joined == *status {
            return;
        }
        *status = joined;
        state(key, &report, joined, fx);
        if !joined.is_final() {
            return;
        }
        let notified = open.asker.clone().filter(|(_, notify)| *notify);
        let result = match joined {
            TextStatus::Delivered => Some(TextResult::Delivered),
            TextStatus::SendingFailed | TextStatus::DeliveryFailed => {
                Some(TextResult::Refused(TextRefusal::Undeliverable))
            }
            TextStatus::Queued | TextStatus::Sending | TextStatus::Sent | TextStatus::Unconfirmed => None,
        };
        if let Some(result) = result {
            Self::tell(notified.as_ref(), key, result, fx);
        }
        self.count(joined);
        self.close(key, fx);
    }

    fn count(&mut self, status: TextStatus) {
        match status {
            TextStatus::Delivered => self.counts.delivered += 1,
            TextStatus::SendingFailed | TextStatus::DeliveryFailed => self.counts.refused += 1,
            TextStatus::Queued | TextStatus::Sending | TextStatus::Sent | TextStatus::Unconfirmed => {}
        }
    }
}

fn state(key: &TextKey, report: &TextReport, status: TextStatus, fx: &mut Effects) {
    fx.fact(Fact::MessageStatus {
        key: key.to_string(),
        message: Some(report.message.to_string()),
        status: status.label().to_owned(),
        reason: (!report.errors.is_empty()).then(|| report.errors.join(",")),
        segments: report.segments,
    });
}
