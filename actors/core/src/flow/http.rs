//! `http`: asks the user's own program; its answer may say where the call goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kind::{Complaints, Settings, WayOut};
use super::rule::{Happening, Next, Nothing, Rule};
use super::span::Span;
use super::template::Template;
use crate::call::Stage;
use crate::hangup::EndReason;
use crate::http::{HttpOutcome, HttpRequest};
use crate::ids::CommandId;
use crate::phone::Text;

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
    type Progress = Nothing;

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

/// The outcome of the request comes to us; if it does not, this long after all attempts are over.
const MARGIN: Duration = Duration::from_secs(10);

impl Rule for Http {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        let Some(url) = stage.text(&self.url) else {
            return Next::done("failed");
        };
        let text = |text: &Template| stage.text(text).unwrap_or_default();
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        let body = match self.method {
            Method::Get => String::new(),
            Method::Post | Method::Put => self.body(stage).to_string(),
        };
        let request = HttpRequest {
            id: CommandId::new(""),
            url,
            method: self.method.as_str().to_owned(),
            headers,
            body: Text::new(body),
            timeout_ms: self.timeout.as_millis().into(),
            repeat: self.repeat,
            give_up_at: stage.now() + self.total.get(),
        };
        stage.overdue_in(self.total.get() + self.timeout.get() + MARGIN);
        stage.ask(request);
        Next::Wait
    }

    fn on(&self, _: &mut Nothing, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        match what {
            Happening::Http { outcome } => self.answered(outcome, stage),
            Happening::Overdue => Next::done("failed"),
            Happening::Event { .. }
            | Happening::Outcome { .. }
            | Happening::Far { .. }
            | Happening::Timer(_)
            | Happening::Message(_) => Next::Wait,
        }
    }
}

impl Http {
    /// What every request says about the call, and what this one sends besides.
    fn body(&self, stage: &Stage<'_>) -> Value {
        let mut body: serde_json::Map<String, Value> = stage.variables().into_iter().collect();
        body.insert("flow".into(), json!(stage.flow_name()));
        body.insert("step".into(), json!(stage.step()));
        for (name, text) in &self.send {
            body.insert(name.clone(), json!(stage.text(text).unwrap_or_default()));
        }
        Value::Object(body)
    }

    fn answered(&self, outcome: &HttpOutcome, stage: &mut Stage<'_>) -> Next {
        let (status, body) = match outcome {
            HttpOutcome::Answered { status, body } => (*status, body.expose()),
            HttpOutcome::Forbidden { .. } => return Next::done("refused"),
            HttpOutcome::Unknown { .. } => return Next::done("failed"),
        };
        match status {
            200..=299 => {}
            400..=499 => return Next::done("refused"),
            _ => return Next::done("failed"),
        }
        let answer = match body.trim() {
            "" => Value::Null,
            text => match serde_json::from_str(text) {
                Ok(answer) => answer,
                Err(_) => return Next::done("failed"),
            },
        };
        let named = answer.get("next").and_then(Value::as_str).map(str::to_owned);
        let step = stage.step().to_owned();
        if !stage.set("http", &step, answer) {
            return Next::done("failed");
        }
        match named.filter(|next| stage.names(next)) {
            Some(next) => Next::Done(next),
            None => Next::done("ok"),
        }
    }
}
