//! `say`: text to speech to the caller, until it has been said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Nothing, Rule, Tag};
use super::speech::{ended, longest, speak};
use super::template::Template;
use crate::call::Stage;
use crate::event::EventBody;
use crate::hangup::EndReason;
use crate::outcome::Outcome;

const SPEECH: Tag = 0;

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
    type Progress = Nothing;

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

impl Rule for Say {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        let Some(text) = stage.text(&self.say) else {
            return Next::done("failed");
        };
        stage.overdue_in(longest(&text));
        let voice = stage.voice(self.voice.as_ref(), self.language.as_ref());
        stage.prompt(speak(text, voice), SPEECH);
        Next::Wait
    }

    fn on(&self, _: &mut Nothing, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Event {
                body: EventBody::SpeakEnded { status },
                ours: true,
            } => {
                stage.settle(SPEECH);
                ended(*status).map_or(Next::Wait, Next::done)
            }
            Happening::Outcome {
                outcome: Outcome::Refused(_),
                ..
            } => Next::done("failed"),
            // The end of the speech was lost; it is over by now.
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
