//! `note`: something about the call is written into the books, for people who act on it later.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Next, Nothing, Rule};
use super::template::Template;
use crate::call::Stage;
use crate::fact::Fact;
use crate::phone::Digits;

/// Characters of a note that are kept: a number or a reference, not a story.
const LONGEST: usize = 200;

/// Settings of a `note` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What is written down, under the name of the step: `{{ caller }}` of somebody who wants to be called back. The
    /// first 200 characters are kept.
    pub note: Template,
}

impl Settings for Note {
    type Progress = Nothing;

    const NAME: &'static str = "note";
    const SUMMARY: &'static str =
        "Writes something about the call into the records, beside what callers typed.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on("done", "It is written down."),
        WayOut::on(
            "empty",
            "There is nothing to write down, such as the number of a caller who withholds it.",
        ),
    ];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, _: &mut Complaints) {}

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        vec![("note", &self.note)]
    }
}

impl Rule for Note {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        let text = stage.text(&self.note).unwrap_or_default();
        let kept: String = text.trim().chars().take(LONGEST).collect();
        if kept.is_empty() {
            return Next::done("empty");
        }
        let step = stage.step().to_owned();
        let digits = Digits::new(kept);
        stage.fact(Fact::InputCollected { step, digits });
        Next::done("done")
    }
}
