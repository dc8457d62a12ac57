//! `record`: what the caller says after the beep, and a word to whom it concerns.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Rule, Tag};
use super::span::Span;
use super::template::Template;
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::{RecordStart, RecordingChoice};
use crate::command::recording::{RecordingChannels, RecordingFormat};
use crate::event::EventBody;
use crate::hangup::EndReason;
use crate::ids::RecordingId;
use crate::outcome::{Answer, Outcome};

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
    type Progress = Progress;

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

const START: Tag = 0;
const STOP: Tag = 1;
/// The carrier reports a recording when it is stored; past this its report is lost.
const MARGIN: Duration = Duration::from_secs(20);

/// Where a recording stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The carrier has begun.
    begun: bool,
    /// We asked it to stop.
    stopping: bool,
    /// Its id, where the carrier named it at once.
    recording: Option<RecordingId>,
}

impl Rule for Record {
    fn enter(&self, _: &mut Progress, stage: &mut Stage<'_>) -> Next {
        let format = if self.wav {
            RecordingFormat::Wav
        } else {
            RecordingFormat::Mp3
        };
        let start = RecordStart {
            play_beep: Some(self.beep),
            max_length: Some(self.max.as_secs()),
            timeout_secs: Some(self.silence.as_secs()),
            end_keys: Some(self.stop_keys.clone()).filter(|keys| !keys.is_empty()),
            ..RecordStart::new(format, RecordingChannels::Single)
        };
        stage.overdue_in(self.max.get() + MARGIN);
        stage.prompt(LegAction::RecordStart(Box::new(start)), START);
        Next::Wait
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Event {
                body: EventBody::RecordingSaved(saved),
                ..
            } => {
                progress.begun = true;
                progress.recording = saved.recording.clone().or(progress.recording.take());
                stage.settle(START);
                self.recorded(progress, stage)
            }
            Happening::Event {
                body: EventBody::RecordingFailed { .. },
                ..
            } => Next::done("failed"),
            Happening::Event {
                body: EventBody::DtmfReceived { digit },
                ours: true,
            } if !progress.stopping && self.stop_keys.contains(digit.expose()) => {
                self.stop(progress, stage);
                Next::Wait
            }
            Happening::Outcome { tag: START, outcome } => match outcome {
                Outcome::Refused(_) => Next::done("failed"),
                Outcome::Accepted(answer) => {
                    progress.begun = true;
                    if let Answer::Recording(recording) = answer {
                        progress.recording = Some(recording.clone());
                    }
                    Next::Wait
                }
                Outcome::Unknown { .. } | Outcome::Cancelled => Next::Wait,
            },
            Happening::Overdue if !progress.stopping => {
                self.stop(progress, stage);
                Next::Wait
            }
            Happening::Overdue if progress.begun => self.recorded(progress, stage),
            Happening::Overdue => Next::done("failed"),
            Happening::Event { .. }
            | Happening::Outcome { .. }
            | Happening::Far { .. }
            | Happening::Http { .. }
            | Happening::Timer(_)
            | Happening::Message(_) => Next::Wait,
        }
    }

    /// The usual end: the caller has said everything and hangs up.
    fn cut_short(&self, progress: &Progress, stage: &mut Stage<'_>) {
        if progress.begun {
            self.tell(progress, stage);
        }
    }
}

impl Record {
    fn stop(&self, progress: &mut Progress, stage: &mut Stage<'_>) {
        progress.stopping = true;
        stage.overdue_in(MARGIN);
        stage.command(LegAction::RecordStop(RecordingChoice::default()), STOP);
    }

    fn recorded(&self, progress: &Progress, stage: &mut Stage<'_>) -> Next {
        self.tell(progress, stage);
        Next::done("recorded")
    }

    /// Tells whom it concerns, once: the step is over with it.
    fn tell(&self, progress: &Progress, stage: &mut Stage<'_>) {
        let recording = progress.recording.as_ref().map_or("", RecordingId::as_str);
        stage.set("call", "recording", recording.into());
        if let Some(notify) = &self.notify
            && let (Some(to), Some(text)) = (stage.text(&notify.to), stage.text(&notify.text))
        {
            stage.text_message(&to, notify.from.as_ref(), text, false);
        }
    }
}
