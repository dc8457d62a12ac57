//! What a caller hears and says, and whom a flow calls: prompts, recordings, transfers, dials, bridges.

use super::carrier::refused;
use super::*;

impl World {
    /// Something happens on a caller's leg by itself.
    pub fn happens(&mut self, n: usize, body: EventBody) {
        self.emit(&leg(n), None, body);
        self.run_in_order();
    }

    /// The same, and nothing else happens yet.
    pub fn emits(&mut self, n: usize, body: EventBody) {
        self.emit(&leg(n), None, body);
    }

    /// The same, and it says of which command it tells.
    pub fn happens_with(&mut self, n: usize, state: Option<ClientState>, body: EventBody) {
        let own = std::mem::replace(&mut self.legs.get_mut(&leg(n)).unwrap().client_state, state);
        self.emit(&leg(n), None, body);
        self.legs.get_mut(&leg(n)).unwrap().client_state = own;
        self.run_in_order();
    }

    /// What the events of a caller's leg carry.
    pub fn state_of(&self, n: usize) -> Option<ClientState> {
        self.legs[&leg(n)].client_state.clone()
    }

    /// Something happens on the leg of the first who was called for somebody.
    pub fn far_happens(&mut self, n: usize, body: EventBody) {
        let far = CallControlId::new(format!("v3:far-{}", n + 1));
        self.emit(&far, None, body);
        self.run_in_order();
    }

    /// The first who was called hangs up; false when nobody of that kind is in a conference.
    pub fn far_leaves(&mut self) -> bool {
        let far = CallControlId::new("v3:far-1");
        let inside = self.conferences.values().any(|room| room.inside.contains(&far));
        self.end_leg(&far, HangupSource::Callee);
        inside
    }

