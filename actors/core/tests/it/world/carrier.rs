//! The truthful carrier of the [`World`]: what commands do there, and the events that come of it.

use super::*;

impl World {
    pub(super) fn execute(&mut self, issued: &Issued) -> Outcome {
        if self.refuses.contains(issued.command.name()) || self.refused_here(&issued.command) {
            return refused(RefusalKind::Other);
        }
        match &issued.command {
            Command::Dial(dial) => self.dial(dial, issued.client_state.clone()),
            Command::Leg { leg, action } => self.leg_action(leg, action, issued.client_state.clone()),
            Command::CreateConference(create) => {
                if let Some(refusal) = self.not_up(&create.leg) {
                    return refusal;
                }
                if self
                    .conferences
                    .values()
                    .any(|room| !room.ended && room.name == create.name)
                {
                    return refused(RefusalKind::NameActive);
                }
                self.created += 1;
                let id = format!("conf-{}", self.created);
                let room = CarrierRoom {
                    name: create.name.clone(),
                    client_state: issued.client_state.clone(),
                    inside: BTreeSet::new(),
                    ended: false,
                };
                self.conferences.insert(id.clone(), room);
                self.emit(&create.leg, Some(&id), EventBody::ConferenceCreated);
                self.enter(&create.leg, &id);
                if self.asks {
                    return Outcome::Accepted(Answer::UnderWay);
                }
                Outcome::Accepted(Answer::Conference(ConferenceView {
                    id: id.as_str().into(),
                    name: create.name.clone(),
                    live: true,
                    connection: None,
                }))
            }
            Command::Conference { conference, action } => self.conference_action(conference, action),
            Command::Query(query) => self.query(query),
            Command::UpdateParticipant(_) | Command::SendMessage(_) => refused(RefusalKind::Other),
        }
    }

    pub(super) fn leg_action(
        &mut self,
        leg: &CallControlId,
        action: &LegAction,
        state: Option<ClientState>,
    ) -> Outcome {
        if self.legs.get(leg).is_none_or(|leg| leg.over) {
            let ended = matches!(action, LegAction::Hangup(_) | LegAction::Reject(_));
            return if ended {
                Outcome::Accepted(Answer::Done)
            } else {
                refused(RefusalKind::CallEnded)
            };
        }
        match action {
            LegAction::Answer(_) => {
                let carrier_leg = self.legs.get_mut(leg).unwrap();
                if std::mem::replace(&mut carrier_leg.answered, true) {
                    return refused(RefusalKind::Other);
                }
                carrier_leg.client_state = state;
                self.emit(leg, None, EventBody::CallAnswered { from: None, to: None });
                if self.asks {
                    return Outcome::Accepted(Answer::Answered);
                }
            }
            LegAction::Hangup(_) | LegAction::Reject(_) => self.end_leg(leg, HangupSource::Callee),
            _ if !self.legs[leg].answered => return refused(RefusalKind::NotAnswered),
            LegAction::Speak(_) => {
                self.legs.get_mut(leg).unwrap().client_state = state;
                self.emit(leg, None, EventBody::SpeakStarted);
                self.emit(
                    leg,
                    None,
                    EventBody::SpeakEnded {
                        status: MediaStatus::Completed,
                    },
                );
            }
            _ => return self.far_or_heard(leg, action, state),
        }
        Outcome::Accepted(Answer::Done)
    }

    pub(super) fn conference_action(
        &mut self,
        conference: &ConferenceId,
        action: &ConferenceAction,
    ) -> Outcome {
        let id = conference.to_string();
        let Some(room) = self.conferences.get(&id).filter(|room| !room.ended) else {
            return refused(RefusalKind::ConferenceEnded);
        };
        match action {
            ConferenceAction::Join(join) => {
                if let Some(refusal) = self.not_up(&join.leg) {
                    return refusal;
                }
                if room.inside.contains(&join.leg) {
                    return refused(RefusalKind::AlreadyJoined);
                }
                if let Some(kind) = self.no_entry {
                    return refused(kind);
                }
                self.enter(&join.leg, &id);
            }
            ConferenceAction::End(_) => {
                for leg in room.inside.clone() {
                    self.end_leg(&leg, HangupSource::Unknown);
                }
            }
            _ => {}
        }
        Outcome::Accepted(Answer::Done)
    }

    pub(super) fn query(&self, query: &Query) -> Outcome {
        Outcome::Accepted(match query {
            Query::Texts { .. } => Answer::Texts(Vec::new()),
            Query::Call { leg } => Answer::Call(CallView {
                leg: leg.clone(),
                session: "any".into(),
                alive: Some(self.legs.get(leg).is_some_and(|leg| !leg.over)),
                client_state: None,
                origin: None,
            }),
            Query::Conferences { name } => Answer::Conferences(
                self.conferences
                    .iter()
                    .filter(|(_, room)| name.as_ref().is_none_or(|name| *name == room.name))
                    .map(|(id, room)| ConferenceView {
                        id: id.as_str().into(),
                        name: room.name.clone(),
                        live: !room.ended,
                        connection: None,
                    })
                    .collect(),
            ),
            Query::Participants { conference } => {
                match self
                    .conferences
                    .get(conference.as_str())
                    .filter(|room| !room.ended)
                {
                    None => return refused(RefusalKind::ConferenceEnded),
                    Some(room) => Answer::Participants(
                        room.inside
                            .iter()
                            .map(|leg| ParticipantView {
                                leg: leg.clone(),
                                present: true,
                                on_hold: false,
                                muted: false,
                            })
                            .collect(),
                    ),
                }
            }
            Query::Conference { conference } => match self.conferences.get(conference.as_str()) {
                None => return refused(RefusalKind::ConferenceEnded),
                Some(room) => Answer::Conference(ConferenceView {
                    id: conference.clone(),
                    name: room.name.clone(),
                    live: !room.ended,
                    connection: None,
                }),
            },
            Query::ActiveCalls { .. } => return refused(RefusalKind::Other),
        })
    }

