//! Memory of command ids: a command whose id was executed within the last 60 seconds is ignored.
//!
//! One window per leg, per conference and one for the account (dial, create).

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

/// How long the carrier remembers a command id.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(60);
/// Entries above which forgotten ids are swept out on insertion.
const SWEEP_ABOVE: usize = 64;

/// Remembered command ids with what was answered.
#[derive(Debug, Default)]
pub(crate) struct Window {
    seen: HashMap<String, (Timestamp, Value)>,
}

impl Window {
    /// The answer that was given to this id, while it is remembered.
    pub(crate) fn recall(&self, command_id: Option<&str>, now: Timestamp) -> Option<&Value> {
        let (at, answer) = self.seen.get(command_id?)?;
        fresh(*at, now).then_some(answer)
    }

    /// Remembers an executed command.
    pub(crate) fn remember(&mut self, command_id: Option<&str>, now: Timestamp, answer: Value) {
        let Some(command_id) = command_id else { return };
        if self.seen.len() >= SWEEP_ABOVE {
            self.seen.retain(|_, (at, _)| fresh(*at, now));
        }
        self.seen.insert(command_id.to_owned(), (now, answer));
    }
}

fn fresh(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).unsigned_abs() < REMEMBERED
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_is_forgotten_after_sixty_seconds() {
        let start = Timestamp::UNIX_EPOCH;
        let mut window = Window::default();
        window.remember(Some("a"), start, json!(1));
        assert!(
            window
                .recall(Some("a"), start + Duration::from_millis(59_999))
                .is_some()
        );
        assert!(
            window
                .recall(Some("a"), start + Duration::from_secs(60))
                .is_none()
        );
        assert!(window.recall(None, start).is_none());
        assert!(window.recall(Some("b"), start).is_none());
    }
}
