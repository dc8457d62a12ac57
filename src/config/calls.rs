//! `[calls]`, `[retry]`, `[reconciler]`, `[admission]`: deadlines, repetition, and how much is let in.

use std::time::Duration;

use cordboard_actors::HouseSettings;
use cordboard_core::plan::Limits;
use cordboard_core::retry::RetryPolicy;
use serde::{Deserialize, Serialize};

use super::duration;
use super::error::Problems;
use crate::http::GateLimits;

/// `[calls]`: deadlines of waiting states; every call pins them when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// A call or room about which the carrier said nothing for so long is asked about.
    #[serde(with = "duration")]
    pub probe_after: Duration,
    /// The interval between such questions doubles up to this.
    #[serde(with = "duration")]
    pub probe_max: Duration,
    /// Every waiting state but the conference itself is left after so long.
    #[serde(with = "duration")]
    pub step_timeout: Duration,
    /// After a participant left the room, so long until we hang up.
    #[serde(with = "duration")]
    pub after_leave: Duration,
    /// An event of a session whose start we did not see waits so long for it.
    #[serde(with = "duration")]
    pub orphan_wait: Duration,
    /// A call or room for which nothing comes goes to sleep after so long: only its record and its deadline stay.
    #[serde(with = "duration")]
    pub sleep_after: Duration,
    /// A command is given up, outcome unknown, after so long.
    #[serde(with = "duration")]
    pub command_timeout: Duration,
    /// A hangup is given up after so long.
    #[serde(with = "duration")]
    pub hangup_timeout: Duration,
}

impl Default for Calls {
    fn default() -> Self {
        let limits = Limits::default();
        let span = Duration::from_millis;
        Self {
            probe_after: span(limits.probe_after_ms),
            probe_max: span(limits.probe_max_ms),
            step_timeout: span(limits.step_ms),
            after_leave: span(limits.after_leave_ms),
            orphan_wait: span(limits.orphan_ms),
            sleep_after: HouseSettings::default().sleep_after,
            command_timeout: span(limits.command_ms),
            hangup_timeout: span(limits.hangup_ms),
        }
    }
}

impl Calls {
    /// The same for a plan.
    pub fn limits(&self) -> Limits {
        Limits {
            probe_after_ms: millis(self.probe_after),
            probe_max_ms: millis(self.probe_max),
            step_ms: millis(self.step_timeout),
            after_leave_ms: millis(self.after_leave),
            orphan_ms: millis(self.orphan_wait),
            command_ms: millis(self.command_timeout),
            hangup_ms: millis(self.hangup_timeout),
        }
    }

    fn check(&self, problems: &mut Problems) {
        for (key, span) in [
            ("calls.probe_after", self.probe_after),
            ("calls.step_timeout", self.step_timeout),
            ("calls.after_leave", self.after_leave),
            ("calls.orphan_wait", self.orphan_wait),
            ("calls.sleep_after", self.sleep_after),
            ("calls.command_timeout", self.command_timeout),
            ("calls.hangup_timeout", self.hangup_timeout),
        ] {
            problems.require(!span.is_zero(), key, "0s would end it before it began");
        }
        problems.require(
            self.probe_max >= self.probe_after,
            "calls.probe_max",
            "is shorter than calls.probe_after",
        );
    }
}

/// `[retry]`: how the same command is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// First pause; it doubles with every attempt.
    #[serde(with = "duration")]
    pub first_delay: Duration,
    /// Longest pause.
    #[serde(with = "duration")]
    pub max_delay: Duration,
    /// A command older than this is asked about, not sent again.
    #[serde(with = "duration")]
    pub resend_window: Duration,
    /// After a restart, speech and audio older than this are not begun again.
    #[serde(with = "duration")]
    pub audible_window: Duration,
    /// Attempts under way at the carrier at one time; hangups have a few places more, questions use half at most.
    pub max_in_flight: usize,
}

impl Default for Retry {
    fn default() -> Self {
        let policy = RetryPolicy::default();
        Self {
            first_delay: Duration::from_millis(policy.first_delay_ms),
            max_delay: Duration::from_millis(policy.max_delay_ms),
            resend_window: Duration::from_millis(policy.resend_window_ms),
            audible_window: Duration::from_millis(policy.audible_window_ms),
            max_in_flight: HouseSettings::default().max_attempts_in_flight,
        }
    }
}

