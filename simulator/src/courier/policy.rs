//! When a webhook is delivered again, where and how long after. Pure.

use std::time::Duration;

/// Wait before the first retry; doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// Longest wait between two attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(16);
/// Failed attempts in a row after which the failover address is used.
const FAILOVER_AFTER: u32 = 2;

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// 2xx.
    Accepted,
    /// An answer that no retry will change: 3xx, most of 4xx, or no address at all.
    Refused,
    /// Time-out, connection error, 408, 429, 5xx.
    Failed,
}

impl Attempt {
    pub(crate) const fn from_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Accepted,
            408 | 429 | 500.. => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Done,
    GiveUp,
    Retry { after: Duration, failover: bool },
}

/// The carrier's retry rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Time for all attempts together.
    pub(crate) budget: Duration,
}

impl Policy {
    /// Decides after attempt number `attempt` (from 1), `elapsed` after the first began.
    pub(crate) fn next(&self, attempt: u32, outcome: Attempt, elapsed: Duration, failover: bool) -> Next {
        match outcome {
            Attempt::Accepted => Next::Done,
            Attempt::Refused => Next::GiveUp,
            Attempt::Failed => {
                let doubled = FIRST_RETRY.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
                let after = doubled.min(LONGEST_RETRY);
                if elapsed + after > self.budget {
                    return Next::GiveUp;
                }
                Next::Retry {
                    after,
                    failover: failover && attempt >= FAILOVER_AFTER,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        budget: Duration::from_secs(60),
    };

    #[test]
    fn only_failures_that_may_pass_are_retried() {
        let table = [
            (200, Attempt::Accepted),
            (204, Attempt::Accepted),
            (301, Attempt::Refused),
            (400, Attempt::Refused),
            (401, Attempt::Refused),
            (404, Attempt::Refused),
            (408, Attempt::Failed),
            (429, Attempt::Failed),
            (500, Attempt::Failed),
            (503, Attempt::Failed),
        ];
        for (status, wanted) in table {
            assert_eq!(Attempt::from_status(status), wanted, "{status}");
        }
        assert_eq!(
            POLICY.next(1, Attempt::Refused, Duration::ZERO, true),
            Next::GiveUp
        );
        assert_eq!(
            POLICY.next(1, Attempt::Accepted, Duration::ZERO, true),
            Next::Done
        );
    }

    #[test]
    fn waits_double_and_end_within_the_budget() {
        let mut elapsed = Duration::ZERO;
        let mut waits = Vec::new();
        for attempt in 1.. {
            // Every attempt times out after two seconds.
            elapsed += Duration::from_secs(2);
            match POLICY.next(attempt, Attempt::Failed, elapsed, false) {
                Next::Retry { after, .. } => {
                    waits.push(after.as_millis());
                    elapsed += after;
                }
                Next::Done | Next::GiveUp => break,
            }
        }
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000]);
        assert!(elapsed <= POLICY.budget);
    }

    #[test]
    fn the_failover_address_takes_over_after_two_failures() {
        let next = |attempt| POLICY.next(attempt, Attempt::Failed, Duration::ZERO, true);
        assert!(matches!(next(1), Next::Retry { failover: false, .. }));
        assert!(matches!(next(2), Next::Retry { failover: true, .. }));
    }
}
