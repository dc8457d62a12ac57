//! How many calls operators may start: a stolen token, or a script gone wild, must not become a telephone bill.
//!
//! Kept in memory: a restart begins to count anew. The carrier's own limits are the second net.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::answers::{Answer, Refusal};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts started calls.
pub(super) struct Spending {
    minute: DefaultDirectRateLimiter,
    most_per_day: u32,
    day: Mutex<Day>,
}

struct Day {
    began: Instant,
    started: u32,
}

impl Spending {
    pub(super) fn new(most_per_minute: NonZeroU32, most_per_day: u32) -> Self {
        Self {
            minute: RateLimiter::direct(Quota::per_minute(most_per_minute)),
            most_per_day,
            day: Mutex::new(Day {
                began: Instant::now(),
                started: 0,
            }),
        }
    }

    /// Takes one call out of what may be started; asked last, so that a call refused for another reason costs nothing.
    pub(super) fn take(&self, now: Instant) -> Answer<()> {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(day.began) >= DAY {
            (day.began, day.started) = (now, 0);
        }
        if day.started >= self.most_per_day {
            let again = DAY.saturating_sub(now.saturating_duration_since(day.began));
            let why = "as many calls were started today as operator.max_starts_per_day allows";
            return Err(Refusal::too_often("daily", why, again));
        }
        if self.minute.check().is_err() {
            let why = "more calls were started than operator.max_starts_per_minute allows";
            return Err(Refusal::too_often("rate", why, MINUTE));
        }
        day.started += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn no_88_neither_a_minute_nor_a_day_brings_more_than_allowed() {
        let spending = Spending::new(NonZeroU32::new(3).unwrap(), 5);
        let now = Instant::now();
        let taken = (0..10_000).filter(|_| spending.take(now).is_ok()).count();
        assert_eq!(taken, 3);
        assert_eq!(
            spending.take(now).unwrap_err().status,
            StatusCode::TOO_MANY_REQUESTS
        );
        let wide = Spending::new(NonZeroU32::new(1_000).unwrap(), 5);
        let now = Instant::now();
        assert_eq!((0..100).filter(|_| wide.take(now).is_ok()).count(), 5);
        assert!(wide.take(now + DAY).is_ok(), "a day later");
    }
}
