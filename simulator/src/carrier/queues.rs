//! Queues: waiting calls in order, their commands and their resources.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, ApiError, Outcome};
use super::calls::paged;
use super::emitted::{LegNo, Timer};
use super::leg::{Place, stamp};
use super::request::{Body, Request, text, whole};
use super::rules;
use super::{Carrier, Step};

/// Size of a queue that `enqueue` creates, and of one that `POST /queues` creates.
const SIZE_BY_ENQUEUE: i64 = 100;
const SIZE_BY_CREATE: i64 = 300;

/// A named queue.
#[derive(Debug)]
pub(crate) struct Queue {
    id: Uuid,
    size: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    calls: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    leg: LegNo,
    since: Timestamp,
    serial: u64,
}

impl Queue {
    fn resource(&self, name: &str) -> Value {
        json!({
            "record_type": "queue", "id": self.id, "name": name, "max_size": self.size,
            "current_size": self.calls.len(), "average_wait_time_secs": 0,
            "created_at": stamp(self.created_at), "updated_at": stamp(self.updated_at),
        })
    }
}

impl Carrier {
    pub(super) fn enqueue(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let name = text(body, "queue_name").unwrap_or_default().to_owned();
        if matches!(self.leg(no).place, Place::Queued(_)) {
            return Err(ApiError::already_in_queue());
        }
        let asked = whole(body, "max_size");
        if let Some(queue) = self.queues.get(&name) {
            if asked.is_some_and(|size| size != queue.size) {
                return Err(ApiError::queue_size_fixed());
            }
            if queue.calls.len() as i64 >= queue.size {
                return Err(ApiError::queue_full());
            }
        } else {
            self.add_queue(step, &name, asked.unwrap_or(SIZE_BY_ENQUEUE));
        }
        self.detach_for_queue(step, no);
        let serial = self.next_serial();
        let waiting = Waiting {
            leg: no,
            since: step.now,
            serial,
        };
        let position = self.queues.get_mut(&name).map_or(1, |queue| {
            queue.calls.push(waiting);
            queue.calls.len()
        });
        self.leg_mut(no).place = Place::Queued(name.clone());
        if let Some(secs) = whole(body, "max_wait_time_secs") {
            step.timer(
                Duration::from_secs(secs.unsigned_abs()),
                Timer::QueueTimeout(no, serial),
            );
        }
        let extra = json!({ "queue": name, "current_position": position, "queue_avg_wait_time_secs": 0 });
        self.leg_event(step, no, "call.enqueued", extra);
        Ok(Answer::ok())
    }

    pub(super) fn leave_queue(&mut self, step: &mut Step, no: LegNo) -> Outcome {
        let Place::Queued(name) = self.leg(no).place.clone() else {
            return Err(ApiError::not_in_queue());
        };
        self.take_place(no);
        self.dequeue(step, &name, no, "leave");
        Ok(Answer::ok())
    }

    pub(super) fn queue_timeout(&mut self, step: &mut Step, no: LegNo, serial: u64) {
        let Place::Queued(name) = self.leg(no).place.clone() else {
            return;
        };
        let waits = |queue: &Queue| queue.calls.iter().any(|call| call.serial == serial);
        if self.queues.get(&name).is_some_and(waits) {
            self.take_place(no);
            self.dequeue(step, &name, no, "timeout");
        }
    }

    /// A leg is no longer in a queue; its place was taken away before.
    pub(super) fn dequeue(&mut self, step: &mut Step, name: &str, no: LegNo, reason: &str) {
        let Some(queue) = self.queues.get_mut(name) else {
            return;
        };
        let Some(at) = queue.calls.iter().position(|call| call.leg == no) else {
            return;
        };
        let call = queue.calls.remove(at);
        let waited = step.now.duration_since(call.since).as_secs();
        let extra =
            json!({ "queue": name, "queue_position": at + 1, "reason": reason, "wait_time_secs": waited });
        self.leg_event(step, no, "call.dequeued", extra);
    }

    pub(super) fn next_in_queue(&self, name: &str) -> Result<LegNo, ApiError> {
        let queue = self.queues.get(name).ok_or_else(ApiError::not_found)?;
        queue
            .calls
            .first()
            .map(|call| call.leg)
            .ok_or_else(ApiError::not_in_queue)
    }

