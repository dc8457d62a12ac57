//! What a room makes of the carrier's events. They carry the *creator's* client state, so nothing here reads it.

use crate::conference::{ConferenceMachine, Purpose, RoomState, Stage, ignored};
use crate::effect::Effects;
use crate::event::{Event, EventBody};
use crate::ids::{CallControlId, ConferenceId};

impl ConferenceMachine {
    pub(super) fn on_event(&mut self, event: Event, fx: &mut Effects) {
        let Some(conference) = event.conference.clone() else {
            return self.on_leg_back(&event, fx);
        };
        if self.is_elsewhere(&conference, &event) {
            // Joined by its name after the one that we knew had ended: the news of that is still on its way.
            self.over(fx);
        }
        if !self.is_ours(&conference, &event) {
            return ignored("about an older conference of this room, or none of ours");
        }
        self.heard(fx);
        let learning = self.conference().is_none();
        match (event.body, event.leg) {
            (EventBody::ConferenceCreated, _) => ignored("the id was learned above"),
            (EventBody::ParticipantJoined, Some(leg)) => self.joined(&leg, &conference, fx),
            (EventBody::ParticipantLeft, Some(leg)) => self.participant_left(&leg, fx),
            (EventBody::ConferenceEnded { .. }, _) => self.over(fx),
            _ => ignored("changes nobody's place"),
        }
        if learning {
            self.learn(&conference, fx);
        }
    }

    /// A leg asks what comes next after it was in this room, or should have been. It names no conference, but the command
    /// that brought it there.
    fn on_leg_back(&mut self, event: &Event, fx: &mut Effects) {
        let (EventBody::ParticipantLeft, Some(leg)) = (&event.body, &event.leg) else {
            return ignored("names no conference");
        };
        let ours = event.client_state.as_ref().is_some_and(|state| {
            state.owner == *fx.address() && u64::from(state.generation) == self.incarnation
        });
        match ours && self.state != RoomState::Idle {
            true => self.participant_left(leg, fx),
            false => ignored("of an earlier conference"),
        }
    }

    /// Whether somebody who was on the way into the present conference is in another one of our name. A carrier has one
    /// live conference of a name, so ours is over.
    fn is_elsewhere(&self, conference: &ConferenceId, event: &Event) -> bool {
        let (RoomState::Live { conference: ours } | RoomState::Closing { conference: ours }) = &self.state
        else {
            return false;
        };
        let on_the_way = event
            .leg
            .as_ref()
            .and_then(|leg| self.members.get(leg))
            .is_some_and(|member| member.stage == Stage::Joining);
        let joined = matches!(event.body, EventBody::ParticipantJoined);
        joined && on_the_way && ours != conference && !self.finished.contains(conference)
    }

    /// Whether the event is about the present conference, or about the one that is being created.
    fn is_ours(&mut self, conference: &ConferenceId, event: &Event) -> bool {
        if self.finished.contains(conference) {
            return false;
        }
        match &self.state {
            RoomState::Live { conference: ours } | RoomState::Closing { conference: ours } => {
                ours == conference
            }
            RoomState::Creating | RoomState::LookingUp { .. } | RoomState::Pausing => {
                let proves_it = matches!(
                    event.body,
                    EventBody::ConferenceCreated | EventBody::ParticipantJoined
                );
                proves_it && event.leg.as_ref().is_some_and(|leg| self.is_creator(leg))
            }
            RoomState::Idle => false,
        }
    }

    fn is_creator(&self, leg: &CallControlId) -> bool {
        match self.members.get(leg) {
            Some(member) => member.stage == Stage::Creating || self.state != RoomState::Creating,
            None => false,
        }
    }

    /// The webhook overtook the HTTP answer: the conference exists.
    fn learn(&mut self, conference: &ConferenceId, fx: &mut Effects) {
        if self.conference().is_none() && self.state != RoomState::Idle {
            let creates: Vec<Purpose> = self
                .pending
                .values()
                .filter(|purpose| matches!(purpose, Purpose::Create { .. }))
                .cloned()
                .collect();
            for create in creates {
                self.settle(&create, fx);
            }
            self.created(conference.clone(), fx);
        }
    }

    fn joined(&mut self, leg: &CallControlId, conference: &ConferenceId, fx: &mut Effects) {
        if self.departed.contains_key(leg) {
            return ignored("it has left already: the events came in the wrong order");
        }
        match self.members.get(leg).map(|member| member.stage) {
            None => ignored("somebody whom an operator brought in"),
            Some(Stage::In) => ignored("told before"),
            Some(Stage::Waiting | Stage::Creating | Stage::Joining) => {
                self.is_in(leg, conference, fx);
            }
        }
    }
}
