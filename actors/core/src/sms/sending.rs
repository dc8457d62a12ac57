//! From a request to the carrier's answer: rules, budgets, turns, doubt.

use std::time::Duration;

use super::memory::{Past, print};
use super::plan::{Doubt, NumberPlan};
use super::search::Search;
use super::segments::segments;
use super::{Open, SmsMachine, Stage, Standing, TRACKED, TRACKED_FOR, Waiting, destination};
use crate::command::{Command, SendMessage};
use crate::effect::Effects;
use crate::fact::Fact;
use crate::ids::{CommandId, MessageId, TextKey};
use crate::outcome::{Answer, Outcome, RefusalKind};
use crate::phone::PhoneNumber;
use crate::text::{TextOrder, TextRefusal, TextResult, TextStatus};
use crate::time::Timestamp;

impl SmsMachine {
    /// Takes a text in, once per key.
    pub(super) fn ask(&mut self, order: TextOrder, automatic: bool, fx: &mut Effects) {
        let mark = print(&order.to, order.text.expose());
        if let Some((known, standing)) = self.known(&order.key) {
            let same = known.is_none_or(|known| known == mark);
            let result = match standing {
                _ if !same => TextResult::Refused(TextRefusal::KeyReused),
                // It is under way: its asker is told when there is something to tell.
                Some(Standing::Waiting | Standing::Attempting) => return,
                Some(standing) => standing.result(),
                None => TextResult::Unknown,
            };
            return Self::tell(order.asker.as_ref(), &order.key, result, fx);
        }
        let call = order.asker.as_ref().map(|(asker, _)| asker.clone());
        fx.fact(Fact::MessagePlanned {
            key: order.key.to_string(),
            from: sender(fx),
            to: order.to.clone(),
            text: order.text.clone(),
            call,
        });
        match self.admit(&order, automatic, fx.now()) {
            Ok(()) => self.waiting.push_back(Waiting {
                order,
                since: fx.now(),
            }),
            Err(why) => self.refuse(&order, fx.now(), why, None, fx),
        }
    }

    /// What is known of a key: the text's print and standing; of old ones neither.
    fn known(&self, key: &TextKey) -> Option<(Option<u64>, Option<Standing>)> {
        let waiting = self.waiting.iter().find(|waiting| waiting.order.key == *key);
        if let Some(Waiting { order, .. }) = waiting {
            return Some((
                Some(print(&order.to, order.text.expose())),
                Some(Standing::Waiting),
            ));
        }
        if let Some(open) = self.open.get(key) {
            return Some((Some(open.print), Some(open.standing())));
        }
        if let Some(past) = self.past.iter().rfind(|past| past.key == *key) {
            return Some((Some(past.print), Some(past.standing)));
        }
        self.keys.contains(key).then_some((None, None))
    }

    fn admit(&mut self, order: &TextOrder, automatic: bool, now: Timestamp) -> Result<(), TextRefusal> {
        let Some(plan) = self.plan.clone() else {
            return Err(TextRefusal::NotOurNumber);
        };
        self.check(&plan, order)?;
        let room = usize::try_from(plan.pace.queue).unwrap_or(usize::MAX);
        if self.waiting.len() >= room {
            return Err(TextRefusal::QueueFull);
        }
        self.budgets.take(&plan, &order.to, automatic, now)
    }

    fn check(&self, plan: &NumberPlan, order: &TextOrder) -> Result<(), TextRefusal> {
        check(plan, order)?;
        match self.has_stopped(&order.to) {
            true => Err(TextRefusal::OptedOut),
            false => Ok(()),
        }
    }

    fn refuse(
        &mut self,
        order: &TextOrder,
        since: Timestamp,
        why: TextRefusal,
        detail: Option<String>,
        fx: &mut Effects,
    ) {
        self.counts.refused += 1;
        let reason = detail.unwrap_or_else(|| why.label().to_owned());
        Self::note(&order.key, None, "refused", Some(reason), fx);
        Self::tell(order.asker.as_ref(), &order.key, TextResult::Refused(why), fx);
        let past = Past {
            key: order.key.clone(),
            print: print(&order.to, order.text.expose()),
            to: order.to.clone(),
            message: None,
            standing: Standing::Refused(why),
            at: fx.now(),
        };
        self.over(past, since, order.asker.as_ref(), fx);
    }

    fn under_way(&self) -> usize {
        let attempting = |open: &&Open| matches!(open.stage, Stage::Attempting { .. });
        self.open.values().filter(attempting).count()
    }

    fn has_place(&self) -> bool {
        let places = self.plan.as_ref().map_or(0, |plan| plan.pace.in_flight);
        self.under_way() < usize::try_from(places).unwrap_or(usize::MAX)
    }

