//! Completed, failed or lost: the judgement over one caller. Pure.

use std::time::Duration;

/// How a caller's script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The goal was reached and the caller talked as long as wanted.
    Completed,
    /// The script itself hung up before the goal.
    EarlyHangup,
    /// The run was cancelled before the goal.
    Cancelled,
    /// The caller's patience ended before the call was answered.
    NeverAnswered,
    /// The caller's patience ended after the answer, before the goal: what was missed.
    Missed(&'static str),
    /// The caller got more texts than wanted.
    TooManyTexts,
    /// The other side hung up before the goal.
    HungUp,
    /// The other side hung up in the middle of the talk.
    CutOff,
    /// The run ended while the caller was waiting.
    StillWaiting,
}

/// What may explain a failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    /// An explaining fault touched the leg or its conference.
    pub(crate) fault: bool,
    /// Injected delay of the leg's webhooks and of the slowest other leg of the room.
    pub(crate) delay: Duration,
    /// How long the caller was willing to wait.
    pub(crate) patience: Duration,
}

/// The judgement; the text says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The goal was reached.
    Completed,
    /// It was not, and an injected fault or the script itself explains it.
    Failed(&'static str),
    /// It was not, and nothing but the program under test explains it.
    Lost(&'static str),
}

/// Delays that ate at least one part in this many of the caller's patience explain a failure.
const DELAY_SHARE: u32 = 2;

/// Judges one caller.
pub(crate) fn judge(ending: Ending, evidence: &Evidence) -> Verdict {
    let reason = match ending {
        Ending::Completed => return Verdict::Completed,
        Ending::EarlyHangup => return Verdict::Failed("the caller hung up early, as scripted"),
        Ending::Cancelled => return Verdict::Failed("the run was cancelled"),
        Ending::NeverAnswered => "never answered",
        Ending::Missed(what) => what,
        // No fault of the carrier makes a program say something twice.
        Ending::TooManyTexts => return Verdict::Lost("got more texts than wanted"),
        Ending::HungUp => "hung up by the program before the goal",
        Ending::CutOff => "cut off while talking",
        Ending::StillWaiting => "still waiting when the run ended",
    };
    // Waiting at the end is the program's fault whatever happened on the way: nothing may hang for ever.
    let explained = evidence.fault || evidence.delay >= evidence.patience / DELAY_SHARE;
    if explained && ending != Ending::StillWaiting {
        Verdict::Failed(reason)
    } else {
        Verdict::Lost(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(40);

    fn evidence(fault: bool, delay_secs: u64) -> Evidence {
        Evidence {
            fault,
            delay: Duration::from_secs(delay_secs),
            patience: PATIENCE,
        }
    }

    #[test]
    fn without_an_explanation_a_call_is_lost() {
        for ending in [
            Ending::NeverAnswered,
            Ending::Missed("never heard"),
            Ending::HungUp,
            Ending::CutOff,
        ] {
            assert!(
                matches!(judge(ending, &evidence(false, 19)), Verdict::Lost(_)),
                "{ending:?}"
            );
            assert!(
                matches!(judge(ending, &evidence(true, 0)), Verdict::Failed(_)),
                "{ending:?}"
            );
            assert!(
                matches!(judge(ending, &evidence(false, 20)), Verdict::Failed(_)),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn a_caller_still_waiting_at_the_end_is_lost_in_any_case() {
        assert!(matches!(
            judge(Ending::StillWaiting, &evidence(true, 60)),
            Verdict::Lost(_)
        ));
    }

    #[test]
    fn the_scripts_own_hangup_explains_itself() {
        assert!(matches!(
            judge(Ending::EarlyHangup, &evidence(false, 0)),
            Verdict::Failed(_)
        ));
        assert_eq!(judge(Ending::Completed, &evidence(false, 0)), Verdict::Completed);
    }
}
