//! Joining two legs: transfer, bridge, and what happens to one when the other goes.

use serde_json::json;

use super::answer::{Answer, ApiError, Outcome};
use super::calls::Hangup;
use super::dialling::Parent;
use super::emitted::{LegNo, Notice, Timer};
use super::leg::{OnAnswer, Place};
use super::request::{Body, flag, text};
use super::{Carrier, Step};

impl Carrier {
    /// Rings a new leg in the same session; this leg goes on until that one answers.
    pub(super) fn transfer(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let to = text(body, "to").unwrap_or_default().to_owned();
        let key = format!("{}/transfer-{}", self.leg(no).key, self.leg(no).transfers);
        self.leg_mut(no).transfers += 1;
        // "Self" is the leg that is transferred: what becomes of it when the bridge ends.
        self.leg_mut(no).park_after_unbridge = text(body, "park_after_unbridge").is_some();
        self.start_outgoing(
            step,
            Parent {
                key,
                of: Some(no),
                on_answer: OnAnswer::Bridge(no),
            },
            to,
            body,
        );
        Ok(Answer::ok())
    }

    pub(super) fn bridge(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let other = match (text(body, "call_control_id"), text(body, "queue")) {
            (_, Some(queue)) => self.next_in_queue(queue)?,
            (Some(_), None) => self.answered_leg(body, "call_control_id")?,
            (None, None) if body.contains_key("video_room_id") => return Ok(Answer::ok()),
            (None, None) => return Err(ApiError::missing("call_control_id")),
        };
        if other == no {
            return Err(ApiError::invalid("call_control_id", "another call"));
        }
        if self.leg(no).place == Place::Bridged(other) {
            return Ok(Answer::ignored());
        }
        let bridged = |leg: LegNo| matches!(self.leg(leg).place, Place::Bridged(_));
        if flag(body, "prevent_double_bridge") && (bridged(no) || bridged(other)) {
            return Err(ApiError::invalid(
                "call_control_id",
                "a call that is not bridged yet",
            ));
        }
        if text(body, "park_after_unbridge").is_some() {
            self.leg_mut(no).park_after_unbridge = true;
        }
        if body.contains_key("record") {
            self.start_recording(step, no, body, "record_");
        }
        self.join_legs(step, no, other);
        Ok(Answer::ok())
    }

    /// Two answered legs hear each other from here on.
    pub(super) fn join_legs(&mut self, step: &mut Step, one: LegNo, other: LegNo) {
        self.detach(step, one, Some(other));
        self.detach(step, other, Some(one));
        self.leg_mut(one).place = Place::Bridged(other);
        self.leg_mut(other).place = Place::Bridged(one);
        self.party_event(step, one, "call.bridged", json!({}));
        self.party_event(step, other, "call.bridged", json!({}));
        step.notice(Notice::Bridged(one, other));
        for (leg, peer) in [(one, other), (other, one)] {
            if self.leg(leg).caller.is_none() {
                self.leg_mut(leg).caller = self.leg(peer).caller;
            }
            let talk = self.leg(leg).outgoing.as_ref();
            if let Some(talk) = talk.and_then(|outgoing| outgoing.far_end.talk_bridged) {
                step.timer(talk, Timer::FarEndLeaves(leg));
            }
        }
    }

    /// Takes a leg out of conference, queue or bridge before it goes elsewhere.
    fn detach(&mut self, step: &mut Step, no: LegNo, to: Option<LegNo>) {
        match self.take_place(no) {
            Place::Parked => {}
            Place::Conference(conference) => self.depart(step, conference, no),
            Place::Queued(queue) => self.dequeue(step, &queue, no, "bridged"),
            Place::Bridged(peer) if Some(peer) != to => self.unbridge(step, peer),
            Place::Bridged(_) => {}
        }
    }

    /// The other half of a bridge after its peer went: parked if a command said so, else hung up.
    pub(super) fn unbridge(&mut self, step: &mut Step, peer: LegNo) {
        self.leg_mut(peer).place = Place::Parked;
        if !self.leg(peer).park_after_unbridge {
            self.end_leg(step, peer, Hangup::new("normal_clearing", "unknown", "200"));
        }
    }

    /// For a queue: a bridged call that is queued leaves its peer.
    pub(super) fn detach_for_queue(&mut self, step: &mut Step, no: LegNo) {
        self.detach(step, no, None);
    }
}
