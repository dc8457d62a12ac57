//! `transfer`: the carrier rings somebody else and connects the two. The caller stays ours until they talk, and is
//! ours again when the far end hangs up.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Rule, StepTimer, Tag};
use super::span::Span;
use super::template::Template;
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::Transfer as Command;
use crate::event::{Event, EventBody};
use crate::fact::Fact;
use crate::hangup::{EndReason, HangupCause};
use crate::ids::CallControlId;
use crate::outcome::{Answer, Outcome, RefusalKind};
use crate::phone::PhoneNumber;

/// The carrier's bounds of ringing (API-FACTS 1.10).
pub(super) const RING: (Span, Span) = (Span::secs(5), Span::secs(600));
/// The carrier's bounds of a leg's life (API-FACTS 1.10).
pub(super) const LIMIT: (Span, Span) = (Span::secs(30), Span::secs(14_400));

/// Settings of a `transfer` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Whom to call: E.164 or SIP URI.
    pub to: Template,
    /// The number shown; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// How long it rings.
    #[serde(default = "ring")]
    pub ring: Span,
    /// How long the two may talk.
    #[serde(default = "limit")]
    pub limit: Span,
}

pub(super) fn ring() -> Span {
    Span::secs(30)
}

pub(super) fn limit() -> Span {
    LIMIT.1
}

impl Settings for Transfer {
    type Progress = Progress;

    const NAME: &'static str = "transfer";
    const SUMMARY: &'static str =
        "Connects the caller with somebody else. The caller is kept until they talk.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "bridged",
            "They talked, and the far end has hung up; the caller is still there.",
        ),
        WayOut::sorry("busy", "The far end is busy.", EndReason::TransferFailed),
        WayOut::sorry("no_answer", "Nobody answered in time.", EndReason::TransferFailed),
        WayOut::sorry("rejected", "The far end refused.", EndReason::TransferFailed),
        WayOut::sorry(
            "failed",
            "The number or address cannot be reached, or the carrier refused.",
            EndReason::TransferFailed,
        ),
        WayOut::sorry(
            "cancelled",
            "The ringing ended without an answer, a refusal or a time-out.",
            EndReason::TransferFailed,
        ),
    ];

    fn check(&self, complaints: &mut Complaints) {
        complaints.range("ring", self.ring, RING.0, RING.1);
        complaints.range("limit", self.limit, LIMIT.0, LIMIT.1);
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        std::iter::once(("to", &self.to))
            .chain(self.from.iter().map(|from| ("from", from)))
            .collect()
    }
}

/// Asks the carrier to connect the two.
const CONNECT: Tag = 0;
/// Asks whether the far end lives.
const PROBE: Tag = 1;
/// The far end's leg, in client state.
const FAR: Tag = 0;
/// The carrier's own limit of ringing is reported late, or not at all: past this the far end itself is asked about.
const RING_MARGIN: Duration = Duration::from_secs(15);
/// While they talk, the far end is asked about every so often: its hangup may have been lost.
const LOOK: StepTimer = StepTimer::One;

/// Where a transfer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Whom the far leg was to reach.
    target: Option<PhoneNumber>,
    /// The far end's leg, once known.
    far: Option<CallControlId>,
    /// It was answered.
    answered: bool,
    /// They talk.
    bridged: bool,
}

impl Rule for Transfer {
    fn enter(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        let Some(target) = stage.target(&self.to) else {
            return Next::done("failed");
        };
        stage.fact(Fact::TransferTried {
            step: stage.step().to_owned(),
            target: target.clone(),
        });
        progress.target = Some(target.clone());
        let transfer = Command {
            from: stage.shown_number(self.from.as_ref()),
            timeout_secs: Some(self.ring.as_secs()),
            time_limit_secs: Some(self.limit.as_secs()),
            // The caller stays when the far end hangs up: the flow decides what comes then.
            park_after_unbridge: Some("self".into()),
            ..Command::new(target)
        };
        stage.overdue_in(self.ring.get() + RING_MARGIN);
        stage.transfer(LegAction::Transfer(Box::new(transfer)), CONNECT, FAR);
        Next::Wait
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Event {
                body: EventBody::CallBridged,
                ours: true,
            } => self.talking(progress, stage),
            // The leg asks what comes next, so nobody is left to be hung up.
            Happening::Event {
                body: EventBody::TransferEnded { cause },
                ours: true,
            } => {
                stage.settle(CONNECT);
                progress.far = None;
                let talked = progress.bridged || progress.answered;
                over(progress, missed(cause, talked), stage)
            }
            Happening::Far { event, mark } => self.on_far(progress, event, *mark, stage),
            Happening::Outcome {
                tag: CONNECT,
                outcome,
            } => match outcome {
                Outcome::Refused(_) => over(progress, "failed", stage),
                // In doubt: the far end's events tell, or the net does.
                Outcome::Accepted(_) | Outcome::Unknown { .. } | Outcome::Cancelled => Next::Wait,
            },
            Happening::Outcome { tag: PROBE, outcome } => self.on_probe(progress, outcome, stage),
            Happening::Timer(LOOK) => self.look(progress, stage),
            Happening::Overdue => self.overdue(progress, stage),
            Happening::Event { .. }
            | Happening::Outcome { .. }
            | Happening::Http { .. }
            | Happening::Timer(_)
            | Happening::Message(_) => Next::Wait,
        }
    }

    fn phase(progress: &Progress) -> &'static str {
        match progress.bridged {
            true => "bridged",
            false => "transfer",
        }
    }
}

