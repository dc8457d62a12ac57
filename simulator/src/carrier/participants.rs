//! Participants of a conference: join, leave, mute, hold, roles, and whether a caller is heard in the right room.

use serde_json::{Value, json};

use super::answer::{Answer, ApiError, Outcome};
use super::calls::paged;
use super::conference::{Participant, Status};
use super::emitted::{ConferenceNo, LegNo, Notice};
use super::leg::Place;
use super::request::{Body, Request, flag, text, texts};
use super::rules;
use super::{Carrier, Step};

impl Carrier {
    pub(super) fn join(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        let leg = self.answered_leg(body, "call_control_id")?;
        if matches!(self.leg(leg).place, Place::Conference(_)) {
            return Err(ApiError::already_joined());
        }
        let conference = self.conference(no);
        if conference.participants.len() >= conference.size {
            return Err(ApiError::conference_full());
        }
        if let Some(state) = text(body, "client_state") {
            self.leg_mut(leg).client_state = Some(state.to_owned());
            if self.conference(no).creator == leg {
                self.conference_mut(no).client_state = Some(state.to_owned());
            }
        }
        self.enter(step, no, leg, body);
        Ok(Answer::ok())
    }

    /// Puts an answered leg into a live conference.
    pub(super) fn enter(&mut self, step: &mut Step, no: ConferenceNo, leg: LegNo, body: &Body) {
        let key = format!("{}/{}", self.conference(no).key, self.leg(leg).key);
        let participant = Participant {
            id: self.dice.uuid(&["participant", &key]),
            muted: flag(body, "mute"),
            on_hold: flag(body, "hold"),
            end_on_exit: flag(body, "end_conference_on_exit"),
            soft_end_on_exit: flag(body, "soft_end_conference_on_exit"),
            role: text(body, "supervisor_role").unwrap_or("none").to_owned(),
            whisper: texts(body, "whisper_call_control_ids"),
            joined_at: step.now,
            updated_at: step.now,
            heard: false,
        };
        if let Place::Bridged(peer) = self.take_place(leg) {
            self.unbridge(step, peer);
        }
        self.leg_mut(leg).place = Place::Conference(no);
        let room = self.leg(leg).room.clone();
        let starts = body.get("start_conference_on_enter").and_then(Value::as_bool) != Some(false);
        let conference = self.conference_mut(no);
        conference.participants.insert(leg, participant);
        if starts && conference.participants.len() > 1 {
            conference.status = Status::InProgress;
        }
        self.participant_event(step, no, leg, "conference.participant.joined", json!({}));
        if let Some(room) = room {
            self.count_room(step, no, room);
        }
        self.tell_heard(step, no);
    }

    fn count_room(&mut self, step: &mut Step, no: ConferenceNo, room: String) {
        let conference = self.conference_mut(no);
        *conference.rooms.entry(room.clone()).or_default() += 1;
        if !conference.rooms_seen.contains(&room) {
            conference.rooms_seen.push(room.clone());
        }
        let places = self.rooms.entry(room.clone()).or_default();
        let fresh = places
            .insert(no, places.get(&no).copied().unwrap_or(0) + 1)
            .is_none();
        if fresh && places.len() > 1 {
            step.notice(Notice::RoomSplit { room });
        }
    }

