//! Commands of a call as a whole: the way into every leg command, answer, hangup, reject, look-ups, and
//! the one place where a leg ends.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rand::Rng;
use serde_json::{Value, json};
use std::time::Duration;

use super::answer::{Answer, ApiError, Outcome};
use super::emitted::{LegNo, Notice, Timer};
use super::leg::{Direction, Leg, LegState, Place, stamp};
use super::request::{Body, Request, text};
use super::rules;
use super::{Carrier, Ring, Step};

/// How long an ended call can still be asked for.
const LOOKUP_AFTER_END: Duration = Duration::from_secs(600);
/// When the details of an ended leg are dropped: after the window of command ids.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(120);
/// Bytes behind a call_control_id: gives ids as long as the real ones.
const CONTROL_ID_BYTES: usize = 40;
/// Page size when the client did not say, and the largest allowed.
pub(super) const PAGE: (usize, usize) = (20, 250);

/// Why and by whom a leg ended, as the hangup event says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hangup {
    pub(super) cause: &'static str,
    pub(super) source: &'static str,
    pub(super) sip: &'static str,
}

impl Hangup {
    pub(super) const fn new(cause: &'static str, source: &'static str, sip: &'static str) -> Self {
        Self { cause, source, sip }
    }
}

impl Carrier {
    /// A new leg of a caller: rings, parked.
    pub(super) fn incoming(&mut self, step: &mut Step, ring: Ring) -> LegNo {
        let key = format!("caller-{}", ring.caller.0);
        let session = self.dice.uuid(&["session", &key]);
        let mut leg = self.new_leg(key, session, Direction::Incoming, ring.from, ring.to, step.now);
        leg.caller = Some(ring.caller);
        leg.room = Some(ring.room);
        let no = self.add_leg(leg);
        self.initiated(step, no);
        no
    }

    pub(super) fn new_leg(
        &self,
        key: String,
        session: uuid::Uuid,
        direction: Direction,
        from: String,
        to: String,
        now: Timestamp,
    ) -> Leg {
        let mut bytes = [0_u8; CONTROL_ID_BYTES];
        self.dice.stream(&["control", &key]).fill_bytes(&mut bytes);
        Leg {
            control_id: format!("v3:{}", URL_SAFE_NO_PAD.encode(bytes)),
            leg_id: self.dice.uuid(&["leg", &key]),
            key,
            caller: None,
            room: None,
            session,
            direction,
            from,
            to,
            state: LegState::Ringing,
            place: Place::Parked,
            client_state: None,
            started: now,
            answered_at: None,
            ended_at: None,
            audio: Default::default(),
            gather: None,
            recordings: Vec::new(),
            voice_until: None,
            stream: None,
            forked: false,
            siprec: false,
            window: Default::default(),
            webhooks: Default::default(),
            events: Default::default(),
            outgoing: None,
            callees: Vec::new(),
            transfers: 0,
            park_after_unbridge: false,
        }
    }

    pub(super) fn add_leg(&mut self, leg: Leg) -> LegNo {
        let no = LegNo(self.legs.len());
        self.by_control.insert(leg.control_id.clone(), no);
        self.live_legs.insert(no);
        self.legs.push(leg);
        no
    }

    pub(super) fn initiated(&mut self, step: &mut Step, no: LegNo) {
        let leg = self.leg(no);
        let (direction, state) = match leg.direction {
            Direction::Incoming => ("incoming", "parked"),
            Direction::Outgoing => ("outgoing", "bridging"),
        };
        let extra = json!({
            "direction": direction, "state": state, "start_time": stamp(leg.started),
            "caller_id_name": leg.from, "custom_headers": [], "sip_headers": [], "tags": [],
            "connection_codecs": "G722,PCMU,PCMA", "offered_codecs": "PCMU,PCMA",
            "call_screening_result": "", "shaken_stir_attestation": "", "shaken_stir_validated": false,
        });
        self.party_event(step, no, "call.initiated", extra);
    }

