//! `play`: an audio file to the caller, until it has been played.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::template::Template;
use crate::hangup::EndReason;

/// Settings of a `play` step: one of `url` and `media`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// A WAV or MP3 file on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Template>,
    /// A file stored at the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// How often, 1 to 100.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Settings for Play {
    const NAME: &'static str = "play";
    const SUMMARY: &'static str = "Plays an audio file to the caller and waits until it has been played.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on("done", "It has been played."),
        WayOut::sorry("failed", "The carrier would not play it.", EndReason::StepFailed),
    ];

    fn check(&self, complaints: &mut Complaints) {
        let one = self.url.is_some() != self.media.is_some();
        complaints.require(one, "url", "a play step has one of url and media");
        complaints.range("times", self.times, 1, 100);
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        self.url.iter().map(|url| ("url", url)).collect()
    }
}
