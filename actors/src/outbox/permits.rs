//! How many attempts may be under way at the carrier at one time, and who goes first when that is used up.
//!
//! Held by `attempts.rs` around each attempt. A carrier that answers slowly fills these, not its own doors and not
//! our memory. What is to be sent, and whether, is not decided here.

use tokio::sync::{Semaphore, SemaphorePermit};

use cordboard_core::Command;

/// Attempts that only hangups may make, on top of the common ones: a call must be able to end while everything else
/// waits for a slow carrier.
const RESERVED_FOR_HANGUPS: usize = 16;

/// See the module.
pub(super) struct Permits {
    most: usize,
    all: Semaphore,
    questions: Semaphore,
    hangups: Semaphore,
}

/// The right to one attempt; given back on drop.
pub(super) struct Permit<'a> {
    _place: SemaphorePermit<'a>,
    _question: Option<SemaphorePermit<'a>>,
}

impl Permits {
    /// `most` attempts at one time, at least one; questions use at most half of them.
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            most,
            all: Semaphore::new(most),
            questions: Semaphore::new(most.div_ceil(2)),
            hangups: Semaphore::new(RESERVED_FOR_HANGUPS),
        }
    }

    /// Attempts under way; hangups on their own places are not among them.
    pub(super) fn in_use(&self) -> usize {
        self.most.saturating_sub(self.all.available_permits())
    }

    /// Waits for the right to one attempt, in order of arrival. Dropping the future gives up the place in the row.
    pub(super) async fn acquire(&self, command: &Command) -> Permit<'_> {
        if command.is_hangup() {
            return Permit {
                _place: tokio::select! {
                    biased;
                    place = take(&self.all) => place,
                    place = take(&self.hangups) => place,
                },
                _question: None,
            };
        }
        let question = match command.is_query() {
            true => Some(take(&self.questions).await),
            false => None,
        };
        Permit {
            _place: take(&self.all).await,
            _question: question,
        }
    }
}

async fn take(places: &Semaphore) -> SemaphorePermit<'_> {
    places.acquire().await.expect("these semaphores are never closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_core::command::LegAction;
    use cordboard_core::command::leg::{Answer, Hangup};
    use cordboard_core::command::query::Query;
    use futures_util::FutureExt;

    fn on_leg(action: LegAction) -> Command {
        Command::Leg {
            leg: "v3:a".into(),
            action,
        }
    }

    #[test]
    fn questions_use_half_and_hangups_have_places_of_their_own() {
        let permits = Permits::new(4);
        let question = Command::Query(Query::Call { leg: "v3:a".into() });
        let answer = on_leg(LegAction::Answer(Answer::default()));
        let hangup = on_leg(LegAction::Hangup(Hangup::default()));
        let at_once = |command| permits.acquire(command).now_or_never();
        let mut held: Vec<_> = (0..2).map(|_| at_once(&question)).collect();
        assert!(at_once(&question).is_none(), "half is used up");
        held.extend((0..2).map(|_| at_once(&answer)));
        assert!(held.iter().all(Option::is_some));
        assert!(at_once(&answer).is_none(), "all are used up");
        held.extend((0..RESERVED_FOR_HANGUPS).map(|_| at_once(&hangup)));
        assert!(held.iter().all(Option::is_some));
        assert!(at_once(&hangup).is_none());
        held.clear();
        assert!(at_once(&answer).is_some());
    }
}
