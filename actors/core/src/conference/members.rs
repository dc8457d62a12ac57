//! Coming and going: who may enter, who is held, whose leaving ends the conference.

use std::time::Duration;

use crate::Address;
use crate::command::Command;
use crate::command::conference::{ConferenceAction, End, Hold, Join, Participants};
use crate::conference::{ConferenceMachine, Member, Purpose, RoomState, Stage, ignored};
use crate::effect::Effects;
use crate::fact::Fact;
use crate::hangup::EndReason;
use crate::ids::{CallControlId, ConferenceId};
use crate::message::{JoinFailure, Message};

/// A leg's `joined` may come so long after its `left`: retried webhooks are at most 60 s old, queued ones older.
const REMEMBER_DEPARTED: Duration = Duration::from_secs(180);
/// So many ended conferences are remembered; their events come within minutes.
const REMEMBER_FINISHED: usize = 8;

/// A join that the carrier took but never confirmed is asked for again at most so often.
pub(super) const MAX_JOINS: u32 = 3;

impl ConferenceMachine {
    pub(super) fn join_requested(&mut self, call: Address, request: Message, fx: &mut Effects) {
        let Message::JoinRequest {
            leg,
            moderator,
            connection,
            settings,
            limits,
        } = request
        else {
            return;
        };
        if let Some(member) = self.members.get(&leg) {
            return match (member.stage, self.conference().cloned()) {
                (Stage::In, Some(conference)) => fx.send(
                    call,
                    Message::Joined {
                        leg,
                        conference,
                        incarnation: self.incarnation,
                    },
                ),
                _ => ignored("already on its way in"),
            };
        }
        if self.members.is_empty() {
            (self.settings, self.limits, self.connection) = (*settings, limits, connection);
        }
        let most = usize::try_from(self.settings.max_participants).unwrap_or(usize::MAX);
        if self.members.len() >= most {
            return fx.send(
                call,
                Message::JoinFailed {
                    leg,
                    reason: JoinFailure::Full,
                },
            );
        }
        self.departed.remove(&leg);
        let member = Member {
            call,
            moderator,
            stage: Stage::Waiting,
            held: false,
            parked: false,
            muted: false,
            since: fx.now(),
            joins: 0,
            missed: 0,
        };
        self.members.insert(leg.clone(), member);
        match &self.state {
            RoomState::Idle => self.create_from(leg, fx),
            RoomState::Live { conference } => self.join(conference.clone(), leg, fx),
            RoomState::Creating
            | RoomState::LookingUp { .. }
            | RoomState::Pausing
            | RoomState::Closing { .. } => {
                ignored("it waits for the conference to exist");
            }
        }
    }

    /// Asks the carrier to put a member in.
    pub(super) fn join(&mut self, conference: ConferenceId, leg: CallControlId, fx: &mut Effects) {
        let hold = self.holds_newcomers();
        let Some(member) = self.members.get_mut(&leg) else {
            return;
        };
        member.held = hold && !member.moderator;
        (member.stage, member.since) = (Stage::Joining, fx.now());
        member.joins += 1;
        let join = Join {
            leg: leg.clone(),
            hold: member.held.then_some(true),
            ..Join::new(leg.clone())
        };
        let action = ConferenceAction::Join(Join {
            beep: Some(self.settings.beep),
            ..join
        });
        self.issue(
            Command::Conference { conference, action },
            Purpose::Join { leg },
            fx,
        );
    }

    /// Asks the carrier to put everybody in who waited for the conference to exist.
    pub(super) fn join_waiting(&mut self, conference: &ConferenceId, fx: &mut Effects) {
        let waiting: Vec<CallControlId> = self
            .members
            .iter()
            .filter(|(_, member)| member.stage == Stage::Waiting)
            .map(|(leg, _)| leg.clone())
            .collect();
        for leg in waiting {
            self.join(conference.clone(), leg, fx);
        }
    }

