//! `say`: text to speech to the caller, until it has been said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::template::Template;
use crate::hangup::EndReason;

/// Settings of a `say` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// What is said.
    pub say: Template,
    /// The carrier's voice name, instead of the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// BCP 47 tag, instead of the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl Settings for Say {
    const NAME: &'static str = "say";
    const SUMMARY: &'static str = "Says something to the caller and waits until it has been said.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on("done", "It has been said."),
        WayOut::sorry("failed", "The carrier would not say it.", EndReason::StepFailed),
    ];

    fn check(&self, complaints: &mut Complaints) {
        complaints.require(
            !self.say.source().trim().is_empty(),
            "say",
            "is empty: there is nothing to say",
        );
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        vec![("say", &self.say)]
    }
}
