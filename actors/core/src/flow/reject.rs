//! `reject`: the call is refused before it is answered, at no cost to anybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Next, Nothing, Rule};
use crate::call::Stage;
use crate::command::leg::RejectCause;

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
    type Progress = Nothing;

    const NAME: &'static str = "reject";
    const SUMMARY: &'static str = "Refuses a call that has not been answered; an answered one is hung up.";
    const OUTCOMES: &'static [WayOut] = &[];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, _complaints: &mut Complaints) {}
}

impl Rule for Reject {
    fn enter(&self, _: &mut Nothing, _: &mut Stage<'_>) -> Next {
        Next::Reject(match self.cause {
            Cause::Rejected => RejectCause::CallRejected,
            Cause::Busy => RejectCause::UserBusy,
        })
    }
}