    pub(super) fn not_up(&self, leg: &CallControlId) -> Option<Outcome> {
        match self.legs.get(leg) {
            None => Some(refused(RefusalKind::CallEnded)),
            Some(leg) if leg.over => Some(refused(RefusalKind::CallEnded)),
            Some(leg) if !leg.answered => Some(refused(RefusalKind::NotAnswered)),
            Some(_) => None,
        }
    }

    pub(super) fn enter(&mut self, leg: &CallControlId, id: &str) {
        self.conferences.get_mut(id).unwrap().inside.insert(leg.clone());
        self.legs.get_mut(leg).unwrap().room = Some(id.to_owned());
        self.emit(leg, Some(id), EventBody::ParticipantJoined);
    }

    pub(super) fn end_leg(&mut self, leg: &CallControlId, source: HangupSource) {
        self.end_leg_for(leg, HangupCause::NormalClearing, source);
    }

    pub(super) fn end_leg_for(&mut self, leg: &CallControlId, cause: HangupCause, source: HangupSource) {
        let Some(carrier_leg) = self.legs.get_mut(leg).filter(|leg| !leg.over) else {
            return;
        };
        carrier_leg.over = true;
        let why = cause.clone();
        if let Some(id) = carrier_leg.room.take() {
            let room = self.conferences.get_mut(&id).unwrap();
            room.inside.remove(leg);
            let last = room.inside.is_empty();
            room.ended |= last;
            self.emit(leg, Some(&id), EventBody::ParticipantLeft);
            if last {
                let reason = ConferenceEndReason::AllLeft;
                self.emit(leg, Some(&id), EventBody::ConferenceEnded { reason });
            }
        }
        self.emit(
            leg,
            None,
            EventBody::CallHangup {
                cause,
                source,
                sip_code: None,
            },
        );
        self.saved(leg);
        if let Some(near) = self.legs[leg].rung_for.clone().filter(|_| self.asks) {
            self.emit(&near, None, EventBody::TransferEnded { cause: why });
        }
        // Who was dialled goes with the caller; the caller stays, parked, when the other one leaves.
        let peer = self.legs.get_mut(leg).unwrap().bridged.take();
        if let Some(peer) = peer
            && self.legs[&peer].far.is_some()
        {
            self.end_leg(&peer, HangupSource::Callee);
        }
    }

    /// A webhook, as the door and the router would hand it in.
    pub(super) fn emit(&mut self, about: &CallControlId, conference: Option<&str>, body: EventBody) {
        if self.asks && self.goes_without_saying(about, &body) {
            return;
        }
        self.events += 1;
        let session = self.legs[about].session.clone();
        let event = Event {
            id: EventId::new(format!("event-{}", self.events)),
            occurred_at: None,
            connection: Some("ours".into()),
            session: Some(session.as_str().into()),
            leg: Some(about.clone()),
            leg_uuid: None,
            conference: conference.map(ConferenceId::from),
            client_state: match conference {
                Some(id) => self.conferences[id].client_state.clone(),
                None => self.legs[about].client_state.clone(),
            },
            body,
        };
        if self.choices.chance(self.faults.lost_events) || self.lost_here() {
            return;
        }
        let copies = if self.choices.chance(self.faults.repeated_events) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            self.way.push(self.routed(event.clone()));
        }
    }

    /// What a carrier does not tell whose legs ask.
    pub(super) fn goes_without_saying(&self, about: &CallControlId, body: &EventBody) -> bool {
        let carrier_leg = &self.legs[about];
        match body {
            EventBody::SpeakStarted | EventBody::DtmfReceived { .. } | EventBody::ConferenceCreated => true,
            EventBody::CallAnswered { .. } => carrier_leg.far.is_none() || carrier_leg.rung_for.is_some(),
            _ => false,
        }
    }

    /// By conference if a room goes by that id, else by session: the router's rule.
    pub(super) fn routed(&self, event: Event) -> Parcel {
        let by_room = event.conference.as_ref().and_then(|id| {
            self.rooms
                .iter()
                .find(|(_, (room, _))| room.handles().contains(&Handle::Conference(id.clone())))
                .map(|(address, _)| address.clone())
        });
        let state = event.client_state.as_ref().filter(|_| event.conference.is_none());
        let by_state = state.map(|state| state.owner.clone());
        let to = by_room
            .or(by_state)
            .unwrap_or_else(|| Address::Call(event.session.clone().unwrap()));
        let plan = event.body.starts_call().then(|| plan_of(&self.flow));
        Parcel {
            to,
            input: Input::Event {
                event: Box::new(event),
                plan,
            },
            pair: None,
        }
    }
}

pub(super) fn refused(kind: RefusalKind) -> Outcome {
    Outcome::Refused(Refusal {
        kind,
        status: 422,
        code: None,
        detail: String::new(),
    })
}