    fn holds_newcomers(&self) -> bool {
        self.settings.hold_until_moderator && !self.moderator_is_in()
    }

    fn moderator_is_in(&self) -> bool {
        self.members
            .values()
            .any(|member| member.moderator && member.stage == Stage::In)
    }

    /// The carrier's word, or an audit, says that this member is in.
    pub(super) fn is_in(&mut self, leg: &CallControlId, conference: &ConferenceId, fx: &mut Effects) {
        self.settle(&Purpose::Join { leg: leg.clone() }, fx);
        let Some(member) = self.members.get_mut(leg) else {
            return;
        };
        if member.stage == Stage::In {
            return;
        }
        let incarnation = self.incarnation;
        let created_it = member.joins == 0;
        (member.stage, member.since) = (Stage::In, fx.now());
        let call = member.call.clone();
        fx.fact(Fact::ParticipantJoined {
            incarnation,
            leg: leg.clone(),
            call: call.clone(),
            moderator: member.moderator,
        });
        fx.send(
            call,
            Message::Joined {
                leg: leg.clone(),
                conference: conference.clone(),
                incarnation,
            },
        );
        if self.moderator_is_in() {
            // Also whoever was asked in on hold and got in after the moderator did.
            self.release_held(conference, fx);
        } else if created_it && self.holds_newcomers() {
            self.hold(leg, conference, fx);
        }
    }

    fn hold(&mut self, leg: &CallControlId, conference: &ConferenceId, fx: &mut Effects) {
        if let Some(member) = self.members.get_mut(leg) {
            member.held = true;
        }
        let audio_url = self.settings.hold_audio_url.clone();
        let action = ConferenceAction::Hold(Hold {
            legs: vec![leg.clone()],
            audio_url,
            ..Hold::default()
        });
        self.issue(
            Command::Conference {
                conference: conference.clone(),
                action,
            },
            Purpose::Hold,
            fx,
        );
    }

    /// The first moderator is in: everybody hears everybody.
    fn release_held(&mut self, conference: &ConferenceId, fx: &mut Effects) {
        let held: Vec<CallControlId> = self
            .members
            .iter()
            .filter(|(_, member)| member.held && !member.parked && member.stage == Stage::In)
            .map(|(leg, _)| leg.clone())
            .collect();
        for member in self.members.values_mut() {
            member.held = member.held && (member.parked || member.stage != Stage::In);
        }
        if !held.is_empty() {
            let action = ConferenceAction::Unhold(Participants {
                legs: held,
                ..Participants::default()
            });
            self.issue(
                Command::Conference {
                    conference: conference.clone(),
                    action,
                },
                Purpose::Unhold,
                fx,
            );
        }
    }

    /// Whether this member should hear hold audio now.
    pub(super) fn belongs_on_hold(&self, member: &Member) -> bool {
        member.parked || (self.holds_newcomers() && !member.moderator)
    }

    /// Brings a member's hold in line with what the carrier says it is.
    pub(super) fn mend_hold(&mut self, leg: &CallControlId, conference: &ConferenceId, fx: &mut Effects) {
        let Some(wanted) = self.members.get(leg).map(|member| self.belongs_on_hold(member)) else {
            return;
        };
        if wanted {
            return self.hold(leg, conference, fx);
        }
        if let Some(member) = self.members.get_mut(leg) {
            member.held = true;
        }
        self.release_held(conference, fx);
    }

    fn depart(&mut self, leg: &CallControlId, fx: &Effects) {
        self.departed
            .retain(|_, at| fx.now().since(*at) < REMEMBER_DEPARTED);
        self.departed.insert(leg.clone(), fx.now());
    }

    /// The call says that its leg is over or wants no longer in.
    pub(super) fn leg_gone(&mut self, leg: &CallControlId, fx: &mut Effects) {
        if let Some(member) = self.members.remove(leg) {
            self.depart(leg, fx);
            self.state_leaving(leg, &member, fx);
            self.after_departure(&member, fx);
        }
    }

