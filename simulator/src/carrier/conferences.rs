//! Conferences as a whole: create, list, get, end, and the rule when one is over.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::calls::{Hangup, paged};
use super::conference::{Conference, DEFAULT_SIZE, Status};
use super::emitted::{ConferenceNo, LegNo, Notice, Timer};
use super::leg::Place;
use super::request::{Body, Request, text, whole};
use super::rules;
use super::{Carrier, Step};

impl Carrier {
    pub(super) fn create_conference(&mut self, step: &mut Step, body: &Body) -> Outcome {
        let command_id = text(body, "command_id");
        if let Some(earlier) = self.account.recall(command_id, step.now) {
            return Ok(Answer {
                status: 200,
                body: earlier.clone(),
                effect: false,
            });
        }
        rules::check(rules::conference::CREATE, body)?;
        let leg = self.answered_leg(body, "call_control_id")?;
        let name = text(body, "name").unwrap_or_default().to_owned();
        if self.live_names.contains_key(&name) {
            return Err(ApiError::name_active());
        }
        if matches!(self.leg(leg).place, Place::Conference(_)) {
            return Err(ApiError::already_joined());
        }
        if let Some(state) = text(body, "client_state") {
            self.leg_mut(leg).client_state = Some(state.to_owned());
        }
        let no = self.add_conference(step, leg, name, body);
        self.participant_event(step, no, leg, "conference.created", json!({}));
        step.notice(Notice::ConferenceCreated(no));
        self.enter(step, no, leg, &Body::new());
        let answer = Answer::data(self.conference_resource(no));
        self.account.remember(command_id, step.now, answer.body.clone());
        Ok(answer)
    }

    pub(super) fn add_conference(
        &mut self,
        step: &mut Step,
        creator: LegNo,
        name: String,
        body: &Body,
    ) -> ConferenceNo {
        let no = ConferenceNo(self.conferences.len());
        let incarnation = self.by_name.get(&name).map_or(0, Vec::len);
        let key = format!("conference-{name}-{incarnation}");
        let id = self.dice.uuid(&["conference", &key]).to_string();
        let waits = body.get("start_conference_on_create").and_then(Value::as_bool) == Some(false);
        let size = whole(body, "max_participants").and_then(|size| usize::try_from(size).ok());
        self.by_conference.insert(id.clone(), no);
        self.by_name.entry(name.clone()).or_default().push(no);
        self.live_names.insert(name.clone(), no);
        self.conferences.push(Conference {
            id,
            name,
            key,
            status: if waits { Status::Init } else { Status::InProgress },
            rooms: BTreeMap::new(),
            rooms_seen: Vec::new(),
            created_at: step.now,
            updated_at: step.now,
            end_reason: None,
            ended_by: None,
            creator,
            client_state: self.leg(creator).client_state.clone(),
            region: text(body, "region").unwrap_or("US").to_owned(),
            size: size.unwrap_or(DEFAULT_SIZE),
            participants: BTreeMap::new(),
            window: Default::default(),
            audio: Vec::new(),
            recordings: Vec::new(),
            events: BTreeMap::new(),
        });
        if let Some(minutes) = whole(body, "duration_minutes") {
            let after = Duration::from_secs(minutes.unsigned_abs() * 60);
            step.timer(after, Timer::ConferenceTimeout(no));
        }
        no
    }

    /// Every command on a conference: known, not repeated, not ended, body valid.
    pub(super) fn conference_action(
        &mut self,
        step: &mut Step,
        id: &str,
        verb: &str,
        body: &Body,
    ) -> Outcome {
        let fields = rules::conference::fields(verb).ok_or_else(ApiError::not_found)?;
        let no = self
            .conference_by_handle(id)
            .ok_or_else(ApiError::unknown_conference)?;
        let command_id = text(body, "command_id");
        if let Some(earlier) = self.conference(no).window.recall(command_id, step.now) {
            return Ok(Answer {
                status: 200,
                body: earlier.clone(),
                effect: false,
            });
        }
        if !self.conference(no).is_live() {
            return Err(ApiError::conference_ended());
        }
        rules::check(fields, body)?;
        let answer = self.conference_verb(step, no, verb, body)?;
        let (now, told) = (step.now, answer.body.clone());
        self.conference_mut(no).window.remember(command_id, now, told);
        Ok(answer)
    }

