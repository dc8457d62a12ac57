//! Exactly one create at a time: election, creation, look-up by name, pause, adoption.

use std::time::Duration;

use crate::Address;
use crate::command::conference::CreateConference;
use crate::command::{Command, Query};
use crate::conference::audit::LIST_LAG;
use crate::conference::{ConferenceMachine, Purpose, QUERY_PATIENCE, RoomState, RoomTimer, Stage, ignored};
use crate::effect::Effects;
use crate::fact::Fact;
use crate::ids::{CallControlId, ConferenceId, ConferenceName};
use crate::message::JoinFailure;
use crate::outcome::{ConferenceView, Outcome, Refusal, RefusalKind};

/// First pause after a failed create or look-up; doubles up to `MAX_PAUSE_MS`.
const FIRST_PAUSE_MS: u64 = 500;
const MAX_PAUSE_MS: u64 = 8_000;
/// An outcome that has not come so long after its command was given up never will: the carrier is asked.
const LOST: Duration = Duration::from_secs(20);

impl ConferenceMachine {
    /// Asks the carrier for a conference, from this member's leg: a new incarnation.
    pub(super) fn create_from(&mut self, leg: CallControlId, fx: &mut Effects) {
        let Some(name) = room_name(fx) else { return };
        let Some(member) = self.members.get_mut(&leg) else {
            return;
        };
        (member.stage, member.since, member.joins) = (Stage::Creating, fx.now(), 0);
        self.incarnation += 1;
        fx.set_incarnation(self.incarnation);
        self.departed.clear();
        self.state = RoomState::Creating;
        self.began_at = Some(fx.now());
        let lost = Duration::from_millis(self.limits.command_ms) + LOST;
        self.timers.set(RoomTimer::Retry, fx.now() + lost);
        let create = CreateConference {
            beep: self.settings.beep,
            max_participants: Some(self.settings.max_participants.clamp(2, 800)),
            duration_minutes: Some(self.settings.duration_minutes),
            hold_audio_url: self.settings.hold_audio_url.clone(),
            start_conference_on_create: Some(true),
            ..CreateConference::new(leg.clone(), name)
        };
        self.issue(Command::CreateConference(create), Purpose::Create { leg }, fx);
    }

    /// The next caller in line creates; nobody in line leaves the room idle.
    pub(super) fn elect(&mut self, fx: &mut Effects) {
        for member in self.members.values_mut() {
            (member.stage, member.missed) = (Stage::Waiting, 0);
        }
        let next = self
            .members
            .iter()
            .min_by_key(|(_, member)| member.since)
            .map(|(leg, _)| leg.clone());
        match next {
            Some(leg) => self.create_from(leg, fx),
            None => {
                self.state = RoomState::Idle;
                self.timers.clear_all();
                self.pending.clear();
            }
        }
    }

    pub(super) fn on_create_outcome(&mut self, leg: &CallControlId, outcome: Outcome, fx: &mut Effects) {
        if self.state != RoomState::Creating {
            return ignored("an event told us before");
        }
        match outcome {
            Outcome::Accepted(crate::Answer::Conference(view)) => self.created(view.id, fx),
            // Its first event brings the id; should that be lost, the carrier is asked by name.
            Outcome::Accepted(crate::Answer::UnderWay) => {
                self.timers.set(RoomTimer::Retry, fx.now() + LIST_LAG);
            }
            Outcome::Accepted(_) | Outcome::Unknown { .. } => self.look_up(false, fx),
            Outcome::Cancelled => {
                self.turn_away(leg, JoinFailure::LegEnded, fx);
                self.elect(fx);
            }
            Outcome::Refused(refusal) => self.create_refused(leg, &refusal, fx),
        }
    }

