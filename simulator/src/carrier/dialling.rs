//! Outgoing legs: dial, what the far end does with them, time limits.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::calls::Hangup;
use super::emitted::{LegNo, Timer};
use super::leg::{Direction, OnAnswer, Outgoing};
use super::request::{Body, flag, text, whole};
use super::rules;
use super::{Carrier, Step};
use crate::target::FarEndAnswer;

/// How long an outgoing leg rings when the command does not say.
const RING_SECS: i64 = 30;

/// What a new outgoing leg belongs to.
pub(super) struct Parent {
    /// Stable name of the leg.
    pub(super) key: String,
    /// Session to join, or `None` for a new one.
    pub(super) of: Option<LegNo>,
    pub(super) on_answer: OnAnswer,
}

impl Carrier {
    pub(super) fn dial(&mut self, step: &mut Step, body: &Body) -> Outcome {
        let command_id = text(body, "command_id");
        if let Some(earlier) = self.account.recall(command_id, step.now) {
            return Ok(Answer {
                status: 200,
                body: earlier.clone(),
                effect: false,
            });
        }
        rules::check(rules::leg::DIAL, body)?;
        if text(body, "connection_id") != Some(self.terms.connection_id.as_str()) {
            return Err(ApiError::connection());
        }
        let of = text(body, "link_to").map(|id| self.linked(id)).transpose()?;
        if of.is_none() && (flag(body, "bridge_intent") || flag(body, "bridge_on_answer")) {
            return Err(ApiError::missing("link_to"));
        }
        let on_answer = match (of, body.get("conference_config").and_then(Value::as_object)) {
            (Some(leg), _) if flag(body, "bridge_on_answer") => OnAnswer::Bridge(leg),
            (_, Some(config)) => OnAnswer::Join(config.clone()),
            _ => OnAnswer::Nothing,
        };
        let targets: Vec<String> = match body.get("to") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => text(body, "to").map(str::to_owned).into_iter().collect(),
        };
        let mut legs = Vec::with_capacity(targets.len());
        for to in targets {
            self.dialled += 1;
            // A dial that retries with its command id keeps its draws whatever happens around it.
            let name = command_id.map_or_else(|| self.dialled.to_string(), str::to_owned);
            let parent = Parent {
                key: format!("dial-{name}-{to}"),
                of,
                on_answer: on_answer.clone(),
            };
            legs.push(self.start_outgoing(step, parent, to, body));
        }
        for no in &legs {
            if let Some(outgoing) = &mut self.leg_mut(*no).outgoing {
                outgoing.siblings = legs.iter().copied().filter(|other| other != no).collect();
            }
        }
        let first = legs.first().copied().ok_or_else(|| ApiError::missing("to"))?;
        let mut answer = Answer::data(self.leg(first).resource(step.now));
        // Dialling is asynchronous: the answer to the command always says that the call is not up.
        answer.body["data"]["is_alive"] = json!(false);
        self.account.remember(command_id, step.now, answer.body.clone());
        Ok(answer)
    }

    fn linked(&self, id: &str) -> Result<LegNo, ApiError> {
        self.live_leg(id)
            .map_err(|_| ApiError::invalid("link_to", "the call_control_id of a live call"))
    }

    /// A new outgoing leg that starts to ring.
    pub(super) fn start_outgoing(
        &mut self,
        step: &mut Step,
        parent: Parent,
        to: String,
        body: &Body,
    ) -> LegNo {
        let session = match parent.of {
            Some(leg) => self.leg(leg).session,
            None => self.dice.uuid(&["session", &parent.key]),
        };
        let from = text(body, "from").map(str::to_owned);
        let from = from
            .or_else(|| parent.of.map(|leg| self.leg(leg).to.clone()))
            .unwrap_or_default();
        let mut far_end = self.target(&to).clone();
        if far_end.one_line && self.is_engaged(&to) {
            far_end.answer = FarEndAnswer::Busy;
        }
        let detection = text(body, "answering_machine_detection").filter(|kind| *kind != "disabled");
        let mut leg = self.new_leg(parent.key, session, Direction::Outgoing, from, to, step.now);
        leg.caller = parent.of.and_then(|of| self.leg(of).caller);
        leg.webhooks.update(body);
        // In a dial "self" is the new leg, in a transfer the one that is transferred.
        leg.park_after_unbridge =
            body.contains_key("connection_id") && text(body, "park_after_unbridge").is_some();
        leg.outgoing = Some(Box::new(Outgoing {
            far_end: far_end.clone(),
            on_answer: parent.on_answer,
            detection: detection.map(str::to_owned),
            siblings: Vec::new(),
            gathers: 0,
            record: body.contains_key("record").then(|| body.clone()),
        }));
        let waits_for = match leg.outgoing.as_ref().map(|outgoing| &outgoing.on_answer) {
            Some(OnAnswer::Bridge(other)) => Some(*other),
            _ => None,
        };
        let no = self.add_leg(leg);
        if let Some(other) = waits_for {
            self.leg_mut(other).callees.push(no);
        }
        self.initiate_with_state(step, no, body);
        step.timer(far_end.after, Timer::FarEndActs(no));
        let ring = whole(body, "timeout_secs").unwrap_or(RING_SECS).unsigned_abs();
        step.timer(Duration::from_secs(ring), Timer::RingTimeout(no));
        if let Some(limit) = whole(body, "time_limit_secs") {
            step.timer(Duration::from_secs(limit.unsigned_abs()), Timer::TimeLimit(no));
        }
        no
    }

    /// Whether a leg to this address rings or is up.
    fn is_engaged(&self, to: &str) -> bool {
        let mut legs = self.live_legs.iter().map(|no| self.leg(*no));
        legs.any(|leg| leg.direction == Direction::Outgoing && leg.to == to)
    }

    fn initiate_with_state(&mut self, step: &mut Step, no: LegNo, body: &Body) {
        // A transfer names the new leg's state apart from the state of the leg that is transferred.
        let field = if body.contains_key("connection_id") {
            "client_state"
        } else {
            "target_leg_client_state"
        };
        self.leg_mut(no).client_state = text(body, field).map(str::to_owned);
        self.initiated(step, no);
    }

    pub(super) fn far_end_acts(&mut self, step: &mut Step, no: LegNo) {
        let leg = self.leg(no);
        let Some(outgoing) = leg
            .outgoing
            .clone()
            .filter(|_| leg.is_live() && !leg.is_answered())
        else {
            return;
        };
        match outgoing.far_end.answer {
            FarEndAnswer::Answers => self.far_end_answers(step, no, &outgoing),
            FarEndAnswer::Busy => self.end_leg(step, no, Hangup::new("user_busy", "callee", "486")),
            FarEndAnswer::Rejects => self.end_leg(step, no, Hangup::new("call_rejected", "callee", "603")),
            FarEndAnswer::Unavailable => self.end_leg(step, no, Hangup::new("no_answer", "callee", "480")),
            FarEndAnswer::Unallocated => self.end_leg(step, no, Hangup::new("not_found", "callee", "404")),
            FarEndAnswer::Failed => self.end_leg(step, no, Hangup::new("unspecified", "unknown", "503")),
            // Rings until the time-out of the command.
            FarEndAnswer::NoAnswer => {}
        }
    }

    fn far_end_answers(&mut self, step: &mut Step, no: LegNo, outgoing: &Outgoing) {
        for sibling in &outgoing.siblings {
            self.end_leg(step, *sibling, Hangup::new("originator_cancel", "caller", "487"));
        }
        self.answered(step, no);
        if let Some(talk) = outgoing.far_end.talk {
            step.timer(talk, Timer::FarEndLeaves(no));
        }
        if let Some(record) = &outgoing.record {
            self.start_recording(step, no, record, "record_");
        }
        if outgoing.detection.is_some() {
            step.timer(self.terms.pace.detection(), Timer::MachineDetected(no));
        }
        match &outgoing.on_answer {
            OnAnswer::Nothing => {}
            OnAnswer::Bridge(other) => {
                if self.leg(*other).is_answered() {
                    self.join_legs(step, no, *other);
                }
            }
            OnAnswer::Join(config) => self.join_on_answer(step, no, config),
        }
    }

    pub(super) fn ring_timeout(&mut self, step: &mut Step, no: LegNo) {
        if !self.leg(no).is_answered() {
            self.end_leg(step, no, Hangup::new("timeout", "callee", "487"));
        }
    }

    /// Legs that ring in order to be bridged to this one are pointless once it is gone.
    pub(super) fn end_callees(&mut self, step: &mut Step, no: LegNo) {
        for callee in std::mem::take(&mut self.leg_mut(no).callees) {
            if !self.leg(callee).is_answered() {
                self.end_leg(step, callee, Hangup::new("originator_cancel", "caller", "487"));
            }
        }
    }
}