impl Transfer {
    fn on_far(
        &self,
        progress: &mut Progress,
        event: &Event,
        mark: Option<Tag>,
        stage: &mut Stage<'_>,
    ) -> Next {
        let known = progress.far.is_some() && event.leg == progress.far;
        if !known && (mark != Some(FAR) || progress.far.is_some()) {
            return Next::Wait;
        }
        progress.far.clone_from(&event.leg);
        match &event.body {
            EventBody::CallAnswered { .. } => {
                stage.settle(CONNECT);
                progress.answered = true;
                Next::Wait
            }
            EventBody::CallBridged => self.talking(progress, stage),
            EventBody::CallHangup { cause, .. } => {
                stage.settle(CONNECT);
                progress.far = None;
                let talked = progress.bridged || progress.answered;
                over(progress, missed(cause, talked), stage)
            }
            _ => Next::Wait,
        }
    }

    fn talking(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        if !progress.bridged {
            stage.settle(CONNECT);
            if let (false, Some(leg)) = (progress.answered, progress.far.clone()) {
                // Connected at the answer, and told so by one event.
                stage.fact(Fact::LegAnswered { leg });
            }
            progress.bridged = true;
            // The carrier ends the far leg; should its word be lost, this is the last way out.
            stage.overdue_in(self.limit.get() + RING_MARGIN);
            stage.set_timer(LOOK, stage.look_again());
        }
        Next::Wait
    }

    fn look(&self, progress: &Progress, stage: &mut Stage<'_>) -> Next {
        if let Some(far) = &progress.far {
            stage.ask_about(far, PROBE);
        }
        stage.set_timer(LOOK, stage.look_again());
        Next::Wait
    }

    fn on_probe(&self, progress: &mut Progress, outcome: &Outcome, stage: &mut Stage<'_>) -> Next {
        match (alive(outcome), progress.bridged) {
            (Some(false), bridged) => {
                progress.far = None;
                over(progress, if bridged { "bridged" } else { "no_answer" }, stage)
            }
            // It rings no longer and lives: they talk, and nobody told us.
            (Some(true), false) => self.talking(progress, stage),
            (Some(true) | None, _) => Next::Wait,
        }
    }

    fn overdue(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        match (&progress.far, progress.bridged) {
            (Some(far), false) => {
                let far = far.clone();
                stage.ask_about(&far, PROBE);
                // One more answer is waited for, then it is over.
                stage.overdue_in(RING_MARGIN + RING_MARGIN);
                if progress.answered {
                    return self.talking(progress, stage);
                }
                progress.answered = true;
                Next::Wait
            }
            (_, true) => over(progress, "bridged", stage),
            (None, false) => over(progress, "no_answer", stage),
        }
    }
}

/// The transfer is over; a far end that may still ring is not left ringing.
fn over(progress: &mut Progress, outcome: &str, stage: &mut Stage<'_>) -> Next {
    if let Some(far) = progress.far.take() {
        stage.hang_up_far(&far);
    }
    if let Some(target) = progress.target.take() {
        stage.fact(Fact::TransferEnded {
            step: stage.step().to_owned(),
            target,
            outcome: outcome.to_owned(),
        });
    }
    Next::done(outcome)
}

/// What the end of a far leg means to the caller. By the carrier's word, not by what was reported before: reports come
/// in any order.
pub(super) fn missed(cause: &HangupCause, talked: bool) -> &'static str {
    match cause {
        HangupCause::UserBusy => "busy",
        HangupCause::CallRejected => "rejected",
        HangupCause::NoAnswer | HangupCause::Timeout if !talked => "no_answer",
        HangupCause::NotFound => "failed",
        HangupCause::OriginatorCancel => "cancelled",
        HangupCause::NormalClearing | HangupCause::TimeLimit => "bridged",
        HangupCause::NoAnswer | HangupCause::Timeout | HangupCause::Unspecified | HangupCause::Other(_) => {
            if talked {
                "bridged"
            } else {
                "failed"
            }
        }
    }
}

/// What a question about a leg brought; `None` is unknown, not dead.
pub(super) fn alive(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Accepted(Answer::Call(view)) => view.alive,
        Outcome::Refused(refusal)
            if matches!(refusal.kind, RefusalKind::NotFound | RefusalKind::CallEnded) =>
        {
            Some(false)
        }
        Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown { .. } | Outcome::Cancelled => None,
    }
}