    /// When the next text can go, if one waits and there is a place; without one, an outcome will make it.
    pub(super) fn next_send(&self) -> Option<Timestamp> {
        let due = |waiting: &Waiting| waiting.order.not_before.unwrap_or_default().max(self.next_at);
        self.has_place().then(|| self.waiting.iter().map(due).min())?
    }

    /// Sends whatever has its turn.
    pub(super) fn pump(&mut self, fx: &mut Effects) {
        let now = fx.now();
        while now >= self.next_at && self.has_place() {
            let ready = |waiting: &Waiting| waiting.order.not_before.is_none_or(|at| at <= now);
            let Some(at) = self.waiting.iter().position(ready) else {
                return;
            };
            let Some(Waiting { order, since }) = self.waiting.remove(at) else {
                return;
            };
            let Some(plan) = self.plan.clone() else { return };
            let useful = Duration::from_millis(plan.pace.useful_ms);
            let until = order.not_before.unwrap_or(since).max(since) + useful;
            // Settings, and what somebody wants to be sent, may have changed while it waited.
            let verdict = match now >= until {
                true => Err(TextRefusal::TooLate),
                false => self.check(&plan, &order),
            };
            match verdict {
                Err(why) => self.refuse(&order, since, why, None, fx),
                Ok(()) => {
                    self.next_at = now + interval(&plan);
                    self.attempt(&plan, (order, since), until, false, fx);
                }
            }
        }
    }

    fn attempt(
        &mut self,
        plan: &NumberPlan,
        (order, since): (TextOrder, Timestamp),
        until: Timestamp,
        resent: bool,
        fx: &mut Effects,
    ) {
        let mut message = SendMessage::new(
            sender(fx),
            order.to.clone(),
            order.text.clone(),
            order.key.clone(),
        );
        message.messaging_profile.clone_from(&plan.messaging_profile);
        let command = fx.command(Command::SendMessage(Box::new(message)), None, until);
        let status = if resent {
            "possible_duplicate"
        } else {
            "attempting"
        };
        Self::note(&order.key, None, status, None, fx);
        let began = self.open.get(&order.key).map_or(fx.now(), |open| open.began);
        let open = Open {
            print: print(&order.to, order.text.expose()),
            to: order.to,
            since,
            asker: order.asker,
            text: Some(order.text),
            resent,
            began,
            stage: Stage::Attempting { command },
        };
        self.open.insert(order.key, open);
    }

    pub(super) fn on_outcome(&mut self, command: &CommandId, outcome: Outcome, fx: &mut Effects) {
        let ours = |open: &Open| matches!(&open.stage, Stage::Attempting { command: id } if id == command);
        if self.looked(command, &outcome, fx) {
            return;
        }
        // A report may have come first; then this says nothing new.
        let Some(key) = self
            .open
            .iter()
            .find(|(_, open)| ours(open))
            .map(|(key, _)| key.clone())
        else {
            return;
        };
        match outcome {
            Outcome::Accepted(Answer::Message(message)) => {
                self.accepted(&key, message, TextStatus::Queued, fx);
            }
            Outcome::Accepted(_) | Outcome::Unknown { .. } => self.doubt(&key, fx),
            // It never left: too many requests, or no connection, until its time was over.
            Outcome::Cancelled => self.give_up(&key, TextRefusal::TooLate, None, fx),
            Outcome::Refused(refusal) => {
                let why = match refusal.kind {
                    RefusalKind::OptedOut => TextRefusal::OptedOut,
                    RefusalKind::BadDestination => TextRefusal::BadDestination,
                    _ => TextRefusal::Carrier,
                };
                if why == TextRefusal::OptedOut
                    && let Some(open) = self.open.get(&key)
                {
                    let who = open.to.clone();
                    self.stop_texting(&who);
                }
                self.give_up(&key, why, refusal.code, fx);
            }
        }
    }

    /// The carrier has it, by its answer or by its report.
    pub(super) fn accepted(
        &mut self,
        key: &TextKey,
        message: MessageId,
        status: TextStatus,
        fx: &mut Effects,
    ) {
        let until = fx.now() + TRACKED_FOR;
        let Some(open) = self.open.get_mut(key) else {
            return;
        };
        self.counts.sent += 1;
        open.text = None;
        Self::note(key, Some(&message), "accepted", None, fx);
        Self::tell(open.asker.as_ref(), key, TextResult::Accepted, fx);
        open.stage = Stage::Accepted {
            message,
            status,
            until,
        };
        let tracked = |open: &&Open| matches!(open.stage, Stage::Accepted { .. });
        if self.open.values().filter(tracked).count() > TRACKED {
            let oldest = self.open.iter().filter_map(|(key, open)| match open.stage {
                Stage::Accepted { until, .. } => Some((until, key.clone())),
                Stage::Attempting { .. } | Stage::Unknown { .. } | Stage::Escalated => None,
            });
            if let Some((_, key)) = oldest.min() {
                self.close(&key, fx);
            }
        }
    }

