//! `record`: what the caller says after the beep, and a word to whom it concerns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::span::Span;
use super::template::Template;
use crate::hangup::EndReason;

/// Settings of a `record` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// Whether a beep tells the caller to begin.
    pub beep: bool,
    /// The longest recording.
    pub max: Span,
    /// Silence that ends it; none when zero.
    pub silence: Span,
    /// The keys that end it.
    pub stop_keys: String,
    /// Whether the file is WAV instead of MP3.
    pub wav: bool,
    /// A text message about it, sent also when the caller hangs up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
}

/// Who is told of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The number that gets a text message.
    pub to: Template,
    /// The number it comes from; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// What is sent; `{{ recording }}` is the recording's id.
    pub text: Template,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            beep: true,
            max: Span::secs(120),
            silence: Span::secs(5),
            stop_keys: "#".into(),
            wav: false,
            notify: None,
        }
    }
}

impl Settings for Record {
    const NAME: &'static str = "record";
    const SUMMARY: &'static str =
        "Records the caller until a key, silence or the limit; can tell somebody by text message.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on("recorded", "There is a recording; its id is in `recording`."),
        WayOut::sorry("failed", "The carrier would not record.", EndReason::StepFailed),
    ];
    const WAITS_FOR_CALLER: bool = true;

    fn check(&self, complaints: &mut Complaints) {
        complaints.range("max", self.max, Span::secs(1), Span::secs(14_400));
        complaints.range("silence", self.silence, Span::secs(0), Span::secs(600));
        let keys = self
            .stop_keys
            .bytes()
            .all(|key| key.is_ascii_digit() || key == b'*' || key == b'#');
        complaints.require(keys, "stop_keys", "must be keys out of 0123456789*#");
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all = Vec::new();
        if let Some(notify) = &self.notify {
            all.extend([("notify.to", &notify.to), ("notify.text", &notify.text)]);
            all.extend(notify.from.iter().map(|from| ("notify.from", from)));
        }
        all
    }
}
