//! What an operator asks of the people in a room: mute, hold, kick, say. Called by `on_operator` only.
//!
//! The room remembers what it asked for, so that its audits and a moderator's coming do not undo it.

use crate::command::Command;
use crate::command::conference::{ConferenceAction, ConferenceSpeak, Hold, Leave, Participants};
use crate::conference::{ConferenceMachine, Purpose, RoomState, Stage, ignored};
use crate::effect::Effects;
use crate::ids::{CallControlId, ConferenceId};
use crate::input::RoomRequest;

impl ConferenceMachine {
    pub(super) fn on_room_request(&mut self, request: RoomRequest, fx: &mut Effects) {
        let RoomState::Live { conference } = &self.state else {
            return ignored("there is no conference, or it is being ended");
        };
        let conference = conference.clone();
        match request {
            RoomRequest::Mute { legs } => self.set_mute(true, &legs, conference, fx),
            RoomRequest::Unmute { legs } => self.set_mute(false, &legs, conference, fx),
            RoomRequest::Hold { legs } => self.park(&legs, conference, fx),
            RoomRequest::Unhold { legs } => self.unpark(&legs, conference, fx),
            RoomRequest::Kick { legs } => self.kick(&legs, &conference, fx),
            RoomRequest::Say {
                text,
                voice,
                language,
                legs,
            } => {
                let everybody = legs.is_empty();
                let legs = self.inside(&legs);
                if !everybody && legs.is_empty() {
                    return ignored("those who were to hear it have left");
                }
                let speak = ConferenceSpeak {
                    payload: text.expose().to_owned(),
                    voice,
                    language: Some(language),
                    legs: (!everybody).then_some(legs),
                    ..ConferenceSpeak::default()
                };
                self.act(
                    conference,
                    ConferenceAction::Speak(Box::new(speak)),
                    Purpose::Operator,
                    fx,
                );
            }
        }
    }

    /// Those of the legs that are in the conference.
    fn inside(&self, legs: &[CallControlId]) -> Vec<CallControlId> {
        let is_in = |leg: &&CallControlId| {
            self.members
                .get(*leg)
                .is_some_and(|member| member.stage == Stage::In)
        };
        legs.iter().filter(is_in).cloned().collect()
    }

    fn set_mute(&mut self, muted: bool, legs: &[CallControlId], conference: ConferenceId, fx: &mut Effects) {
        let legs = self.inside(legs);
        if legs.is_empty() {
            return ignored("nobody of them is in");
        }
        for leg in &legs {
            if let Some(member) = self.members.get_mut(leg) {
                member.muted = muted;
            }
        }
        let who = Participants::from(legs);
        let action = match muted {
            true => ConferenceAction::Mute(who),
            false => ConferenceAction::Unmute(who),
        };
        self.act(conference, action, Purpose::Operator, fx);
    }

    fn park(&mut self, legs: &[CallControlId], conference: ConferenceId, fx: &mut Effects) {
        let legs = self.inside(legs);
        if legs.is_empty() {
            return ignored("nobody of them is in");
        }
        for leg in &legs {
            if let Some(member) = self.members.get_mut(leg) {
                (member.parked, member.held) = (true, true);
            }
        }
        let hold = Hold {
            legs,
            audio_url: self.settings.hold_audio_url.clone(),
            ..Hold::default()
        };
        self.act(conference, ConferenceAction::Hold(hold), Purpose::Hold, fx);
    }

    fn unpark(&mut self, legs: &[CallControlId], conference: ConferenceId, fx: &mut Effects) {
        let mut freed = Vec::new();
        for leg in self.inside(legs) {
            if let Some(member) = self.members.get_mut(&leg) {
                member.parked = false;
            }
            let waits = self
                .members
                .get(&leg)
                .is_some_and(|member| self.belongs_on_hold(member));
            if let Some(member) = self.members.get_mut(&leg) {
                member.held = waits;
            }
            if !waits {
                freed.push(leg);
            }
        }
        if freed.is_empty() {
            return ignored("nobody of them is in and free to hear the others");
        }
        let action = ConferenceAction::Unhold(Participants::from(freed));
        self.act(conference, action, Purpose::Unhold, fx);
    }

    /// Their `left` events tell the room and the calls.
    fn kick(&mut self, legs: &[CallControlId], conference: &ConferenceId, fx: &mut Effects) {
        for leg in self.inside(legs) {
            let action = ConferenceAction::Leave(Leave::new(leg));
            self.act(conference.clone(), action, Purpose::Operator, fx);
        }
    }

    fn act(
        &mut self,
        conference: ConferenceId,
        action: ConferenceAction,
        purpose: Purpose,
        fx: &mut Effects,
    ) {
        self.issue(Command::Conference { conference, action }, purpose, fx);
    }
}
