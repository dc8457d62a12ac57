//! Commands as documents: what a leg performs, and where it asks for the next one when it has.
//!
//! Every document ends by asking an address of ours, whose ticket says what has ended. What this carrier cannot do is
//! refused by name, never left out in silence.

mod joining;
mod numbers;
mod prompts;

use std::sync::Arc;

use cordboard_core::command::leg::RejectCause;
use cordboard_core::command::{Command, ConferenceAction, LegAction};
use cordboard_core::{Address, CallControlId, ClientState};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::held::{Number, Sheet};
use super::ticket::{Kind, Ticket};
use super::twiml::{Verb, document};

pub(super) use joining::{Entry, halves, room};
pub(super) use numbers::PROGRESS;

/// A leg that waits is asked to come again after so long; the carrier knows no longer pause than a call's own.
const PARKED_SECS: u32 = 60;

/// A document longer than this is refused by the carrier's REST API.
pub(super) const LONGEST_BY_REST: usize = 4_000;

/// Why a command cannot be said in this carrier's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unspeakable {
    /// The whole command.
    #[error("this carrier has nothing like {0}")]
    Command(&'static str),
    /// One parameter of it.
    #[error("{command} cannot have {parameter} at this carrier")]
    Parameter {
        command: &'static str,
        parameter: String,
    },
    /// Its client state names no room.
    #[error("{0} does not say for which room")]
    Room(&'static str),
    /// Too long for the carrier.
    #[error("the document has {0} characters, and the carrier takes 4000")]
    Length(usize),
}

/// What a document says about where to ask next.
pub(super) trait Addresses: Sync {
    /// The public address that carries this word and this state.
    fn address(&self, ticket: &Ticket, state: &ClientState) -> String;
}

/// One document in the making.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) addresses: &'a dyn Addresses,
    /// Of the command that it says.
    pub(super) state: &'a ClientState,
    pub(super) number: Number,
}

impl Page<'_> {
    fn ticket(&self, kind: Kind, about: Option<&CallControlId>) -> String {
        self.named(kind, about.map(CallControlId::as_str))
    }

    /// An address that is asked for this, and is about that.
    pub(super) fn named(&self, kind: Kind, about: Option<&str>) -> String {
        let ticket = Ticket {
            kind,
            number: self.number,
            about: about.map(str::to_owned),
        };
        self.addresses.address(&ticket, self.state)
    }

    /// Asks what comes next.
    fn next(&self, kind: Kind) -> Verb {
        Verb::new("Redirect")
            .with("method", "POST")
            .saying(self.ticket(kind, None))
    }

    /// The sheet of these verbs.
    pub(super) fn sheet(&self, verbs: &[Verb]) -> Sheet {
        Sheet {
            number: self.number,
            text: Arc::from(document(verbs)),
            room: None,
        }
    }

    /// What participants of a conference are to hear.
    pub(super) fn announcement(&self, action: &ConferenceAction) -> Result<Arc<str>, Unspeakable> {
        let verb = match action {
            ConferenceAction::Speak(speak) => {
                let known = ["payload", "voice", "language", "payload_type", "legs"];
                only(action.name(), speak.as_ref(), &known)?;
                prompts::plain(action.name(), speak.payload_type)?;
                prompts::say(&speak.payload, &speak.voice, speak.language.as_deref())
            }
            ConferenceAction::Play(play) => {
                only(action.name(), play, &["audio_url", "loop", "legs"])?;
                prompts::file(action.name(), play.audio_url.as_ref(), None).map(|url| {
                    let times = prompts::times(play.r#loop);
                    Verb::new("Play").maybe("loop", times).saying(url)
                })?
            }
            other => return Err(Unspeakable::Command(other.name())),
        };
        Ok(Arc::from(document(&[verb])))
    }

    /// Lets a leg wait, and ask again.
    pub(super) fn parked(&self) -> Vec<Verb> {
        let wait = Verb::new("Pause").with("length", PARKED_SECS);
        vec![wait, self.next(Kind::Resume)]
    }

    /// What a leg does for a command; `None` when nothing is to be done.
    pub(super) fn leg(
        &self,
        leg: &CallControlId,
        action: &LegAction,
    ) -> Result<Option<Vec<Verb>>, Unspeakable> {
        let verbs = match action {
            // The first document answers, and its own state travels with each.
            LegAction::Answer(_) | LegAction::ClientStateUpdate(_) => return Ok(None),
            LegAction::Hangup(_) => vec![Verb::new("Hangup")],
            LegAction::Reject(reject) => {
                let reason = match reject.cause {
                    RejectCause::UserBusy => "busy",
                    RejectCause::CallRejected => "rejected",
                };
                vec![Verb::new("Reject").with("reason", reason)]
            }
            LegAction::Speak(speak) => self.speak(speak)?,
            LegAction::PlaybackStart(audio) => self.play(audio)?,
            LegAction::PlaybackStop(_)
            | LegAction::GatherStop(_)
            | LegAction::RecordStop(_)
            | LegAction::LeaveQueue(_) => self.parked(),
            LegAction::Gather(gather) => vec![self.keypad(gather)],
            LegAction::GatherUsingSpeak(gather) => vec![self.spoken_gather(gather)?],
            LegAction::GatherUsingAudio(gather) => vec![self.played_gather(gather)?],
            LegAction::SendDtmf(keys) => {
                let keys = Verb::new("Play").with("digits", keys.digits.expose());
                std::iter::once(keys).chain(self.parked()).collect()
            }
            LegAction::RecordStart(record) => self.record(record)?,
            LegAction::Transfer(transfer) => vec![self.transfer(leg, transfer)?],
            LegAction::Enqueue(queue) => vec![self.enqueue(queue)],
            LegAction::Bridge(_)
            | LegAction::RecordPause(_)
            | LegAction::RecordResume(_)
            | LegAction::StreamingStart(_)
            | LegAction::StreamingStop(_)
            | LegAction::ForkStart(_)
            | LegAction::ForkStop(_)
            | LegAction::SiprecStart(_)
            | LegAction::SiprecStop(_)
            | LegAction::TranscriptionStart(_)
            | LegAction::TranscriptionStop(_)
            | LegAction::SuppressionStart(_)
            | LegAction::SuppressionStop(_)
            | LegAction::Refer(_)
            | LegAction::SendSipInfo(_)
            | LegAction::SwitchSupervisorRole(_) => return Err(Unspeakable::Command(action.name())),
        };
        Ok(Some(verbs))
    }
}

/// Refuses parameters that are given and have no place in a document.
pub(super) fn only(
    command: &'static str,
    parameters: &impl Serialize,
    known: &[&str],
) -> Result<(), Unspeakable> {
    let Ok(Value::Object(given)) = serde_json::to_value(parameters) else {
        return Ok(());
    };
    match given
        .into_iter()
        .find(|(name, value)| !value.is_null() && !known.contains(&name.as_str()))
    {
        Some((parameter, _)) => Err(Unspeakable::Parameter { command, parameter }),
        None => Ok(()),
    }
}

/// Milliseconds as the whole seconds that documents count in, one at least.
fn whole_secs(millis: u32) -> u32 {
    millis.div_ceil(1_000).max(1)
}

/// The room of a command about conferences: whoever issued it is that room.
pub(super) fn room_of(command: &Command, state: &ClientState) -> Result<String, Unspeakable> {
    match &state.owner {
        Address::Conference(name) => Ok(name.as_str().to_owned()),
        Address::Call(_) | Address::Sms(_) | Address::Queue(_) => Err(Unspeakable::Room(command.name())),
    }
}