    /// An action that neither answers nor ends a leg.
    pub(super) fn far_or_heard(
        &mut self,
        leg: &CallControlId,
        action: &LegAction,
        state: Option<ClientState>,
    ) -> Outcome {
        match action {
            LegAction::GatherUsingSpeak(_) | LegAction::GatherUsingAudio(_) | LegAction::Gather(_) => {
                self.legs.get_mut(leg).unwrap().client_state = state;
                if self.gathers_by_hand {
                    return Outcome::Accepted(Answer::Done);
                }
                let keys = self.keys_of(leg);
                let status = if keys.is_empty() {
                    GatherStatus::Timeout
                } else {
                    GatherStatus::Valid
                };
                for key in keys.chars() {
                    let digit = Digits::new(key);
                    self.emit(leg, None, EventBody::DtmfReceived { digit });
                }
                let digits = Digits::new(keys);
                self.emit(leg, None, EventBody::GatherEnded { digits, status });
            }
            LegAction::PlaybackStart(play) if play.r#loop.is_none() => {
                self.legs.get_mut(leg).unwrap().client_state = state;
                let status = MediaStatus::Completed;
                self.emit(leg, None, EventBody::PlaybackEnded { status });
            }
            LegAction::Transfer(transfer) => self.transfer(leg, &transfer.to, state),
            LegAction::Bridge(bridge) => {
                let other = bridge.other.clone().unwrap();
                if self
                    .legs
                    .get(&other)
                    .is_none_or(|other| other.over || !other.answered)
                {
                    return refused(RefusalKind::Other);
                }
                self.legs.get_mut(leg).unwrap().client_state = state;
                self.bridge(leg, &other);
            }
            LegAction::RecordStart(record) => {
                let ends = record.end_keys.clone().unwrap_or_default();
                let carrier_leg = self.legs.get_mut(leg).unwrap();
                carrier_leg.client_state = state;
                carrier_leg.recording = true;
                let keys = self.keys_of(leg);
                for key in keys.chars() {
                    let digit = Digits::new(key);
                    self.emit(leg, None, EventBody::DtmfReceived { digit });
                }
                if keys.is_empty() || (self.asks && keys.contains(|key| ends.contains(key))) {
                    self.saved(leg);
                }
            }
            LegAction::RecordStop(_) => self.saved(leg),
            LegAction::TranscriptionStart(start) => {
                self.listened.push((leg.clone(), start.tracks.clone()));
            }
            _ => {}
        }
        Outcome::Accepted(Answer::Done)
    }

    fn keys_of(&mut self, leg: &CallControlId) -> String {
        if let Some(Far::Talks(keys) | Far::Leaves(keys)) = self.legs[leg].far {
            return keys.to_owned();
        }
        let next = self.typed.get_mut(leg).and_then(VecDeque::pop_front);
        next.or_else(|| self.pins.get(leg).cloned()).unwrap_or_default()
    }

    pub(super) fn saved(&mut self, leg: &CallControlId) {
        if std::mem::take(&mut self.legs.get_mut(leg).unwrap().recording) {
            let recording = Some("recording-1".into());
            let saved = RecordingSaved {
                recording,
                urls: vec![],
            };
            self.emit(leg, None, EventBody::RecordingSaved(saved));
        }
    }

    fn far_leg(&mut self, session: String, to: &PhoneNumber, state: Option<ClientState>) -> CallControlId {
        self.far_legs += 1;
        let id = CallControlId::new(format!("v3:far-{}", self.far_legs));
        let far = self.phones.get(to.expose()).copied().unwrap_or(Far::Unknown);
        let rings = CarrierLeg {
            session,
            far: Some(far),
            number: Some(to.clone()),
            client_state: state,
            ..CarrierLeg::default()
        };
        self.legs.insert(id.clone(), rings);
        let body = EventBody::CallInitiated {
            direction: Direction::Outgoing,
            from: "+15550200000".into(),
            to: to.clone(),
        };
        self.emit(&id, None, body);
        id
    }

    /// The far end does what it does; true when it has answered.
    fn picks_up(&mut self, far: &CallControlId) -> bool {
        let cause = match self.legs[far].far {
            Some(Far::Talks(_) | Far::Leaves(_)) | None => {
                self.legs.get_mut(far).unwrap().answered = true;
                self.emit(far, None, EventBody::CallAnswered { from: None, to: None });
                return true;
            }
            Some(Far::Rings) => return false,
            Some(Far::Busy) => HangupCause::UserBusy,
            Some(Far::NoAnswer) => HangupCause::Timeout,
            Some(Far::Rejects) => HangupCause::CallRejected,
            Some(Far::Unknown) => HangupCause::NotFound,
            Some(Far::Cancelled) => HangupCause::OriginatorCancel,
        };
        self.end_leg_for(far, cause, HangupSource::Callee);
        false
    }

    fn transfer(&mut self, leg: &CallControlId, to: &PhoneNumber, state: Option<ClientState>) {
        let session = self.legs[leg].session.clone();
        self.legs.get_mut(leg).unwrap().client_state.clone_from(&state);
        let far = self.far_leg(session, to, state);
        self.legs.get_mut(&far).unwrap().rung_for = Some(leg.clone());
        if self.picks_up(&far) {
            self.bridge(leg, &far);
        }
    }

    pub(super) fn dial(
        &mut self,
        dial: &cordboard_core::command::Dial,
        state: Option<ClientState>,
    ) -> Outcome {
        let linked = dial.link_to.as_ref().and_then(|leg| self.legs.get(leg));
        let session = linked.map_or_else(|| format!("own-{}", self.far_legs), |leg| leg.session.clone());
        let leg = self.far_leg(session.clone(), &dial.to, state);
        self.picks_up(&leg);
        Outcome::Accepted(Answer::Dialled {
            leg,
            leg_uuid: "uuid".into(),
            session: session.as_str().into(),
        })
    }

    fn bridge(&mut self, one: &CallControlId, other: &CallControlId) {
        for (leg, peer) in [(one, other), (other, one)] {
            self.legs.get_mut(leg).unwrap().bridged = Some(peer.clone());
            self.emit(leg, None, EventBody::CallBridged);
        }
        if let Some(Far::Leaves(_)) = self.legs[other].far {
            self.end_leg(other, HangupSource::Callee);
        }
    }
}
