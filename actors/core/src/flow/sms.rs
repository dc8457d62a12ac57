//! `sms`: one text message, sent by the machine of its sending number; the caller is told what became of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Rule};
use super::span::Span;
use super::template::Template;
use crate::call::Stage;
use crate::hangup::EndReason;
use crate::ids::TextKey;
use crate::message::Message;
use crate::text::TextResult;

/// Settings of an `sms` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// What is sent.
    pub text: Template,
    /// Whom to; the caller when absent. A number without a country is read as one of the called number's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Template>,
    /// The number it comes from; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// What the step waits for.
    #[serde(default)]
    pub until: Until,
    /// How long it waits.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// What a message step waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// The carrier has taken the message.
    #[default]
    Sent,
    /// The phone has it.
    Delivered,
}

fn patience() -> Span {
    Span::secs(15)
}

impl Settings for Sms {
    type Progress = Progress;

    const NAME: &'static str = "sms";
    const SUMMARY: &'static str = "Sends one text message; it is never sent twice.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on("sent", "The carrier has taken it, or the phone has it."),
        WayOut::sorry(
            "invalid_number",
            "The number it should go to is none.",
            EndReason::StepFailed,
        ),
        WayOut::sorry(
            "refused",
            "It will not be sent: the carrier, a limit or a block list refused.",
            EndReason::StepFailed,
        ),
        WayOut::sorry(
            "unknown",
            "Nobody can tell in time whether it was sent; it is not sent again.",
            EndReason::StepFailed,
        ),
    ];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, complaints: &mut Complaints) {
        complaints.require(
            !self.text.source().trim().is_empty(),
            "text",
            "is empty: there is nothing to send",
        );
        complaints.range("timeout", self.timeout, Span::secs(1), Span::secs(120));
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all = vec![("text", &self.text)];
        all.extend(self.to.iter().map(|to| ("to", to)));
        all.extend(self.from.iter().map(|from| ("from", from)));
        all
    }
}

/// Where a text stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Our key of it.
    key: Option<TextKey>,
    /// The carrier has taken it.
    accepted: bool,
}

impl Rule for Sms {
    fn enter(&self, progress: &mut Progress, stage: &mut Stage<'_>) -> Next {
        let Some(text) = stage.text(&self.text) else {
            return Next::done("refused");
        };
        let to = match &self.to {
            Some(to) => stage.text(to).unwrap_or_default(),
            None => stage
                .their_number()
                .map_or(String::new(), |number| number.expose().to_owned()),
        };
        stage.overdue_in(self.timeout.get());
        progress.key = stage.text_message(&to, self.from.as_ref(), text, self.until == Until::Delivered);
        match progress.key {
            Some(_) => Next::Wait,
            None => Next::done("invalid_number"),
        }
    }

    fn on(&self, progress: &mut Progress, what: &Happening<'_>, _: &mut Stage<'_>) -> Next {
        match what {
            Happening::Message(Message::TextResult { key, result }) if progress.key.as_ref() == Some(key) => {
                match (result, self.until) {
                    (TextResult::Accepted, Until::Delivered) => {
                        progress.accepted = true;
                        Next::Wait
                    }
                    (TextResult::Accepted | TextResult::Delivered, _) => Next::done("sent"),
                    (TextResult::Refused(_), _) => Next::done("refused"),
                    // It may turn out otherwise while the caller waits.
                    (TextResult::Unknown, _) => Next::Wait,
                }
            }
            // Taken, and no word from the phone yet: nothing went wrong.
            Happening::Overdue if progress.accepted => Next::done("sent"),
            Happening::Overdue => Next::done("unknown"),
            Happening::Event { .. }
            | Happening::Outcome { .. }
            | Happening::Far { .. }
            | Happening::Http { .. }
            | Happening::Timer(_)
            | Happening::Message(_) => Next::Wait,
        }
    }
}
