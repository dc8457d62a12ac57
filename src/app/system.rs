//! The clocks and the dice of this machine, behind the actors' ports.
//!
//! Two clocks. [`SystemClock`] is the wall clock as it is: signatures are checked against it, because carriers stamp
//! with theirs. [`SteadyClock`] is what the calls live by: it starts from the wall clock and advances with the
//! monotonic one, so that a stepped wall clock neither fires every deadline at once nor holds them all back. Machines
//! compare their own timestamps with this clock only, so one clock that never jumps is enough; nobody else needs to
//! know of steps. It approaches the wall clock again slowly; after a large step a restart takes the new time over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cordboard_actors::ports::{Clock, Jitter};
use cordboard_core::Timestamp;

/// How fast the steady clock approaches the wall clock: 5 ms in a second, ten times the fastest drift of a working
/// machine, and too slow for a deadline to notice.
const SLEW_PER_MILLE: i128 = 5;
/// A difference that somebody should hear of: no drift comes to this, somebody has set the clock.
const STEP: Duration = Duration::from_secs(5);

/// The machine's wall clock.
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The clock of deadlines; see the module.
pub(super) struct SteadyClock {
    began: Instant,
    hands: Mutex<Hands>,
}

impl SteadyClock {
    /// Shows the wall clock's time.
    pub(super) fn start() -> Self {
        Self {
            began: Instant::now(),
            hands: Mutex::new(Hands::showing(SystemClock.now())),
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.advance(SystemClock.now(), self.began.elapsed())
    }
}

/// What the steady clock shows, nanoseconds: between two looks within microseconds nothing may be rounded away.
struct Hands {
    shown: i128,
    at: Duration,
    /// A step was reported and is not made up for yet.
    apart: bool,
}

impl Hands {
    fn showing(wall: Timestamp) -> Self {
        Self {
            shown: nanos(wall),
            at: Duration::ZERO,
            apart: false,
        }
    }

    /// The time when the wall clock says `wall` and the monotonic one `at`.
    fn advance(&mut self, wall: Timestamp, at: Duration) -> Timestamp {
        let passed = i128::try_from(at.saturating_sub(self.at).as_nanos()).unwrap_or(i128::MAX);
        self.at = self.at.max(at);
        self.shown = self.shown.saturating_add(passed);
        let gap = nanos(wall) - self.shown;
        let most = passed / 1_000 * SLEW_PER_MILLE;
        self.shown += gap.clamp(-most, most);
        self.report(gap);
        Timestamp::from_micros(u64::try_from(self.shown / 1_000).unwrap_or(0))
    }

    fn report(&mut self, gap: i128) {
        let apart = gap.unsigned_abs() >= STEP.as_nanos();
        if apart && !self.apart {
            let ahead_ms = gap / 1_000_000;
            tracing::warn!(
                ahead_ms,
                "the wall clock was set; calls go on by the old time, a restart takes the new one over"
            );
        }
        self.apart = apart;
    }
}

fn nanos(time: Timestamp) -> i128 {
    i128::from(time.as_micros()) * 1_000
}

/// The operating system's randomness.
pub(super) struct SystemJitter;

impl Jitter for SystemJitter {
    fn next(&self) -> f64 {
        rand::random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const SECOND: Duration = Duration::from_secs(1);

    fn noon() -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }

    #[test]
    fn a_step_of_the_wall_clock_is_made_up_for_slowly() {
        let mut hands = Hands::showing(noon());
        assert_eq!(hands.advance(noon() + SECOND, SECOND), noon() + SECOND);
        let ahead = hands.advance(noon() + HOUR, SECOND * 2);
        assert_eq!(ahead.since(noon()), Duration::from_millis(2_005));
        let behind = hands.advance(Timestamp::from_millis(0), SECOND * 3);
        assert_eq!(behind.since(noon()), SECOND * 3);
    }

    #[test]
    fn it_never_goes_back_and_ends_where_the_wall_clock_is() {
        let mut hands = Hands::showing(noon());
        let mut before = noon();
        // The wall clock was set back by a second; at 5 ms a second that takes 200 s.
        for tick in 1..=3_000 {
            let at = Duration::from_millis(100) * tick;
            let wall = Timestamp::from_micros((noon() + at).as_micros() - 1_000_000);
            let now = hands.advance(wall, at);
            assert!(now > before);
            before = now;
        }
        assert_eq!(before, noon() + Duration::from_secs(299));
    }
}
