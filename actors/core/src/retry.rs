//! The one retry rule: how long to wait before the next attempt of the same command.
//!
//! Numbers come from configuration, the rule lives here and nowhere else; randomness is an argument.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::{Command, ConferenceAction, LegAction};

/// Numbers of the retry rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// First delay, milliseconds. Telnyx advises to repeat an unanswered command after 500 ms.
    pub first_delay_ms: u64,
    /// Longest delay, milliseconds.
    pub max_delay_ms: u64,
    /// An unsettled command older than this is asked about, not sent again, milliseconds. Telnyx forgets a
    /// command id after 60 s; 45 s leaves room for clocks and slow requests.
    pub resend_window_ms: u64,
    /// After a restart, speech and audio older than this are not begun again, milliseconds.
    pub audible_window_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_delay_ms: 500,
            max_delay_ms: 8_000,
            resend_window_ms: 45_000,
            audible_window_ms: 5_000,
        }
    }
}

impl RetryPolicy {
    /// The delay before attempt number `attempt + 1` (the first attempt is number 1).
    ///
    /// Full jitter between half and the whole of the doubled delay: `random` is uniform in `0.0..1.0`. A wish of
    /// the carrier (`after`) is a lower bound.
    pub fn delay(&self, attempt: u32, after: Option<Duration>, random: f64) -> Duration {
        let doubled = self
            .first_delay_ms
            .saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let ceiling = doubled.min(self.max_delay_ms) as f64;
        let jittered = Duration::from_secs_f64(ceiling * (0.5 + random.clamp(0.0, 1.0) / 2.0) / 1_000.0);
        jittered.max(after.unwrap_or_default())
    }

    /// Whether a command that a restart finds unsettled may be sent once more, `age` after its record.
    ///
    /// What does no harm always. What belongs to a moment of the conversation (speech, audio, keys) only while that
    /// moment lasts. Everything else within the resend window; past it the outcome is unknown and the machine asks.
    /// Beside this rule stands each command's own `give_up_at`, past which it is never begun: whatever starts contact
    /// with a person has its "not after" there.
    pub fn may_resume(&self, command: &Command, age: Duration) -> bool {
        let stale = is_of_the_moment(command) && age >= Duration::from_millis(self.audible_window_ms);
        !stale && self.may_repeat(command, age)
    }

    /// Whether a command that may have taken effect can be sent again, `age` after its first attempt.
    ///
    /// What does no harm always. What would happen twice because the carrier has no id to know it by never; the
    /// other commands without an id set a state, and setting it twice changes nothing.
    pub fn may_repeat(&self, command: &Command, age: Duration) -> bool {
        is_harmless(command) || (!happens_twice(command) && self.may_resend(age))
    }

    /// Whether a command first attempted `age` ago may be sent again under the same id.
    pub fn may_resend(&self, age: Duration) -> bool {
        age < Duration::from_millis(self.resend_window_ms)
    }
}

/// What may be sent at any age: a question, the end of a leg, the end of a recording. A recording that goes on because
/// its end was lost records somebody who was promised that it does not.
pub fn is_harmless(command: &Command) -> bool {
    let stops_recording = match command {
        Command::Leg { action, .. } => matches!(action, LegAction::RecordStop(_)),
        Command::Conference { action, .. } => matches!(action, ConferenceAction::RecordStop(_)),
        Command::Dial(_)
        | Command::CreateConference(_)
        | Command::UpdateParticipant(_)
        | Command::SendMessage(_)
        | Command::Query(_) => false,
    };
    stops_recording || command.is_query() || command.is_hangup()
}

/// What makes sense at its moment of the conversation only: prompts, and keys pressed towards somebody who waits for
/// them.
fn is_of_the_moment(command: &Command) -> bool {
    let keys = match command {
        Command::Leg { action, .. } => matches!(action, LegAction::Gather(_) | LegAction::SendDtmf(_)),
        Command::Conference { action, .. } => matches!(action, ConferenceAction::SendDtmf(_)),
        Command::Dial(_)
        | Command::CreateConference(_)
        | Command::UpdateParticipant(_)
        | Command::SendMessage(_)
        | Command::Query(_) => false,
    };
    keys || command.is_heard()
}

/// Commands whose requests carry no id and that begin something with every request.
fn happens_twice(command: &Command) -> bool {
    match command {
        Command::SendMessage(_) => true,
        Command::Leg { action, .. } => matches!(action, LegAction::SiprecStart(_)),
        Command::Conference { action, .. } => matches!(
            action,
            ConferenceAction::Play(_) | ConferenceAction::SendDtmf(_) | ConferenceAction::GatherUsingAudio(_)
        ),
        Command::Dial(_)
        | Command::CreateConference(_)
        | Command::UpdateParticipant(_)
        | Command::Query(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_the_ceiling_and_keep_half_as_floor() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, None, 1.0), Duration::from_millis(500));
        assert_eq!(policy.delay(1, None, 0.0), Duration::from_millis(250));
        assert_eq!(policy.delay(3, None, 1.0), Duration::from_millis(2_000));
        assert_eq!(policy.delay(40, None, 1.0), Duration::from_millis(8_000));
    }

    #[test]
    fn the_carriers_wish_is_a_lower_bound() {
        let policy = RetryPolicy::default();
        assert_eq!(
            policy.delay(1, Some(Duration::from_secs(7)), 1.0),
            Duration::from_secs(7)
        );
        assert_eq!(
            policy.delay(5, Some(Duration::from_secs(1)), 1.0),
            Duration::from_secs(8)
        );
    }

    #[test]
    fn a_restart_repeats_hangups_always_speech_briefly_and_the_rest_within_the_window() {
        use crate::command::leg::{Answer, Hangup, Speak};
        use crate::command::{LegAction, Query};
        let policy = RetryPolicy::default();
        let on_leg = |action| Command::Leg {
            leg: "v3:a".into(),
            action,
        };
        let (answer, hangup, speak) = (
            on_leg(LegAction::Answer(Answer::default())),
            on_leg(LegAction::Hangup(Hangup::default())),
            on_leg(LegAction::Speak(Speak::default())),
        );
        let question = Command::Query(Query::Call { leg: "v3:a".into() });
        for (age, expected) in [
            (4, [true, true, true, true]),
            (44, [true, true, false, true]),
            (3_600, [false, true, false, true]),
        ] {
            let may = [&answer, &hangup, &speak, &question]
                .map(|command| policy.may_resume(command, Duration::from_secs(age)));
            assert_eq!(may, expected, "after {age} s");
        }
    }

    #[test]
    fn a_doubtful_command_is_repeated_unless_it_would_happen_twice() {
        use crate::command::catalogue::{Cast, every_command};
        let policy = RetryPolicy::default();
        let all = every_command(&Cast::new("v3:leg".into(), "v3:other".into(), "c-1".into()));
        let kept: Vec<&str> = all
            .iter()
            .filter(|command| !policy.may_repeat(command, Duration::from_secs(1)))
            .map(Command::name)
            .collect();
        let once = [
            "siprec_start",
            "conference_play",
            "conference_send_dtmf",
            "conference_gather_using_audio",
            "send_message",
        ];
        assert_eq!(kept, once);
        let old = Duration::from_secs(3_600);
        assert!(
            all.iter()
                .filter(|command| policy.may_repeat(command, old))
                .all(is_harmless)
        );
    }

    #[test]
    fn nothing_is_resent_past_the_window() {
        let policy = RetryPolicy::default();
        assert!(policy.may_resend(Duration::from_secs(44)));
        assert!(!policy.may_resend(Duration::from_secs(45)));
    }
}
