//! `[quarantine]`: when something is set aside, and for how long a flow is closed that panics.

use std::time::Duration;

use cordboard_actors::HouseSettings;
use serde::{Deserialize, Serialize};

use super::duration;
use super::error::Problems;

/// `[quarantine]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quarantine {
    /// Calls of one flow that may panic at one place within a minute; one more closes the flow to new calls.
    pub panics_per_minute: usize,
    /// Events of one call in a second, over ten seconds, beyond which it is landed.
    pub events_per_second: u32,
    /// A flow that was closed takes calls again once nothing has panicked for so long.
    #[serde(with = "duration")]
    pub flow_reopens_after: Duration,
}

impl Default for Quarantine {
    fn default() -> Self {
        let house = HouseSettings::default();
        Self {
            panics_per_minute: house.panics_per_minute,
            events_per_second: house.events_per_second,
            flow_reopens_after: house.flow_reopens_after,
        }
    }
}

impl Quarantine {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            self.panics_per_minute > 0,
            "quarantine.panics_per_minute",
            "0 would close a flow at its first panic: 1 or more",
        );
        problems.require(
            self.events_per_second > 0,
            "quarantine.events_per_second",
            "0 would land every call at its first event",
        );
        problems.require(
            self.flow_reopens_after >= Duration::from_secs(1),
            "quarantine.flow_reopens_after",
            "is shorter than 1s: a flow that panics would be open again before anybody noticed",
        );
    }
}