    fn conference_verb(&mut self, step: &mut Step, no: ConferenceNo, verb: &str, body: &Body) -> Outcome {
        match verb {
            "join" => self.join(step, no, body),
            "leave" => self.leave(step, no, body),
            "mute" | "unmute" => self.mute(step, no, body, verb == "mute"),
            "hold" => self.hold(step, no, body),
            "unhold" => self.unhold(step, no, body),
            "update" => self.update_participant(step, no, body),
            "end" => {
                self.end_conference(step, no, "ended_via_api", None, true);
                Ok(Answer::ok())
            }
            "speak" => self.conference_speak(step, no, body),
            "play" => self.conference_play(step, no, body),
            "stop" => Ok(self.conference_stop(step, no)),
            "record_start" => Ok(self.conference_record_start(step, no, body)),
            "record_stop" => self.conference_record_stop(step, no),
            "record_pause" | "record_resume" => self.conference_record_pause(no, verb == "record_pause"),
            "gather_using_audio" => {
                let leg = self.answered_leg(body, "call_control_id")?;
                self.gather(step, leg, verb, body)
            }
            _ => Ok(Answer::ok()),
        }
    }

    /// The one place where a conference ends. Participants are parked, or hung up when the way it ends asks for it.
    pub(super) fn end_conference(
        &mut self,
        step: &mut Step,
        no: ConferenceNo,
        reason: &'static str,
        by: Option<LegNo>,
        hang_up: bool,
    ) {
        let now = step.now;
        let conference = self.conference_mut(no);
        if !conference.is_live() {
            return;
        }
        conference.status = Status::Completed;
        conference.end_reason = Some(reason);
        conference.ended_by = by;
        conference.updated_at = now;
        let (name, creator) = (conference.name.clone(), conference.creator);
        let participants: Vec<LegNo> = conference.participants.keys().copied().collect();
        self.live_names.remove(&name);
        self.end_conference_audio(step, no);
        for leg in &participants {
            self.leg_mut(*leg).place = Place::Parked;
            self.forget_participant(step, no, *leg);
        }
        self.end_conference_recordings(step, no);
        self.participant_event(step, no, creator, "conference.ended", json!({ "reason": reason }));
        step.notice(Notice::ConferenceEnded(no));
        if hang_up {
            for leg in participants {
                self.end_leg(step, leg, Hangup::new("normal_clearing", "callee", "200"));
            }
        }
    }

    pub(super) fn conference_resource(&self, no: ConferenceNo) -> Value {
        let conference = self.conference(no);
        let by = conference.ended_by.map(|leg| self.leg(leg));
        conference.resource(&self.terms.connection_id, by)
    }

    pub(super) fn get_conference(&self, id: &str) -> Outcome {
        let no = self
            .conference_by_handle(id)
            .ok_or_else(ApiError::unknown_conference)?;
        Ok(Answer::read(json!({ "data": self.conference_resource(no) })))
    }

    /// Newest first, filtered by name, status and connection.
    pub(super) fn list_conferences(&self, request: &Request) -> Outcome {
        let status = request.query_value("filter[status]");
        if status.is_some_and(|status| !["init", "in_progress", "completed"].contains(&status)) {
            return Err(ApiError::query(
                "filter[status]",
                "init, in_progress or completed",
            ));
        }
        let other = |wanted: &str| wanted != self.terms.connection_id;
        if request.query_value("filter[connection_id]").is_some_and(other) {
            return paged(request, Vec::new());
        }
        // An index is used wherever there is one: a poll by name must not cost a walk over the history.
        let mut numbers: Vec<ConferenceNo> = match (request.query_value("filter[name]"), status) {
            (Some(name), _) => self.by_name.get(name).cloned().unwrap_or_default(),
            (None, Some("init" | "in_progress")) => self.live_names.values().copied().collect(),
            (None, _) => (0..self.conferences.len()).map(ConferenceNo).collect(),
        };
        numbers.retain(|no| status.is_none_or(|status| self.conference(*no).status.name() == status));
        numbers.sort_by_key(|no| std::cmp::Reverse((self.conference(*no).created_at, *no)));
        paged(
            request,
            numbers
                .into_iter()
                .map(|no| self.conference_resource(no))
                .collect(),
        )
    }
}