    /// Every command on a leg: id known, not repeated, not ended, body valid, answered if need be.
    pub(super) fn leg_action(&mut self, step: &mut Step, id: &str, verb: &str, body: &Body) -> Outcome {
        let fields = rules::leg::fields(verb).ok_or_else(ApiError::not_found)?;
        let no = self.leg_by_control(id).ok_or_else(ApiError::unknown_call)?;
        let command_id = text(body, "command_id");
        if let Some(earlier) = self.leg(no).window.recall(command_id, step.now) {
            return Ok(Answer {
                status: 200,
                body: earlier.clone(),
                effect: false,
            });
        }
        if !self.leg(no).is_live() {
            return Err(ApiError::call_ended());
        }
        rules::check(fields, body)?;
        let before_answer = matches!(verb, "answer" | "hangup" | "reject" | "client_state_update");
        if !before_answer && !self.leg(no).is_answered() {
            return Err(ApiError::not_answered());
        }
        // The state is set first because events of this very command already carry it.
        let before = self.leg(no).client_state.clone();
        if let Some(state) = text(body, "client_state") {
            self.leg_mut(no).client_state = Some(state.to_owned());
        }
        let outcome = self.leg_verb(step, no, verb, body);
        match &outcome {
            Ok(answer) => {
                let (now, told) = (step.now, answer.body.clone());
                self.leg_mut(no).window.remember(command_id, now, told);
            }
            Err(_) => self.leg_mut(no).client_state = before,
        }
        outcome
    }

    fn leg_verb(&mut self, step: &mut Step, no: LegNo, verb: &str, body: &Body) -> Outcome {
        match verb {
            "answer" => self.answer(step, no, body),
            "hangup" => self.hang_up_by_program(step, no),
            "reject" => self.reject(step, no, body),
            "speak" => self.speak(step, no, body),
            "playback_start" => self.playback_start(step, no, body),
            "playback_stop" => Ok(self.playback_stop(step, no, body)),
            "gather" | "gather_using_speak" | "gather_using_audio" => self.gather(step, no, verb, body),
            "gather_stop" => Ok(self.gather_stop(step, no)),
            "transfer" => self.transfer(step, no, body),
            "bridge" => self.bridge(step, no, body),
            "record_start" => Ok(self.record_start(step, no, body)),
            "record_stop" => self.record_stop(step, no, body),
            "record_pause" | "record_resume" => self.record_pause(no, body, verb == "record_pause"),
            "streaming_start" => self.streaming_start(step, no, body),
            "streaming_stop" => self.streaming_stop(step, no),
            "fork_start" => Ok(self.fork_start(step, no)),
            "fork_stop" => self.fork_stop(step, no),
            "siprec_start" => Ok(self.siprec_start(step, no)),
            "siprec_stop" => Ok(self.siprec_stop(step, no)),
            "refer" => Ok(self.refer(step, no)),
            "enqueue" => self.enqueue(step, no, body),
            "leave_queue" => self.leave_queue(step, no),
            // Accepted without an effect that a simulated caller could notice.
            _ => Ok(Answer::ok()),
        }
    }

    fn answer(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        if self.leg(no).direction == Direction::Outgoing {
            return Err(ApiError::answer_outbound());
        }
        if self.leg(no).is_answered() {
            return Ok(Answer::ignored());
        }
        self.leg_mut(no).webhooks.update(body);
        self.answered(step, no);
        let mut answer = Answer::ok();
        if body.contains_key("record") {
            answer.body["data"]["recording_id"] = json!(self.start_recording(step, no, body, "record_"));
        }
        if text(body, "stream_url").is_some() {
            self.start_stream(step, no, body);
        }
        Ok(answer)
    }

    /// A leg is up from here on, before the program hears of it: commands that follow at once are legal.
    pub(super) fn answered(&mut self, step: &mut Step, no: LegNo) {
        let leg = self.leg_mut(no);
        leg.state = LegState::Answered;
        leg.answered_at = Some(step.now);
        let extra = json!({ "start_time": stamp(leg.started), "state": "answered",
            "custom_headers": [], "sip_headers": [], "tags": [] });
        self.party_event(step, no, "call.answered", extra);
        step.notice(Notice::Answered(no));
    }