    /// The carrier says that a leg left.
    pub(super) fn participant_left(&mut self, leg: &CallControlId, fx: &mut Effects) {
        self.depart(leg, fx);
        if let Some(member) = self.members.remove(leg) {
            fx.send(member.call.clone(), Message::Left { leg: leg.clone() });
            self.state_leaving(leg, &member, fx);
            self.after_departure(&member, fx);
        }
    }

    /// Tells the books, unless the leg was never in.
    fn state_leaving(&self, leg: &CallControlId, gone: &Member, fx: &mut Effects) {
        if gone.stage == Stage::In {
            fx.fact(Fact::ParticipantLeft {
                incarnation: self.incarnation,
                leg: leg.clone(),
            });
        }
    }

    /// The carrier will not let a member in.
    pub(super) fn turn_away(&mut self, leg: &CallControlId, reason: JoinFailure, fx: &mut Effects) {
        if let Some(member) = self.members.remove(leg) {
            fx.send(
                member.call.clone(),
                Message::JoinFailed {
                    leg: leg.clone(),
                    reason,
                },
            );
            self.after_departure(&member, fx);
        }
    }

    fn after_departure(&mut self, gone: &Member, fx: &mut Effects) {
        match self.state {
            RoomState::Live { .. } | RoomState::Closing { .. } if self.members.is_empty() => self.over(fx),
            RoomState::Live { .. }
                if gone.moderator
                    && gone.stage == Stage::In
                    && self.settings.end_on_moderator_exit
                    && !self.moderator_is_in() =>
            {
                self.close(fx);
            }
            RoomState::Live { .. } | RoomState::Closing { .. } | RoomState::Idle => {}
            RoomState::Creating if gone.stage == Stage::Creating && !self.is_create_under_way() => {
                self.elect(fx);
            }
            RoomState::Creating => ignored("the create's outcome elects the next"),
            RoomState::LookingUp { .. } | RoomState::Pausing if self.members.is_empty() => self.over(fx),
            RoomState::LookingUp { .. } | RoomState::Pausing => {}
        }
    }

    fn is_create_under_way(&self) -> bool {
        self.pending
            .values()
            .any(|purpose| matches!(purpose, Purpose::Create { .. }))
    }

    /// Ends the conference for everybody.
    pub(super) fn close(&mut self, fx: &mut Effects) {
        let RoomState::Live { conference } = &self.state else {
            return ignored("nothing to close");
        };
        let conference = conference.clone();
        self.state = RoomState::Closing {
            conference: conference.clone(),
        };
        let action = ConferenceAction::End(End::default());
        self.issue(Command::Conference { conference, action }, Purpose::End, fx);
    }

    /// The conference is over. Who was in is told; who was on the way in gets a new one.
    pub(super) fn over(&mut self, fx: &mut Effects) {
        if self.conference().is_some() {
            fx.ended(EndReason::ConferenceEnded);
        }
        let inside: Vec<CallControlId> = self
            .members
            .iter()
            .filter(|(_, member)| member.stage == Stage::In)
            .map(|(leg, _)| leg.clone())
            .collect();
        for leg in inside {
            if let Some(member) = self.members.remove(&leg) {
                self.state_leaving(&leg, &member, fx);
                fx.send(member.call, Message::Left { leg });
            }
        }
        if self.conference().is_some() {
            fx.fact(Fact::ConferenceEnded {
                incarnation: self.incarnation,
                reason: EndReason::ConferenceEnded,
            });
        }
        if let Some(conference) = self.conference().cloned() {
            self.finished.push_back(conference);
            if self.finished.len() > REMEMBER_FINISHED {
                self.finished.pop_front();
            }
        }
        self.state = RoomState::Idle;
        self.pending.clear();
        self.timers.clear_all();
        self.departed.clear();
        (self.audits, self.failures) = (0, 0);
        self.elect(fx);
    }
}
