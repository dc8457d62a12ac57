//! `wait`: nothing, for a while.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Nothing, Rule};
use super::span::Span;
use crate::call::Stage;

/// Settings of a `wait` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long.
    pub wait: Span,
}

impl Settings for Wait {
    type Progress = Nothing;

    const NAME: &'static str = "wait";
    const SUMMARY: &'static str = "Lets time pass; before the answer, the caller hears it ring.";
    const OUTCOMES: &'static [WayOut] = &[WayOut::on("done", "The time has passed.")];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, complaints: &mut Complaints) {
        complaints.range("wait", self.wait, Span::millis(1), Span::secs(3_600));
    }
}

impl Rule for Wait {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        stage.overdue_in(self.wait.get());
        Next::Wait
    }

    fn on(&self, _: &mut Nothing, what: &Happening<'_>, _: &mut Stage<'_>) -> Next {
        match what {
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