    fn add_queue(&mut self, step: &Step, name: &str, size: i64) {
        let queue = Queue {
            id: self.dice.uuid(&["queue", name]),
            size,
            created_at: step.now,
            updated_at: step.now,
            calls: Vec::new(),
        };
        self.queues.insert(name.to_owned(), queue);
    }

    fn queue(&self, name: &str) -> Result<&Queue, ApiError> {
        self.queues.get(name).ok_or_else(ApiError::not_found)
    }

    pub(super) fn create_queue(&mut self, step: &Step, body: &Body) -> Outcome {
        rules::check(rules::conference::QUEUE_CREATE, body)?;
        let name = text(body, "queue_name").unwrap_or_default();
        if self.queues.contains_key(name) {
            return Err(ApiError::invalid("queue_name", "a name that is not in use"));
        }
        self.add_queue(step, name, whole(body, "max_size").unwrap_or(SIZE_BY_CREATE));
        Ok(Answer::data(self.queue(name)?.resource(name)))
    }

    pub(super) fn list_queues(&self, request: &Request) -> Outcome {
        paged(
            request,
            self.queues
                .iter()
                .map(|(name, queue)| queue.resource(name))
                .collect(),
        )
    }

    pub(super) fn get_queue(&self, name: &str) -> Outcome {
        Ok(Answer::read(json!({ "data": self.queue(name)?.resource(name) })))
    }

    pub(super) fn update_queue(&mut self, step: &Step, name: &str, body: &Body) -> Outcome {
        rules::check(rules::conference::QUEUE_UPDATE, body)?;
        let queue = self.queues.get_mut(name).ok_or_else(ApiError::not_found)?;
        queue.size = whole(body, "max_size").unwrap_or(queue.size);
        queue.updated_at = step.now;
        Ok(Answer::data(queue.resource(name)))
    }

    pub(super) fn delete_queue(&mut self, name: &str) -> Outcome {
        if !self.queue(name)?.calls.is_empty() {
            return Err(ApiError::queue_not_empty());
        }
        self.queues.remove(name);
        Ok(Answer::no_content())
    }

    pub(super) fn list_queue_calls(&self, step: &Step, name: &str, request: &Request) -> Outcome {
        let queue = self.queue(name)?;
        paged(
            request,
            (0..queue.calls.len())
                .map(|at| self.queue_call(step, queue, at))
                .collect(),
        )
    }

    pub(super) fn get_queue_call(&self, step: &Step, name: &str, call: &str) -> Outcome {
        let queue = self.queue(name)?;
        let at = self.position(queue, call)?;
        Ok(Answer::read(json!({ "data": self.queue_call(step, queue, at) })))
    }

    pub(super) fn patch_queue_call(&self, name: &str, call: &str, body: &Body) -> Outcome {
        rules::check(rules::conference::QUEUE_CALL, body)?;
        self.position(self.queue(name)?, call)?;
        Ok(Answer::no_content())
    }

    pub(super) fn delete_queue_call(&mut self, step: &mut Step, name: &str, call: &str) -> Outcome {
        let queue = self.queue(name)?;
        let leg = queue.calls[self.position(queue, call)?].leg;
        self.take_place(leg);
        self.dequeue(step, name, leg, "leave");
        Ok(Answer::no_content())
    }

    fn position(&self, queue: &Queue, call: &str) -> Result<usize, ApiError> {
        let leg = self.leg_by_control(call).ok_or_else(ApiError::not_found)?;
        queue
            .calls
            .iter()
            .position(|waiting| waiting.leg == leg)
            .ok_or_else(ApiError::not_found)
    }

    fn queue_call(&self, step: &Step, queue: &Queue, at: usize) -> Value {
        let waiting = &queue.calls[at];
        let leg = self.leg(waiting.leg);
        json!({
            "record_type": "queue_call", "call_control_id": leg.control_id, "call_leg_id": leg.leg_id,
            "call_session_id": leg.session, "connection_id": self.terms.connection_id,
            "from": leg.from, "to": leg.to, "is_alive": leg.is_live(), "queue_id": queue.id,
            "queue_position": at + 1, "enqueued_at": stamp(waiting.since),
            "wait_time_secs": step.now.duration_since(waiting.since).as_secs(),
        })
    }
}
