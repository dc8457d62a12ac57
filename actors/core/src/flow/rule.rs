//! What a step's rule is given and what it answers: the contract between the call machine and the kinds.

use serde::{Deserialize, Serialize};

use super::kind::Settings;
use crate::call::Stage;
use crate::command::leg::RejectCause;
use crate::event::{Event, EventBody};
use crate::hangup::EndReason;
use crate::http::HttpOutcome;
use crate::message::Message;
use crate::outcome::Outcome;

/// Tells apart what one step asked for: each kind numbers its own.
pub(crate) type Tag = u16;

/// What happened while a step runs, to it and nobody else.
#[derive(Debug)]
pub(crate) enum Happening<'a> {
    /// On the caller's leg.
    Event {
        /// What.
        body: &'a EventBody,
        /// It carries the state of this step's latest command: it is about that one, not about an older one.
        ours: bool,
    },
    /// On another leg, which this step may have had dialled.
    Far {
        /// What.
        event: &'a Event,
        /// The number that the step gave the leg when it dialled, where the event still says so.
        mark: Option<Tag>,
    },
    /// A command of this step is settled.
    Outcome {
        /// Which.
        tag: Tag,
        /// How.
        outcome: &'a Outcome,
    },
    /// A request of this step is settled.
    Http {
        /// How.
        outcome: &'a HttpOutcome,
    },
    /// A timer of this step is due.
    Timer(StepTimer),
    /// The step has waited for as long as it may.
    Overdue,
    /// Another machine said something.
    Message(&'a Message),
}

/// Timers that a step may set; all are gone when it is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepTimer {
    /// Whatever the kind waits for.
    One,
    /// Something else that it waits for at the same time.
    Two,
}

/// What a rule answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// The step goes on.
    Wait,
    /// The step is over with this outcome.
    Done(String),
    /// The call is over, after a last word if there is one.
    HangUp {
        /// Why.
        reason: EndReason,
        /// The last word.
        say: Option<String>,
    },
    /// The call is refused, or hung up when it was answered.
    Reject(RejectCause),
    /// The carrier says that the caller was not answered after all.
    NotAnswered,
}

impl Next {
    pub(crate) fn done(outcome: &str) -> Self {
        Self::Done(outcome.to_owned())
    }
}

/// The rule of a kind.
pub(crate) trait Rule: Settings {
    /// The step begins.
    fn enter(&self, progress: &mut Self::Progress, stage: &mut Stage<'_>) -> Next;

    /// Something happened. Late, repeated and strange things are normal and change nothing.
    fn on(&self, _: &mut Self::Progress, _: &Happening<'_>, _: &mut Stage<'_>) -> Next {
        Next::Wait
    }

    /// The call ends in the middle of the step: what must still be said to others. Legs and rooms are taken care of.
    fn cut_short(&self, _: &Self::Progress, _: &mut Stage<'_>) {}

    /// Where a step stands, for spans and lists; bounded.
    fn phase(_: &Self::Progress) -> &'static str {
        Self::NAME
    }
}

/// The progress of a kind that has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}