    fn give_up(&mut self, key: &TextKey, why: TextRefusal, code: Option<String>, fx: &mut Effects) {
        let Some(open) = self.open.remove(key) else { return };
        let order = TextOrder {
            key: key.clone(),
            to: open.to,
            text: open.text.unwrap_or_default(),
            not_before: None,
            asker: open.asker,
        };
        self.refuse(&order, open.since, why, code, fx);
    }

    fn doubt(&mut self, key: &TextKey, fx: &mut Effects) {
        let policy = self.plan.as_ref().map(|plan| plan.doubt).unwrap_or_default();
        let searchable = self.plan.as_ref().is_some_and(|plan| plan.searchable);
        let Some(open) = self.open.get_mut(key) else {
            return;
        };
        let kept = searchable || (policy.then == Doubt::ResendOnce && !open.resent);
        if !kept {
            open.text = None;
        }
        open.stage = Stage::Unknown {
            until: fx.now() + Duration::from_millis(policy.after_ms),
            search: Search::begin(searchable, fx.now()),
        };
        Self::note(key, None, "unknown", None, fx);
        Self::tell(open.asker.as_ref(), key, TextResult::Unknown, fx);
    }

    /// The policy's time is over for some.
    pub(super) fn end_doubts(&mut self, fx: &mut Effects) {
        let now = fx.now();
        let ripe = |open: &Open| matches!(open.stage, Stage::Unknown { until, .. } if until <= now);
        let keys: Vec<TextKey> = self
            .open
            .iter()
            .filter(|(_, open)| ripe(open))
            .map(|(key, _)| key.clone())
            .collect();
        let Some(plan) = self.plan.clone() else { return };
        for key in keys {
            let Some(open) = self.open.get_mut(&key) else {
                continue;
            };
            match (plan.doubt.then, open.text.take()) {
                (Doubt::ResendOnce, Some(text)) if !open.resent => {
                    let (to, asker, since) = (open.to.clone(), open.asker.clone(), open.since);
                    let order = TextOrder {
                        key,
                        to,
                        text,
                        not_before: None,
                        asker,
                    };
                    let until = now + Duration::from_millis(plan.pace.useful_ms);
                    self.attempt(&plan, (order, since), until, true, fx);
                }
                (Doubt::Escalate, _) => {
                    open.stage = Stage::Escalated;
                    Self::note(&key, None, "escalated", None, fx);
                }
                (Doubt::Drop | Doubt::ResendOnce, _) => {
                    self.counts.unknown += 1;
                    Self::note(&key, None, "unknown", Some("given_up".into()), fx);
                    self.close(&key, fx);
                }
            }
        }
    }

    /// Last words that did not come in time are not waited for.
    pub(super) fn stop_tracking(&mut self, fx: &mut Effects) {
        let now = fx.now();
        let late = |open: &Open| matches!(open.stage, Stage::Accepted { until, .. } if until <= now);
        let keys: Vec<TextKey> = self
            .open
            .iter()
            .filter(|(_, open)| late(open))
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            self.close(&key, fx);
        }
    }

    /// A text leaves the books of open ones as it stands.
    pub(super) fn close(&mut self, key: &TextKey, fx: &mut Effects) {
        let Some(open) = self.open.remove(key) else { return };
        let standing = open.standing();
        let message = match open.stage {
            Stage::Accepted { message, .. } => Some(message),
            Stage::Attempting { .. } | Stage::Unknown { .. } | Stage::Escalated => None,
        };
        let past = Past {
            key: key.clone(),
            print: open.print,
            to: open.to,
            message,
            standing,
            at: fx.now(),
        };
        self.over(past, open.since, open.asker.as_ref(), fx);
    }
}

/// The rules about a text that need no state; the API asks them before anything is recorded.
///
/// # Errors
/// The rule that it breaks.
pub fn check(plan: &NumberPlan, order: &TextOrder) -> Result<(), TextRefusal> {
    destination::check(&order.to, &plan.allow)?;
    let text = order.text.expose();
    let longest = usize::try_from(plan.pace.segments).unwrap_or(usize::MAX);
    match () {
        () if plan.ours.contains(&order.to) => Err(TextRefusal::OwnNumber),
        () if text.trim().is_empty() => Err(TextRefusal::Empty),
        () if segments(text).count > longest => Err(TextRefusal::TooLong),
        () => Ok(()),
    }
}

/// The number that this machine is.
pub(super) fn sender(fx: &Effects) -> PhoneNumber {
    match fx.address() {
        crate::Address::Sms(number) => PhoneNumber::new(number),
        crate::Address::Call(_) | crate::Address::Conference(_) | crate::Address::Queue(_) => {
            PhoneNumber::new("")
        }
    }
}

fn interval(plan: &NumberPlan) -> Duration {
    Duration::from_millis(60_000 / u64::from(plan.pace.per_minute.max(1)))
}
