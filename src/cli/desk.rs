//! Asks a running program through its operator door: where it is, who asks, what came back.
//!
//! Used by `calls` and `conferences`. Exit codes: 0 done, 1 refused, 2 command line, 3 nobody answers.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::Url;

use super::printing::{print_json, shown};
use super::variables;
use crate::config::{Config, Secret, Sources};

/// A long poll is answered within 30 s.
const PATIENCE: Duration = Duration::from_secs(45);
/// A history of a thousand records has about 300 KB.
const LONGEST_ANSWER: usize = 64 << 20;
/// Nobody answers at the door.
const NOT_THERE: u8 = 3;
/// What may stand in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Which program is asked, and how its answer is shown.
#[derive(Debug, Args)]
pub(super) struct Door {
    /// The operator door; by default the one that the configuration here opens.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// A file with the operator token; by default the token of the configuration.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The configuration that names door and token.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints one JSON object and nothing else on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

/// A way to a running program.
pub(super) struct Desk {
    base: String,
    token: Option<Secret>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Why there is no answer that could be used.
#[derive(Debug)]
pub(super) enum Failed {
    /// Nobody answers.
    NotThere(String),
    /// It says no.
    Refused(StatusCode, Value),
}

impl Door {
    /// Finds door and token.
    pub(super) fn open(&self) -> anyhow::Result<Desk> {
        let complete = self.server.is_some() && self.token_file.is_some();
        let config = match complete {
            true => Config::default(),
            false => Config::load(&Sources {
                file: self.config.clone(),
                environment: variables()?,
                ..Sources::default()
            })
            .context(
                "door and token are read from the configuration; --server and --token-file replace them",
            )?,
        };
        let base = match &self.server {
            Some(server) => server.clone(),
            None => {
                let mut listen = config.operator.listen;
                if listen.ip().is_unspecified() {
                    listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
                }
                format!("http://{listen}")
            }
        };
        let token = match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("the token cannot be read from {}", path.display()))?;
                Some(Secret::new(text.trim()))
            }
            None => config.operator.token,
        };
        Desk::new(&base, token)
    }

    /// Shows an answer: as it is with `--json`, else by `text`. A refusal is said, and has its exit code.
    pub(super) fn show(
        &self,
        answer: Result<Value, Failed>,
        text: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<ExitCode> {
        match answer {
            Ok(answer) if self.json => print_json(&answer),
            Ok(answer) => super::printing::print(&text(&answer)),
            Err(failed) => self.fail(&failed),
        }
    }

    /// Says what went wrong.
    pub(super) fn fail(&self, failed: &Failed) -> anyhow::Result<ExitCode> {
        match failed {
            Failed::NotThere(why) => {
                eprintln!("cordboard: {why}");
                if self.json {
                    print_json(&json!({ "error": why, "status": null }))?;
                }
                Ok(ExitCode::from(NOT_THERE))
            }
            Failed::Refused(status, answer) => {
                let why = answer.get("error").map_or_else(|| status.to_string(), shown);
                let rule = answer.get("rule").map(|rule| format!(" (rule {})", shown(rule)));
                eprintln!("cordboard: {why}{}", rule.unwrap_or_default());
                if *status == StatusCode::UNAUTHORIZED {
                    eprintln!("  the door wants a token: --token-file FILE or CORDBOARD_OPERATOR_TOKEN");
                }
                if self.json {
                    print_json(
                        &json!({ "error": why, "rule": answer.get("rule"), "status": status.as_u16() }),
                    )?;
                }
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

impl Desk {
    fn new(base: &str, token: Option<Secret>) -> anyhow::Result<Self> {
        let url =
            Url::parse(base).with_context(|| format!("`{base}` is no URL such as http://127.0.0.1:8081"))?;
        anyhow::ensure!(
            matches!(url.scheme(), "http" | "https") && url.host().is_some(),
            "--server is an http or https URL, such as http://127.0.0.1:8081"
        );
        anyhow::ensure!(
            url.username().is_empty() && url.password().is_none() && url.query().is_none(),
            "--server has no user, password or query: the token has a file of its own"
        );
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            token,
            client: client(),
        })
    }

    /// Asks for a page below `/api/v1`; `parts` are names of ours or of others, as they are.
    pub(super) async fn get(&self, parts: &[&str], query: &[(&str, String)]) -> Result<Value, Failed> {
        self.ask(Method::GET, parts, query, None).await
    }

    /// Asks for something to be done, once: the request carries a key of its own.
    pub(super) async fn post(&self, parts: &[&str], body: &Value) -> Result<Value, Failed> {
        self.ask(Method::POST, parts, &[], Some(body)).await
    }

    async fn ask(
        &self,
        method: Method,
        parts: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, Failed> {
        let mut uri = format!("{}/api/v1", self.base);
        for part in parts {
            uri.push('/');
            uri.extend(utf8_percent_encode(part, PLAIN));
        }
        for (place, (name, value)) in query.iter().enumerate() {
            uri.push(if place == 0 { '?' } else { '&' });
            uri.push_str(name);
            uri.push('=');
            uri.extend(utf8_percent_encode(value, PLAIN));
        }
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(token) = &self.token {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
            let mut value = value.map_err(|_| self.lost("the token cannot stand in a header"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if body.is_some() {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .header("idempotency-key", uuid::Uuid::new_v4().to_string());
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| self.lost("the request cannot be formed"))?;
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.lost("it takes too long to answer")),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Value, Failed> {
        let response = self.client.request(request).await.map_err(|error| {
            let why = if error.is_connect() {
                "nobody listens there"
            } else {
                "the connection broke"
            };
            self.lost(why)
        })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|_| self.lost("its answer broke off"))?.to_bytes();
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        match answer {
            Some(answer) if status.is_success() => Ok(answer),
            None if status.is_success() => Err(self.lost("it answers, but not like this program")),
            answer => Err(Failed::Refused(status, answer.unwrap_or(Value::Null))),
        }
    }

    fn lost(&self, why: &str) -> Failed {
        Failed::NotThere(format!(
            "no answer from the operator door at {}: {why}; is `cordboard serve` running, and is this its operator.listen?",
            self.base
        ))
    }
}

fn client() -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(Duration::from_secs(5)));
    let connector = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Looks what answers at a URL: its status and the methods that it allows. Sends nothing of ours.
pub(super) async fn knock(url: &str) -> Result<(StatusCode, Option<String>), &'static str> {
    let uri = url.parse().map_err(|_| "it is no URL")?;
    match client().get(uri).await {
        Ok(response) => {
            let allowed = response
                .headers()
                .get(ALLOW)
                .and_then(|allow| allow.to_str().ok());
            Ok((response.status(), allowed.map(str::to_owned)))
        }
        Err(error) if error.is_connect() => {
            Err("nobody answers there: name, address or certificate is wrong")
        }
        Err(_) => Err("the connection broke"),
    }
}

/// The answer to a request that was taken.
pub(super) fn accepted(_: &Value) -> String {
    "accepted: it is in the journal, `show` or `watch` tell what comes of it".into()
}
