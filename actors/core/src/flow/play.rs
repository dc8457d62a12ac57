//! `play`: an audio file to the caller, until it has been played.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Nothing, Rule, Tag};
use super::speech::ended;
use super::template::Template;
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::PlaybackStart;
use crate::command::media::Loop;
use crate::event::EventBody;
use crate::hangup::EndReason;
use crate::outcome::Outcome;

const AUDIO: Tag = 0;
/// Nobody tells how long a file plays. Past this its end is lost.
const LONGEST: Duration = Duration::from_secs(30 * 60);

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
    type Progress = Nothing;

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

impl Rule for Play {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        let url = self.url.as_ref().and_then(|url| stage.text(url));
        if url.is_none() && self.media.is_none() {
            return Next::done("failed");
        }
        let audio = PlaybackStart {
            audio_url: url,
            media_name: self.media.clone(),
            r#loop: (self.times > 1).then_some(Loop::Times(self.times)),
            ..PlaybackStart::default()
        };
        stage.overdue_in(LONGEST);
        stage.prompt(LegAction::PlaybackStart(audio), AUDIO);
        Next::Wait
    }

    fn on(&self, _: &mut Nothing, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Event {
                body: EventBody::PlaybackEnded { status },
                ours: true,
            } => {
                stage.settle(AUDIO);
                ended(*status).map_or(Next::Wait, Next::done)
            }
            Happening::Outcome {
                outcome: Outcome::Refused(_),
                ..
            } => Next::done("failed"),
            Happening::Overdue => Next::done("done"),
            Happening::Event { .. }
            | Happening::Outcome { .. }
            | Happening::Far { .. }
            | Happening::Http { .. }
            | Happening::Timer(_)
            | Happening::Message(_) => Next::Wait,
        }
    }
}
