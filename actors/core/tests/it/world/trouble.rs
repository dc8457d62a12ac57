//! What goes wrong while the first caller is in one step, and only there.

use cordboard_core::call::CallState;

use super::*;

/// One kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Neither the carrier nor anybody else says a word.
    Silence,
    /// Things come that nobody asked for.
    Garbage,
    /// The caller hangs up; the carrier tells that before anything else that is on its way.
    Hangup,
    /// The carrier refuses whatever is asked of it, save to hang up.
    Refusal,
}

/// A trouble and its step.
#[derive(Clone, Debug)]
pub struct Troubled {
    pub step: String,
    pub trouble: Trouble,
    /// Whether it has struck.
    pub struck: bool,
}

impl World {
    /// The step that the first caller is in; a last word belongs to the `hangup` step that says it.
    pub fn place(&self) -> Option<&str> {
        let (machine, _) = self.calls.get(&call(0))?;
        match machine.state() {
            CallState::Running {
                step,
                progress: Some(_),
            } => Some(step),
            CallState::Parting { .. } | CallState::HangingUp { .. } => match self.last_step()? {
                (step, "hangup" | "reject") => Some(step),
                _ => None,
            },
            _ => None,
        }
    }

    fn last_step(&self) -> Option<(&str, &str)> {
        let taken =
            |(by, fact): &'_ (Address, Fact)| *by == call(0) && matches!(fact, Fact::StepTaken { .. });
        match &self.facts.iter().rfind(|fact| taken(fact))?.1 {
            Fact::StepTaken { step, outcome, .. } => Some((step, outcome)),
            _ => None,
        }
    }

    /// Whether this trouble rules just now; then it has struck.
    fn rules(&mut self, trouble: Trouble) -> bool {
        let here = self
            .troubled
            .as_ref()
            .is_some_and(|troubled| troubled.trouble == trouble && self.place() == Some(&troubled.step));
        if let Some(troubled) = self.troubled.as_mut().filter(|_| here) {
            troubled.struck = true;
        }
        here
    }

    pub(super) fn lost_here(&mut self) -> bool {
        self.rules(Trouble::Silence)
    }

    pub(super) fn refused_here(&mut self, command: &Command) -> bool {
        let may_be = !command.is_hangup() && !matches!(command, Command::Query(_));
        may_be && self.rules(Trouble::Refusal)
    }

    /// What the machine of the sending number says; nothing in silence.
    pub(super) fn text_result(&mut self) -> Option<TextResult> {
        if self.rules(Trouble::Silence) {
            return None;
        }
        if self.rules(Trouble::Refusal) {
            return Some(TextResult::Refused(TextRefusal::Carrier));
        }
        Some(self.text_results.pop_front().unwrap_or(TextResult::Accepted))
    }

    /// Lets the trouble of the step in which the caller has arrived begin.
    pub(super) fn strike(&mut self) {
        if self.troubled.as_ref().is_none_or(|troubled| troubled.struck) {
            return;
        }
        if self.rules(Trouble::Hangup) {
            let before = self.way.len();
            self.hang_up(0);
            let hangup = self.way[before..].iter().position(Parcel::is_hangup_event);
            if let Some(at) = hangup {
                let parcel = self.way.remove(before + at);
                self.way.insert(0, parcel);
            }
        } else if self.rules(Trouble::Garbage) {
            self.garbage();
        }
    }

    /// Late, repeated and strange things, before anything else that is on its way.
    fn garbage(&mut self) {
        let before = self.way.len();
        let digits = Digits::new("123456789012345678901234567890");
        let (status, media) = (GatherStatus::Valid, MediaStatus::Completed);
        self.legs.insert(
            leg(77),
            CarrierLeg {
                session: "session-0".into(),
                ..CarrierLeg::default()
            },
        );
        let stranger = EventBody::CallHangup {
            cause: HangupCause::NormalClearing,
            source: HangupSource::Callee,
            sip_code: None,
        };
        let own = self.legs[&leg(0)].client_state.clone();
        // Reports about what an older step had asked for, and about nothing at all.
        for state in [
            None,
            own.clone().map(|state| ClientState {
                generation: 0,
                ..state
            }),
        ] {
            self.legs.get_mut(&leg(0)).unwrap().client_state = state;
            for body in [
                EventBody::CallAnswered { from: None, to: None },
                EventBody::GatherEnded {
                    digits: digits.clone(),
                    status,
                },
                EventBody::SpeakEnded { status: media },
                EventBody::PlaybackEnded { status: media },
                EventBody::DtmfReceived {
                    digit: Digits::new("*"),
                },
                EventBody::CallBridged,
                EventBody::Unknown {
                    event_type: "call.surprise".into(),
                },
            ] {
                self.emit(&leg(0), None, body);
            }
        }
        self.legs.get_mut(&leg(0)).unwrap().client_state = own;
        self.emit(&leg(77), None, EventBody::CallBridged);
        self.emit(&leg(77), None, stranger);
        self.legs.remove(&leg(77));
        let body = Message::TextResult {
            key: "somebody-elses".into(),
            result: TextResult::Refused(TextRefusal::Carrier),
        };
        let from = Address::Sms("+15550200000".into());
        let strange = Input::Message {
            from,
            seq: 999,
            index: 0,
            body,
        };
        self.parcel(&call(0), strange);
        let strange: Vec<Parcel> = self.way.drain(before..).collect();
        self.way.splice(0..0, strange);
    }

    /// The carrier ends every conference; who was in it is still on the line.
    pub fn close_rooms(&mut self) {
        let live: Vec<String> = self
            .conferences
            .iter()
            .filter(|(_, room)| !room.ended)
            .map(|(id, _)| id.clone())
            .collect();
        for id in live {
            let room = self.conferences.get_mut(&id).unwrap();
            room.ended = true;
            for leg in std::mem::take(&mut room.inside) {
                self.legs.get_mut(&leg).unwrap().room = None;
                self.emit(&leg, Some(&id), EventBody::ParticipantLeft);
                let reason = ConferenceEndReason::TimeExceeded;
                self.emit(&leg, Some(&id), EventBody::ConferenceEnded { reason });
            }
        }
    }
}