    fn hang_up_by_program(&mut self, step: &mut Step, no: LegNo) -> Outcome {
        let leg = self.leg(no);
        let hangup = match (leg.direction, leg.is_answered()) {
            (Direction::Incoming, _) => Hangup::new("normal_clearing", "callee", "200"),
            (Direction::Outgoing, true) => Hangup::new("normal_clearing", "caller", "200"),
            (Direction::Outgoing, false) => Hangup::new("originator_cancel", "caller", "487"),
        };
        self.end_leg(step, no, hangup);
        Ok(Answer::ok())
    }

    fn reject(&mut self, step: &mut Step, no: LegNo, body: &Body) -> Outcome {
        let leg = self.leg(no);
        if leg.is_answered() || leg.direction == Direction::Outgoing {
            return Err(ApiError::invalid(
                "call_control_id",
                "an incoming call that has not been answered",
            ));
        }
        let hangup = match text(body, "cause") {
            Some("USER_BUSY") => Hangup::new("user_busy", "callee", "486"),
            _ => Hangup::new("call_rejected", "callee", "603"),
        };
        self.end_leg(step, no, hangup);
        Ok(Answer::ok())
    }

    /// The person at the other end hangs up.
    pub(super) fn far_end_hangs_up(&mut self, step: &mut Step, no: LegNo) {
        let leg = self.leg(no);
        let hangup = match (leg.direction, leg.is_answered()) {
            (Direction::Incoming, false) => Hangup::new("originator_cancel", "caller", "487"),
            (Direction::Incoming, true) => Hangup::new("normal_clearing", "caller", "200"),
            (Direction::Outgoing, _) => Hangup::new("normal_clearing", "callee", "200"),
        };
        self.end_leg(step, no, hangup);
    }

    /// Ends a leg and everything that hangs on it. Harmless for one that is over.
    pub(super) fn end_leg(&mut self, step: &mut Step, no: LegNo, hangup: Hangup) {
        if !self.leg(no).is_live() {
            return;
        }
        self.leg_mut(no).state = LegState::Ended;
        self.leg_mut(no).ended_at = Some(step.now);
        self.live_legs.remove(&no);
        self.end_gather(step, no, "call_hangup");
        self.end_all_audio(step, no, "call_hangup");
        self.end_recordings(step, no);
        self.end_streams(step, no);
        let place = self.take_place(no);
        if let Place::Conference(conference) = place {
            self.depart(step, conference, no);
        }
        if let Place::Queued(queue) = &place {
            self.dequeue(step, queue, no, "hangup");
        }
        let leg = self.leg(no);
        let cost = json!({ "mos": "4.50", "packet_count": "0", "jitter_max_variance": "0.00",
            "jitter_packet_count": "0", "skip_packet_count": "0" });
        let extra = json!({
            "start_time": stamp(leg.started), "end_time": stamp(step.now), "state": "hangup",
            "hangup_cause": hangup.cause, "hangup_source": hangup.source, "sip_hangup_cause": hangup.sip,
            "call_quality_stats": { "inbound": cost,
                "outbound": { "packet_count": "0", "skip_packet_count": "0" } },
            "custom_headers": [], "sip_headers": [], "tags": [],
        });
        self.party_event(step, no, "call.hangup", extra);
        step.notice(Notice::Ended {
            leg: no,
            cause: hangup.cause,
        });
        if let Place::Bridged(peer) = place {
            self.unbridge(step, peer);
        }
        self.end_callees(step, no);
        step.timer(FORGOTTEN_AFTER, Timer::Forget(no));
    }

    /// Drops what no request can ask for any more, so that long runs do not grow with every call.
    pub(super) fn forget_leg(&mut self, no: LegNo) {
        let leg = self.leg_mut(no);
        leg.window = Default::default();
        leg.recordings = Vec::new();
        leg.webhooks = Default::default();
        leg.outgoing = None;
    }

