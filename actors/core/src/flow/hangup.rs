//! `hangup`: a last word, then the call is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Next, Nothing, Rule};
use super::template::Template;
use crate::call::Stage;
use crate::hangup::EndReason;

/// Settings of a `hangup` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hangup {
    /// Said before; a caller who has not been answered yet is answered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Template>,
    /// Why the call is over, as traces and records tell it.
    #[serde(default = "completed")]
    #[schemars(with = "String")]
    pub reason: EndReason,
}

fn completed() -> EndReason {
    EndReason::Completed
}

impl Settings for Hangup {
    type Progress = Nothing;

    const NAME: &'static str = "hangup";
    const SUMMARY: &'static str = "Ends the call, after a last word if there is one.";
    const OUTCOMES: &'static [WayOut] = &[];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, _complaints: &mut Complaints) {}

    /// A last word is for somebody who hears it.
    fn needs_answer(&self) -> bool {
        self.say.is_some()
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        self.say.iter().map(|say| ("say", say)).collect()
    }
}

impl Rule for Hangup {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        Next::HangUp {
            reason: self.reason,
            say: self.say.as_ref().and_then(|say| stage.text(say)),
        }
    }
}
