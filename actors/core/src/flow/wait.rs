//! `wait`: nothing, for a while.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::span::Span;

/// Settings of a `wait` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long.
    pub wait: Span,
}

impl Settings for Wait {
    const NAME: &'static str = "wait";
    const SUMMARY: &'static str = "Lets time pass; before the answer, the caller hears it ring.";
    const OUTCOMES: &'static [WayOut] = &[WayOut::on("done", "The time has passed.")];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, complaints: &mut Complaints) {
        complaints.range("wait", self.wait, Span::millis(1), Span::secs(3_600));
    }
}