    pub(super) fn call_get(&self, step: &Step, id: &str) -> Outcome {
        let no = self.leg_by_control(id).ok_or_else(ApiError::unknown_call)?;
        let leg = self.leg(no);
        let forgotten = |end: Timestamp| step.now.duration_since(end).unsigned_abs() > LOOKUP_AFTER_END;
        if leg.ended_at.is_some_and(forgotten) {
            return Err(ApiError::unknown_call());
        }
        Ok(Answer::read(json!({ "data": leg.resource(step.now) })))
    }

    /// Live legs in order of creation, by cursor.
    pub(super) fn active_calls(&self, step: &Step, connection: &str, request: &Request) -> Outcome {
        if connection != self.terms.connection_id {
            return Err(ApiError::connection());
        }
        let limit = match request.query_value("page[limit]") {
            Some(_) => page_number(request, "page[limit]", PAGE.0, PAGE.1)?,
            None => page_number(request, "page[size]", PAGE.0, PAGE.1)?,
        };
        let after = request.query_value("page[after]").map(read_cursor).transpose()?;
        let from = after.map_or(LegNo(0), |last| LegNo(last + 1));
        let skip = (page_number(request, "page[number]", 1, usize::MAX)? - 1).saturating_mul(limit);
        let mut rest = self.live_legs.range(from..).skip(skip);
        let page: Vec<LegNo> = rest.by_ref().take(limit).copied().collect();
        let more = rest.next().is_some();
        let total = self.live_legs.len();
        let mut meta = json!({ "total_items": total, "cursors": {} });
        // Not in the schema, but the official clients page by these and would otherwise never stop.
        let number = if after.is_some() && !more {
            total.div_ceil(limit)
        } else {
            skip / limit + 1
        };
        meta["page_number"] = json!(number);
        meta["total_pages"] = json!(total.div_ceil(limit));
        if let (true, Some(last)) = (more, page.last()) {
            let cursor = URL_SAFE_NO_PAD.encode(last.0.to_string());
            meta["next"] = json!(format!(
                "/v2/connections/{connection}/active_calls?page[after]={cursor}"
            ));
            meta["cursors"]["after"] = json!(cursor);
        }
        let data: Vec<Value> = page.iter().map(|no| self.active_call(step, *no)).collect();
        Ok(Answer::read(json!({ "data": data, "meta": meta })))
    }

    fn active_call(&self, step: &Step, no: LegNo) -> Value {
        let leg = self.leg(no);
        json!({
            "record_type": "call", "call_control_id": leg.control_id, "call_leg_id": leg.leg_id,
            "call_session_id": leg.session, "call_duration": leg.duration_secs(step.now),
            // Required and a text in the schema, so "never set" is the empty text here.
            "client_state": leg.client_state.clone().unwrap_or_default(),
        })
    }
}

fn read_cursor(cursor: &str) -> Result<usize, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| ApiError::query("page[after]", "a cursor from an earlier answer"))
}

/// A paging parameter between 1 and its largest value.
pub(super) fn page_number(
    request: &Request,
    name: &str,
    default: usize,
    max: usize,
) -> Result<usize, ApiError> {
    let Some(text) = request.query_value(name) else {
        return Ok(default);
    };
    let number = text.parse().ok().filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| ApiError::query(name, &format!("a number from 1 to {max}")))
}

/// One page of a list and the meta object that describes it.
pub(super) fn paged(request: &Request, all: Vec<Value>) -> Outcome {
    let size = page_number(request, "page[size]", PAGE.0, PAGE.1)?;
    let number = page_number(request, "page[number]", 1, usize::MAX)?;
    let total = all.len();
    let data: Vec<Value> = all
        .into_iter()
        .skip((number - 1).saturating_mul(size))
        .take(size)
        .collect();
    let meta = json!({ "page_number": number, "page_size": size,
        "total_pages": total.div_ceil(size), "total_results": total });
    Ok(Answer::read(json!({ "data": data, "meta": meta })))
}
