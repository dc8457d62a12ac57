//! Media that leaves the carrier, in simple form: streaming, fork, SIPREC, and refer. Only the events
//! are simulated, no media flows.

use serde_json::json;
use uuid::Uuid;

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::LegNo;
use super::request::{Body, text};
use super::{Carrier, Step};

/// A running media stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) id: Uuid,
    url: String,
}

impl Carrier {
    pub(super) fn streaming_start(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        if self.leg(no).stream.is_some() {
            return Err(ApiError::streaming_in_use());
        }
        self.start_stream(step, no, body);
        Ok(Answer::ok())
    }

    pub(super) fn start_stream(&mut self, step: &mut Step, no: LegNo, body: &Body) {
        let url = text(body, "stream_url").unwrap_or_default().to_owned();
        let id = self.dice.uuid(&["stream", &self.leg(no).key]);
        self.leg_mut(no).stream = Some(Stream { id, url: url.clone() });
        self.leg_event(
            step,
            no,
            "streaming.started",
            json!({ "stream_url": url, "stream_id": id }),
        );
    }

    pub(super) fn streaming_stop(&mut self, step: &mut Step, no: LegNo) -> Outcome {
        if self.stop_stream(step, no) {
            Ok(Answer::ok())
        } else {
            Err(ApiError::streaming_not_used())
        }
    }

    fn stop_stream(&mut self, step: &mut Step, no: LegNo) -> bool {
        let Some(stream) = self.leg_mut(no).stream.take() else {
            return false;
        };
        let extra = json!({ "stream_url": stream.url, "stream_id": stream.id });
        self.leg_event(step, no, "streaming.stopped", extra);
        true
    }

    pub(super) fn fork_start(&mut self, step: &mut Step, no: LegNo) -> Answer {
        if std::mem::replace(&mut self.leg_mut(no).forked, true) {
            return Answer::ignored();
        }
        self.leg_event(
            step,
            no,
            "call.fork.started",
            json!({ "stream_type": "decrypted" }),
        );
        Answer::ok()
    }

    pub(super) fn fork_stop(&mut self, step: &mut Step, no: LegNo) -> Outcome {
        if !std::mem::replace(&mut self.leg_mut(no).forked, false) {
            return Err(ApiError::not_forked());
        }
        self.leg_event(
            step,
            no,
            "call.fork.stopped",
            json!({ "stream_type": "decrypted" }),
        );
        Ok(Answer::ok())
    }

    pub(super) fn siprec_start(&mut self, step: &mut Step, no: LegNo) -> Answer {
        if std::mem::replace(&mut self.leg_mut(no).siprec, true) {
            return Answer::ignored();
        }
        self.leg_event(step, no, "siprec.started", json!({}));
        Answer::ok()
    }

    pub(super) fn siprec_stop(&mut self, step: &mut Step, no: LegNo) -> Answer {
        if !std::mem::replace(&mut self.leg_mut(no).siprec, false) {
            return Answer::ignored();
        }
        self.leg_event(
            step,
            no,
            "siprec.stopped",
            json!({ "hangup_cause": "normal_clearing" }),
        );
        Answer::ok()
    }

    pub(super) fn refer(&mut self, step: &mut Step, no: LegNo) -> Answer {
        self.party_event(
            step,
            no,
            "call.refer.started",
            json!({ "sip_notify_response": 202 }),
        );
        self.party_event(
            step,
            no,
            "call.refer.completed",
            json!({ "sip_notify_response": 200 }),
        );
        Answer::ok()
    }

    /// Stops everything when the leg ends.
    pub(super) fn end_streams(&mut self, step: &mut Step, no: LegNo) {
        self.stop_stream(step, no);
        self.siprec_stop(step, no);
        if self.leg(no).forked {
            // Stopping a running fork cannot fail.
            let _ = self.fork_stop(step, no);
        }
    }
}
