//! `[observability]`: what the program says of itself.
//!
//! Traces are configured by the standard `OTEL_…` environment variables, not here.

use serde::{Deserialize, Serialize};

use super::error::Problems;

/// `[observability]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Observability {
    /// Shape of a log line.
    pub log_format: LogFormat,
    /// Directives such as `info,cordboard=debug`.
    pub log_filter: String,
    /// Where people look at traces, such as `http://localhost:16686`: calls then show a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jaeger_url: Option<String>,
}

impl Default for Observability {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Auto,
            log_filter: "info".into(),
            jaeger_url: None,
        }
    }
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `pretty` on a terminal, `json` elsewhere.
    Auto,
    /// For reading.
    Pretty,
    /// One object per line.
    Json,
}

impl LogFormat {
    /// The word in the file, which the observability crate reads too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}

impl Observability {
    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(url) = &self.jaeger_url {
            let web = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            problems.require(web, "observability.jaeger_url", "is no http or https URL");
        }
    }
}
