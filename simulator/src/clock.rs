//! The carrier's deadlines: one ordered list and one task that fires what is due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::carrier::emitted::Timer;
use crate::world::World;

/// Armed deadlines.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    armed: Mutex<Armed>,
    sooner: Notify,
}

#[derive(Debug, Default)]
struct Armed {
    timers: BTreeMap<(Instant, u64), Timer>,
    count: u64,
}

impl Clock {
    /// Arms a deadline. There is no disarming: the carrier ignores what was overtaken.
    pub(crate) fn arm(&self, at: Instant, timer: Timer) {
        let mut armed = self.lock();
        armed.count += 1;
        let key = (at, armed.count);
        armed.timers.insert(key, timer);
        let first = armed
            .timers
            .first_key_value()
            .is_some_and(|(first, _)| *first == key);
        drop(armed);
        if first {
            self.sooner.notify_one();
        }
    }

    /// Fires deadlines until the world stops.
    pub(crate) async fn run(&self, world: &Arc<World>) {
        loop {
            let next = self.lock().timers.first_key_value().map(|((at, _), _)| *at);
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = world.stop.cancelled() => return,
                () = self.sooner.notified() => {}
                () = due => world.fire(&self.take_due()),
            }
        }
    }

    fn take_due(&self) -> Vec<Timer> {
        let mut armed = self.lock();
        let later = armed.timers.split_off(&(Instant::now(), u64::MAX));
        std::mem::replace(&mut armed.timers, later)
            .into_values()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
