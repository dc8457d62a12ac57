//! The callers of one room wait for each other: nobody leaves before everybody arrived or gave up.
//!
//! Without that, a quick caller would leave an empty conference behind, and the next one would rightly get
//! a second conference.

use tokio::sync::watch;

/// The callers of one room.
#[derive(Debug)]
pub(crate) struct Party {
    expected: watch::Sender<usize>,
}

impl Party {
    /// A party of this many.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            expected: watch::Sender::new(size),
        }
    }

    /// A member reached the goal or will never do so. Called once per member.
    pub(crate) fn accounted_for(&self) {
        self.expected
            .send_modify(|expected| *expected = expected.saturating_sub(1));
    }

    /// Waits until nobody is expected any more.
    pub(crate) async fn complete(&self) {
        let mut expected = self.expected.subscribe();
        // An error would mean that the sender is gone, but it lives in `self`.
        let _ = expected.wait_for(|expected| *expected == 0).await;
    }
}