impl Retry {
    /// Telnyx forgets a command id after 60 s; the rest is for clocks and slow requests.
    const LONGEST_WINDOW: Duration = Duration::from_secs(55);
    /// A connection each: beyond this the system runs out of ports to one address first.
    const MOST_IN_FLIGHT: usize = 10_000;

    /// The same for the retry rule.
    pub fn policy(&self) -> RetryPolicy {
        RetryPolicy {
            first_delay_ms: millis(self.first_delay),
            max_delay_ms: millis(self.max_delay),
            resend_window_ms: millis(self.resend_window),
            audible_window_ms: millis(self.audible_window),
        }
    }

    fn check(&self, problems: &mut Problems) {
        problems.require(
            !self.first_delay.is_zero(),
            "retry.first_delay",
            "0s would hammer the carrier",
        );
        problems.require(
            self.max_delay >= self.first_delay,
            "retry.max_delay",
            "is shorter than retry.first_delay",
        );
        problems.require(
            (1..=Self::MOST_IN_FLIGHT).contains(&self.max_in_flight),
            "retry.max_in_flight",
            format!(
                "{} is not within 1 to {}",
                self.max_in_flight,
                Self::MOST_IN_FLIGHT
            ),
        );
        problems.require(
            self.resend_window <= Self::LONGEST_WINDOW,
            "retry.resend_window",
            "is longer than 55s: Telnyx forgets a command id after 60s and would carry the command out twice",
        );
    }
}

/// `[reconciler]`: the comparison of our calls with the carrier's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reconciler {
    /// From one comparison to the next; the first is made at the start.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// Whether live legs and conferences of our connections that nobody here owns are ended. Only where no other
    /// program uses these connections.
    pub end_unknown: bool,
}

impl Default for Reconciler {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            end_unknown: false,
        }
    }
}

/// `[admission]`: how much is let in at a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admission {
    /// Webhooks between head and receipt.
    pub max_webhooks_in_flight: usize,
    /// Bytes of their bodies.
    pub max_webhook_bytes_in_flight: usize,
    /// Percent of both that one address may use.
    pub max_percent_per_ip: usize,
    /// Calls alive, asleep ones included; beyond, new calls are told to come again.
    pub max_live_calls: usize,
    /// New calls in a second; events of live calls and hangups do not count.
    pub max_new_calls_per_second: u32,
}

impl Default for Admission {
    fn default() -> Self {
        let gate = GateLimits::default();
        Self {
            max_webhooks_in_flight: gate.webhooks,
            max_webhook_bytes_in_flight: gate.bytes,
            max_percent_per_ip: gate.percent_per_ip,
            // About 9 KB each while awake: 900 MB at the most.
            max_live_calls: 100_000,
            // One core carries some 4,000 webhooks a second, a call is about ten.
            max_new_calls_per_second: 2_000,
        }
    }
}

impl Admission {
    /// The numbers of gate 1.
    pub fn gate(&self) -> GateLimits {
        GateLimits {
            webhooks: self.max_webhooks_in_flight,
            bytes: self.max_webhook_bytes_in_flight,
            percent_per_ip: self.max_percent_per_ip,
        }
    }
}

pub(super) fn check(
    calls: &Calls,
    retry: &Retry,
    reconciler: &Reconciler,
    admission: &Admission,
    problems: &mut Problems,
) {
    calls.check(problems);
    retry.check(problems);
    problems.require(
        reconciler.interval >= Duration::from_secs(1),
        "reconciler.interval",
        "is shorter than 1s: the carrier limits how often it may be asked",
    );
    problems.require(
        (1..=100).contains(&admission.max_percent_per_ip),
        "admission.max_percent_per_ip",
        "is not within 1 to 100",
    );
    for (key, zero) in [
        (
            "admission.max_webhooks_in_flight",
            admission.max_webhooks_in_flight == 0,
        ),
        (
            "admission.max_webhook_bytes_in_flight",
            admission.max_webhook_bytes_in_flight == 0,
        ),
        ("admission.max_live_calls", admission.max_live_calls == 0),
        (
            "admission.max_new_calls_per_second",
            admission.max_new_calls_per_second == 0,
        ),
    ] {
        problems.require(!zero, key, "0 would let nothing in");
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_core() {
        assert_eq!(Calls::default().limits(), Limits::default());
        assert_eq!(Retry::default().policy(), RetryPolicy::default());
    }
}
