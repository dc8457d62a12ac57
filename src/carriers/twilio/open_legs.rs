//! What the door and the client of one account share: legs that ask what to do, and what conferences are to hear.

use std::time::Duration;

use cordboard_core::{Address, ClientState};

use super::CallbackKeys;
use super::announcements::Announcements;
use super::documents::Page;
use super::held::{HeldAnswers, Number, Sheet};

/// See the module.
#[derive(Debug)]
pub struct OpenLegs {
    pub(super) held: HeldAnswers,
    pub(super) announcements: Announcements,
}

impl OpenLegs {
    /// A leg's question waits for its answer so long; the carrier itself waits for 15 s.
    pub fn new(budget: Duration) -> Self {
        Self {
            held: HeldAnswers::new(budget),
            announcements: Announcements::default(),
        }
    }

    /// Lets every leg that asks wait and ask again: this process stops.
    pub fn release(&self, callbacks: &CallbackKeys) {
        self.held.release(|leg, number| {
            let state = ClientState {
                owner: Address::Call(leg.as_str().into()),
                step: String::new(),
                generation: 0,
            };
            parked(callbacks, &state, number)
        });
    }
}

/// The document of a leg that waits.
pub(super) fn parked(callbacks: &CallbackKeys, state: &ClientState, number: Number) -> Sheet {
    let page = Page {
        addresses: callbacks,
        state,
        number,
    };
    page.sheet(&page.parked())
}
