//! `set`: gives values names for later texts and conditions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Next, Nothing, Rule};
use super::template::Template;
use crate::call::Stage;

/// Settings of a `set` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Name to text; read as `{{ vars.NAME }}`.
    pub set: BTreeMap<String, Template>,
}

impl Settings for Set {
    type Progress = Nothing;

    const NAME: &'static str = "set";
    const SUMMARY: &'static str = "Gives values names, for `{{ vars.NAME }}` in later steps.";
    const OUTCOMES: &'static [WayOut] = &[WayOut::on("done", "The values have their names.")];
    const NEEDS_ANSWER: bool = false;

    fn check(&self, complaints: &mut Complaints) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let names = self
            .set
            .keys()
            .all(|name| !name.is_empty() && name.bytes().all(plain));
        complaints.require(names, "set", "a name is letters, digits and underscores");
        complaints.require(!self.set.is_empty(), "set", "is empty: there is nothing to set");
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        self.set.values().map(|text| ("set", text)).collect()
    }
}

impl Rule for Set {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        for (name, text) in &self.set {
            let value = stage.text(text).unwrap_or_default();
            stage.set("vars", name, value.into());
        }
        Next::done("done")
    }
}