    fn uncount_room(&mut self, no: ConferenceNo, room: &str) {
        let rooms = &mut self.conference_mut(no).rooms;
        if let Some(count) = rooms.get_mut(room) {
            *count -= 1;
            if *count == 0 {
                rooms.remove(room);
            }
        }
        if let Some(places) = self.rooms.get_mut(room) {
            if let Some(count) = places.get_mut(&no) {
                *count -= 1;
                if *count == 0 {
                    places.remove(&no);
                }
            }
            if places.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    /// A caller is heard when the conference runs, the caller is not on hold and everybody in it wants the same room.
    fn tell_heard(&mut self, step: &mut Step, no: ConferenceNo) {
        let conference = &mut self.conferences[no.0];
        if conference.status != Status::InProgress || conference.rooms.len() != 1 {
            return;
        }
        for (leg, participant) in &mut conference.participants {
            if !participant.heard && !participant.on_hold && self.legs[leg.0].room.is_some() {
                participant.heard = true;
                step.notice(Notice::Heard(*leg));
            }
        }
    }

    pub(super) fn leave(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        let leg = self.live_leg(text(body, "call_control_id").unwrap_or_default())?;
        if !self.conference(no).participants.contains_key(&leg) {
            return Err(ApiError::no_participants());
        }
        self.take_place(leg);
        self.depart(step, no, leg);
        Ok(Answer::ok())
    }

    /// A leg is no longer in a conference, for whatever reason; its place was taken away before.
    pub(super) fn depart(&mut self, step: &mut Step, no: ConferenceNo, leg: LegNo) {
        let Some(participant) = self.forget_participant(step, no, leg) else {
            return;
        };
        if participant.end_on_exit || participant.soft_end_on_exit {
            let hang_up = participant.end_on_exit;
            self.end_conference(step, no, "host_left", Some(leg), hang_up);
        } else if self.conference(no).participants.is_empty() {
            self.end_conference(step, no, "all_left", Some(leg), false);
        } else {
            self.tell_heard(step, no);
        }
    }

    pub(super) fn forget_participant(
        &mut self,
        step: &mut Step,
        no: ConferenceNo,
        leg: LegNo,
    ) -> Option<Participant> {
        let participant = self.conference_mut(no).participants.remove(&leg)?;
        if let Some(room) = self.leg(leg).room.clone() {
            self.uncount_room(no, &room);
        }
        self.participant_event(step, no, leg, "conference.participant.left", json!({}));
        Some(participant)
    }

    pub(super) fn mute(&mut self, step: &mut Step, no: ConferenceNo, body: &Body, mute: bool) -> Outcome {
        self.change(step, no, body, true, |participant| {
            std::mem::replace(&mut participant.muted, mute) != mute
        })
    }

    pub(super) fn hold(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        // Hold music starts again when a participant on hold is held once more; silence does not.
        let music = text(body, "audio_url").is_some() || text(body, "media_name").is_some();
        self.change(step, no, body, true, |participant| {
            !std::mem::replace(&mut participant.on_hold, true) || music
        })
    }

    pub(super) fn unhold(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        let answer = self.change(step, no, body, false, |p| {
            std::mem::replace(&mut p.on_hold, false)
        });
        self.tell_heard(step, no);
        answer
    }

    fn change(
        &mut self,
        step: &mut Step,
        no: ConferenceNo,
        body: &Body,
        empty_is_all: bool,
        mut set: impl FnMut(&mut Participant) -> bool,
    ) -> Outcome {
        let ids = texts(body, "call_control_ids");
        let named: Vec<LegNo> = ids.iter().filter_map(|id| self.leg_by_control(id)).collect();
        let conference = self.conference_mut(no);
        let all = ids.is_empty() && empty_is_all;
        let (mut found, mut changed) = (false, false);
        for (leg, participant) in &mut conference.participants {
            if all || named.contains(leg) {
                found = true;
                if set(participant) {
                    changed = true;
                    participant.updated_at = step.now;
                }
            }
        }
        match (found, changed) {
            (false, _) => Err(ApiError::no_participants()),
            (true, true) => Ok(Answer::ok()),
            (true, false) => Ok(Answer::ignored()),
        }
    }

    pub(super) fn update_participant(&mut self, step: &mut Step, no: ConferenceNo, body: &Body) -> Outcome {
        let leg = self.live_leg(text(body, "call_control_id").unwrap_or_default())?;
        let now = step.now;
        let participants = &mut self.conference_mut(no).participants;
        let participant = participants.get_mut(&leg).ok_or_else(ApiError::no_participants)?;
        let role = text(body, "supervisor_role").unwrap_or("none");
        let whisper = texts(body, "whisper_call_control_ids");
        if participant.role == role && participant.whisper == whisper {
            return Ok(Answer::ignored());
        }
        role.clone_into(&mut participant.role);
        participant.whisper = whisper;
        participant.updated_at = now;
        Ok(Answer::ok())
    }

    pub(super) fn list_participants(&self, id: &str, request: &Request) -> Outcome {
        let no = self
            .conference_by_handle(id)
            .ok_or_else(ApiError::unknown_conference)?;
        let wanted = |name: &str| request.query_value(name).map(|value| value == "true");
        let (muted, on_hold) = (wanted("filter[muted]"), wanted("filter[on_hold]"));
        let whispering = wanted("filter[whispering]");
        let conference = self.conference(no);
        let shown = conference.participants.iter().filter(|(_, participant)| {
            muted.is_none_or(|wanted| wanted == participant.muted)
                && on_hold.is_none_or(|wanted| wanted == participant.on_hold)
                && whispering.is_none_or(|wanted| wanted != participant.whisper.is_empty())
        });
        paged(
            request,
            shown
                .map(|(leg, participant)| conference.listed(self.leg(*leg), participant))
                .collect(),
        )
    }

    pub(super) fn get_participant(&self, id: &str, who: &str) -> Outcome {
        let (no, leg) = self.participant_at(id, who)?;
        let conference = self.conference(no);
        Ok(Answer::read(
            json!({ "data": conference.participant(self.leg(leg), &conference.participants[&leg]) }),
        ))
    }

    pub(super) fn patch_participant(&mut self, step: &mut Step, id: &str, who: &str, body: &Body) -> Outcome {
        rules::check(rules::conference::PATCH, body)?;
        let (no, leg) = self.participant_at(id, who)?;
        let now = step.now;
        if let Some(participant) = self.conference_mut(no).participants.get_mut(&leg) {
            let value = |name: &str| body.get(name).and_then(Value::as_bool);
            participant.end_on_exit = value("end_conference_on_exit").unwrap_or(participant.end_on_exit);
            participant.soft_end_on_exit =
                value("soft_end_conference_on_exit").unwrap_or(participant.soft_end_on_exit);
            participant.updated_at = now;
        }
        Ok(Answer {
            effect: true,
            ..self.get_participant(id, who)?
        })
    }

    /// A participant by its own id or by the call_control_id of its leg.
    fn participant_at(&self, id: &str, who: &str) -> Result<(ConferenceNo, LegNo), ApiError> {
        let no = self
            .conference_by_handle(id)
            .ok_or_else(ApiError::unknown_conference)?;
        let participants = &self.conference(no).participants;
        let by_control = self
            .leg_by_control(who)
            .filter(|leg| participants.contains_key(leg));
        let by_id = || {
            participants
                .iter()
                .find(|(_, participant)| participant.id.to_string() == who)
        };
        let leg = by_control.or_else(|| by_id().map(|(leg, _)| *leg));
        leg.map(|leg| (no, leg)).ok_or_else(ApiError::not_found)
    }

    /// An outgoing leg that was dialled into a conference was answered.
    pub(super) fn join_on_answer(&mut self, step: &mut Step, leg: LegNo, config: &Body) {
        let name = text(config, "conference_name");
        let known = text(config, "id").and_then(|id| self.conference_by_handle(id));
        let known = known.or_else(|| name.and_then(|name| self.live_names.get(name).copied()));
        match (known.filter(|no| self.conference(*no).is_live()), name) {
            (Some(no), _) => {
                if self.conference(no).participants.len() < self.conference(no).size {
                    self.enter(step, no, leg, config);
                }
            }
            (None, Some(name)) => {
                let no = self.add_conference(step, leg, name.to_owned(), config);
                self.participant_event(step, no, leg, "conference.created", json!({}));
                step.notice(Notice::ConferenceCreated(no));
                self.enter(step, no, leg, config);
            }
            (None, None) => {}
        }
    }
}
