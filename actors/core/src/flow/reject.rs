//! `reject`: the call is refused before it is answered, at no cost to anybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};

/// Settings of a `reject` step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reject {
    /// What the caller's network is told.
    pub cause: Cause,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The call is refused.
    #[default]
    Rejected,
    /// The line is busy.
    Busy,
}

impl Settings for Reject {
    const NAME: &'static str = "reject";
    const SUMMARY: &'static str = "Refuses a call that has not been answered; an answered one is hung up.";
    const OUTCOMES: &'static [WayOut] = &[];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, _complaints: &mut Complaints) {}
}
