//! `http`: asks the user's own program; its answer may say where the call goes on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::span::Span;
use super::template::Template;
use crate::hangup::EndReason;

/// Settings of an `http` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Whom to ask.
    pub url: Template,
    /// How.
    #[serde(default)]
    pub method: Method,
    /// What is sent with POST and PUT, besides what every request says about the call.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub send: BTreeMap<String, Template>,
    /// Headers, such as an API key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// How long one attempt may take.
    #[serde(default = "five_seconds")]
    pub timeout: Span,
    /// How long all attempts may take; the caller hears nothing meanwhile.
    #[serde(default = "ten_seconds")]
    pub total: Span,
    /// Whether a request that may have arrived is sent again, under the same id.
    #[serde(default)]
    pub repeat: bool,
}

/// How the program is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Without a body.
    Get,
    /// With a body.
    #[default]
    Post,
    /// With a body.
    Put,
}

impl Method {
    /// As it stands in the request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

fn five_seconds() -> Span {
    Span::secs(5)
}

fn ten_seconds() -> Span {
    Span::secs(10)
}

impl Settings for Http {
    const NAME: &'static str = "http";
    const SUMMARY: &'static str =
        "Asks your own program. Its JSON answer is in `http.<step>`; a `next` in it names the outcome.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on("ok", "It answered with success and named no other outcome."),
        WayOut::sorry(
            "refused",
            "It answered that it will not, or the address is not allowed.",
            EndReason::StepFailed,
        ),
        WayOut::sorry(
            "failed",
            "It gave no answer in time, or one that makes no sense.",
            EndReason::StepFailed,
        ),
    ];
    const NEEDS_ANSWER: bool = false;
    const FREE_OUTCOMES: bool = true;

    fn check(&self, complaints: &mut Complaints) {
        let url = self.url.source();
        let web = url.starts_with("http://") || url.starts_with("https://") || url.starts_with("{{");
        complaints.require(web, "url", "must begin with https:// or http://");
        complaints.range("timeout", self.timeout, Span::millis(100), Span::secs(60));
        complaints.range("total", self.total, self.timeout, Span::secs(120));
        complaints.require(
            self.send.is_empty() || self.method != Method::Get,
            "send",
            "a GET request has no body",
        );
    }

    /// Whatever the program may name.
    fn may_bring(&self, outcome: &str) -> bool {
        !outcome.is_empty()
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all = vec![("url", &self.url)];
        all.extend(self.send.values().map(|value| ("send", value)));
        all.extend(self.headers.values().map(|value| ("headers", value)));
        all
    }
}
