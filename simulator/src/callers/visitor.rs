//! A caller without a script: somebody outside decides, event by event, what to press and when to hang up.
//!
//! `cordboard dial` is one. What the call is like is the carrier's business; nothing here knows a terminal.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::script::{CallerScript, TextWatch};
use crate::carrier::emitted::{CallerNo, LegNo};
use crate::ledger::Ending;
use crate::world::{CallerEvent, World};

/// What a visitor notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// The call was answered.
    Answered,
    /// These words are spoken, or the audio file of this address plays.
    Hears(String),
    /// Keys are waited for.
    Listening,
    /// The visitor is heard in a conference.
    InConference,
    /// With whom the visitor talks: a number or a SIP address.
    Bridged(String),
    /// What is said from here on is recorded.
    Recording,
    /// The recording is kept.
    Recorded,
    /// A text came to the visitor's phone.
    Texted(String),
    /// The call is over.
    Ended,
}

/// A caller on the line. Dropping it hangs up.
#[derive(Debug)]
pub struct Visitor {
    world: Arc<World>,
    caller: CallerNo,
    leg: LegNo,
    session: String,
    events: UnboundedReceiver<CallerEvent>,
}

impl Visitor {
    /// Rings a number; `None` when the simulator's callers ring through a face that has no sessions.
    pub(crate) fn ring(world: &Arc<World>, from: &str, to: &str) -> Option<Self> {
        let mut script = CallerScript::ringing(to, from, world.patience());
        script.texts = Some(TextWatch {
            number: from.to_owned(),
            digits: None,
            least: 0,
            most: u32::MAX,
        });
        let (caller, leg, events) = world.enter(&script);
        let leg = leg?;
        let session = world.session(leg)?;
        Some(Self {
            world: Arc::clone(world),
            caller,
            leg,
            session,
            events,
        })
    }

    /// The carrier's id of the call.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// What happens next; `None` when nothing more can.
    pub async fn next(&mut self) -> Option<Noticed> {
        Some(match self.events.recv().await? {
            CallerEvent::Answered => Noticed::Answered,
            CallerEvent::Hears(words) => Noticed::Hears(words),
            CallerEvent::Listening => Noticed::Listening,
            CallerEvent::Heard => Noticed::InConference,
            CallerEvent::Bridged(address) => Noticed::Bridged(address),
            CallerEvent::Recording => Noticed::Recording,
            CallerEvent::Recorded => Noticed::Recorded,
            CallerEvent::Texted(words) => Noticed::Texted(words),
            CallerEvent::Ended => Noticed::Ended,
        })
    }

    /// Presses a key.
    pub fn press(&self, key: char) {
        self.world.press(self.leg, key);
    }

    /// Hangs up; [`Noticed::Ended`] follows.
    pub fn hang_up(&self) {
        self.world.hang_up(self.leg);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.world
            .caller_done(self.caller, Some(self.leg), Ending::Completed);
    }
}
