//! The carrier refuses our API key: nothing is sent but one attempt now and then, until one is believed.
//!
//! A key that is refused is a certain no, and the same no for everybody: an account that goes on asking gets itself
//! locked. Commands wait here until their time is over. Told of every attempt, asked before each.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordboard_core::Attempt;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The status that says so. 403 is about one request, not about the key.
pub(super) const UNAUTHORIZED: u16 = 401;
/// Refusals in a row, without an attempt that was believed between them, that open the circuit: one command among many
/// may be refused for reasons of its own.
const REFUSALS: u32 = 3;
/// The first pause until somebody tries again; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// See the module.
#[derive(Debug)]
pub(super) struct Circuit {
    state: Mutex<State>,
    closed: Notify,
}

#[derive(Debug)]
struct State {
    refused: u32,
    pause: Duration,
    /// When the next attempt may go, while the circuit is open.
    next: Instant,
    /// One that was let through has not come back.
    probing: bool,
}

/// What an attempt changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The key is refused from here on.
    Opened,
    /// It is believed again.
    Closed,
}

impl Default for Circuit {
    fn default() -> Self {
        let state = State {
            refused: 0,
            pause: FIRST_PAUSE,
            next: Instant::now(),
            probing: false,
        };
        Self {
            state: Mutex::new(state),
            closed: Notify::new(),
        }
    }
}

impl Circuit {
    /// Waits until attempts are believed, or it is this one's turn to find out.
    pub(super) async fn pass(&self) {
        loop {
            let closed = self.closed.notified();
            let pause = {
                let mut state = self.state();
                if state.refused < REFUSALS {
                    return;
                }
                let now = Instant::now();
                if now >= state.next {
                    (state.next, state.probing) = (now + state.pause, true);
                    return;
                }
                state.next - now
            };
            let _ = tokio::time::timeout(pause, closed).await;
        }
    }

    /// Learns from an attempt.
    pub(super) fn saw(&self, attempt: &Attempt) -> Option<Change> {
        let mut state = self.state();
        match attempt {
            Attempt::Refused(refusal) if refusal.status == UNAUTHORIZED => {
                state.refused = state.refused.saturating_add(1);
                // Others may have been on their way when the circuit opened: they say nothing new.
                if std::mem::take(&mut state.probing) {
                    state.pause = (state.pause * 2).min(LONGEST_PAUSE);
                }
                if state.refused >= REFUSALS {
                    state.next = Instant::now() + state.pause;
                }
                (state.refused == REFUSALS).then_some(Change::Opened)
            }
            Attempt::Accepted(_) | Attempt::Refused(_) => {
                let was_open = state.refused >= REFUSALS;
                (state.refused, state.pause, state.probing) = (0, FIRST_PAUSE, false);
                drop(state);
                self.closed.notify_waiters();
                was_open.then_some(Change::Closed)
            }
            // Says nothing about the key.
            Attempt::TryLater { .. } | Attempt::InDoubt { .. } => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