    fn create_refused(&mut self, leg: &CallControlId, refusal: &Refusal, fx: &mut Effects) {
        let reason = match refusal.kind {
            RefusalKind::NameActive => return self.look_up(false, fx),
            RefusalKind::CallEnded | RefusalKind::NotFound => JoinFailure::LegEnded,
            RefusalKind::NotAnswered => JoinFailure::NotAnswered,
            RefusalKind::ChannelLimit => return self.pause(fx),
            RefusalKind::NotIncoming
            | RefusalKind::ConferenceEnded
            | RefusalKind::ConferenceFull
            | RefusalKind::AlreadyJoined
            | RefusalKind::Unauthorized
            | RefusalKind::OptedOut
            | RefusalKind::BadDestination
            | RefusalKind::Invalid
            | RefusalKind::Other => JoinFailure::Unavailable,
        };
        self.turn_away(leg, reason, fx);
        self.elect(fx);
    }

    /// The conference exists, by the carrier's answer or by its event.
    pub(super) fn created(&mut self, conference: ConferenceId, fx: &mut Effects) {
        self.failures = 0;
        self.pending
            .retain(|_, purpose| !matches!(purpose, Purpose::LookUp));
        self.timers.clear(RoomTimer::Retry);
        self.state = RoomState::Live {
            conference: conference.clone(),
        };
        fx.fact(Fact::ConferenceBegan {
            conference: conference.clone(),
            incarnation: self.incarnation,
        });
        for member in self
            .members
            .values_mut()
            .filter(|member| member.stage == Stage::Creating)
        {
            (member.stage, member.since) = (Stage::Joining, fx.now());
        }
        self.heard(fx);
        if self.members.is_empty() {
            // Its creator hung up meanwhile: an empty conference may stay open at the carrier until it expires.
            return self.close(fx);
        }
        self.join_waiting(&conference, fx);
    }

    /// Asks which live conference has our name.
    pub(super) fn look_up(&mut self, paused: bool, fx: &mut Effects) {
        let Some(name) = room_name(fx) else { return };
        self.state = RoomState::LookingUp { paused };
        self.timers
            .set(RoomTimer::Retry, fx.now() + QUERY_PATIENCE + LOST);
        self.pending
            .retain(|_, purpose| !matches!(purpose, Purpose::LookUp | Purpose::Create { .. }));
        for member in self.members.values_mut() {
            member.stage = Stage::Waiting;
        }
        if self.members.is_empty() {
            return self.over(fx);
        }
        self.issue(
            Command::Query(Query::Conferences { name: Some(name) }),
            Purpose::LookUp,
            fx,
        );
    }

    pub(super) fn on_look_up_outcome(&mut self, outcome: Outcome, fx: &mut Effects) {
        let RoomState::LookingUp { paused } = self.state else {
            return ignored("an event told us before");
        };
        match outcome {
            Outcome::Accepted(crate::Answer::Conferences(list)) => match self.live_one(&list, fx) {
                Some(conference) => self.created(conference, fx),
                // Either it never came to be, or the old one ended meanwhile.
                None if paused || self.failures == 0 => {
                    self.failures += 1;
                    self.elect(fx);
                }
                None => self.pause(fx),
            },
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => {
                self.pause(fx);
            }
        }
    }

    /// The live conference of our name, unless it is one that is over for us or another application's.
    fn live_one(&self, list: &[ConferenceView], fx: &Effects) -> Option<ConferenceId> {
        let name = room_name(fx)?;
        let ours = |view: &&ConferenceView| match (&view.connection, &self.connection) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => true,
        };
        list.iter()
            .filter(ours)
            .find(|view| view.live && view.name == name && !self.finished.contains(&view.id))
            .map(|view| view.id.clone())
    }

    /// The carrier cannot serve us just now.
    pub(super) fn pause(&mut self, fx: &mut Effects) {
        self.failures += 1;
        self.state = RoomState::Pausing;
        for member in self.members.values_mut() {
            member.stage = Stage::Waiting;
        }
        if self.members.is_empty() {
            return self.over(fx);
        }
        let pause = FIRST_PAUSE_MS
            .saturating_mul(1 << self.failures.min(10))
            .min(MAX_PAUSE_MS);
        self.timers
            .set(RoomTimer::Retry, fx.now() + Duration::from_millis(pause));
    }
}

fn room_name(fx: &Effects) -> Option<ConferenceName> {
    match fx.address() {
        Address::Conference(name) => Some(name.clone()),
        Address::Call(_) | Address::Sms(_) | Address::Queue(_) => None,
    }
}
