//! A conference route of the configuration, or of a test, as a flow.

use std::collections::BTreeMap;

use super::conference::{Conference, RoomPer};
use super::gather::{Gather, Keys};
use super::hangup::Hangup;
use super::span::Span;
use super::{Flow, Kind, MAX_STEPS, Step, Template};
use crate::hangup::EndReason;
use crate::phone::PhoneNumber;
use crate::plan::{RoomChoice, RoomSettings, Voice};

/// How callers of one route find their room, and the rules of the room.
#[derive(Clone, Debug, PartialEq)]
pub struct ConferenceRoute {
    /// Name of the route, for traces and records.
    pub name: String,
    /// Which room.
    pub room: RoomChoice,
    /// Callers who are moderators by their number.
    pub moderators: Vec<PhoneNumber>,
    /// Rules of the room.
    pub settings: RoomSettings,
    /// Voice and language of what we say.
    pub voice: Voice,
}

impl ConferenceRoute {
    /// The flow that does it.
    pub fn flow(&self) -> Flow {
        let mut step = BTreeMap::new();
        let mut room = Conference {
            moderators: self.moderators.clone(),
            beep: Some(self.settings.beep),
            max_participants: Some(self.settings.max_participants),
            hold_until_moderator: self.settings.hold_until_moderator,
            end_on_moderator_exit: self.settings.end_on_moderator_exit,
            hold_audio_url: self.settings.hold_audio_url.clone(),
            duration_minutes: Some(self.settings.duration_minutes),
            ..Conference::default()
        };
        let mut start = "room";
        match &self.room {
            RoomChoice::Named(name) => room.room = Some(Template::plain(name.as_str())),
            RoomChoice::CalledNumber => room.per = Some(RoomPer::CalledNumber),
            RoomChoice::Pin(prompt) => {
                start = "pin";
                match prompt.pins.is_empty() {
                    true => room.per = Some(RoomPer::Digits),
                    false => room.pins = prompt.pins.clone(),
                }
                let gather = Gather {
                    say: Some(Template::plain(&prompt.prompt)),
                    play: None,
                    voice: None,
                    language: None,
                    digits: Keys {
                        min: prompt.min_digits,
                        max: Some(prompt.max_digits),
                        ..Keys::default()
                    },
                    accept: prompt.pins.keys().cloned().collect(),
                    timeout: Span::millis(prompt.timeout_ms.into()),
                    between: Span::secs(5),
                    tries: prompt.tries.max(1),
                    invalid: Some(Template::plain(&prompt.wrong)),
                    silence: None,
                    barge_in: true,
                    keep: false,
                };
                let on = [("digits", "room"), ("invalid", "wrong"), ("no_input", "silent")];
                step.insert("pin".into(), to(Kind::Gather(Box::new(gather)), &on));
                step.insert(
                    "wrong".into(),
                    goodbye("That PIN is not valid. Goodbye.", EndReason::WrongPin),
                );
                step.insert(
                    "silent".into(),
                    goodbye("We did not receive a PIN. Goodbye.", EndReason::NoPin),
                );
            }
        }
        step.insert("room".into(), to(Kind::Conference(Box::new(room)), &[]));
        Flow {
            flow: self.name.clone(),
            about: None,
            voice: Some(self.voice.voice.clone()),
            language: Some(self.voice.language.clone()),
            apology: None,
            max_steps: MAX_STEPS,
            vars: BTreeMap::new(),
            start: start.into(),
            step,
        }
    }
}

fn to(kind: Kind, on: &[(&str, &str)]) -> Step {
    Step {
        kind,
        on: on
            .iter()
            .map(|(outcome, target)| ((*outcome).into(), (*target).into()))
            .collect(),
        next: None,
    }
}

fn goodbye(say: &str, reason: EndReason) -> Step {
    let say = Some(Template::plain(say));
    to(Kind::Hangup(Box::new(Hangup { say, reason })), &[])
}
