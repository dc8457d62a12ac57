//! What the client needs to know, and everything it refuses to be told.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::HeaderValue;
use url::{Host, Url};

/// Where Telnyx answers.
const DEFAULT_BASE_URL: &str = "https://api.telnyx.com/v2";

/// Settings of the client.
#[derive(Clone, Debug)]
pub struct TelnyxSettings {
    /// Where commands go.
    pub base_url: BaseUrl,
    /// Who we are.
    pub api_key: ApiKey,
    /// How long a TCP connection may take. A carrier that is up answers in a tenth of it.
    pub connect_timeout: Duration,
    /// How long one request may take, connection and answer included. A command id is remembered for 60 s, so several
    /// attempts must fit.
    pub attempt_timeout: Duration,
    /// How long all pages of one question may take together.
    pub listing_timeout: Duration,
    /// Longest answer that is read, bytes. A page of 250 records has about 150 KiB.
    pub answer_limit: usize,
    /// Idle connections that are kept for the next burst.
    pub idle_connections: usize,
    /// The public address of our carrier door, such as `https://voice.example.com/webhooks/telnyx`. Reports about each
    /// text come to an address of its own below it, which resolves texts in doubt.
    pub reports: Option<String>,
}

impl TelnyxSettings {
    /// The defaults for one API key.
    pub fn new(api_key: ApiKey) -> Self {
        Self {
            base_url: BaseUrl::default(),
            api_key,
            connect_timeout: Duration::from_secs(2),
            attempt_timeout: Duration::from_secs(5),
            listing_timeout: Duration::from_secs(30),
            answer_limit: 1024 * 1024,
            idle_connections: 32,
            reports: None,
        }
    }
}

/// An API key. Never shown.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Takes the key as the portal shows it; white space around it is trimmed.
    ///
    /// # Errors
    /// When it is empty or could not stand in a header.
    pub fn new(text: &str) -> Result<Self, SettingsError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SettingsError::NoApiKey);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::BadApiKey);
        }
        let mut value =
            HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| SettingsError::BadApiKey)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Where the API lives: scheme, host and a path prefix without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads a URL such as `https://api.telnyx.com/v2`; plain `http` only towards this machine.
    ///
    /// # Errors
    /// Everything that would send commands, or the key, somewhere else than meant.
    pub fn new(text: &str) -> Result<Self, SettingsError> {
        let url = Url::parse(text.trim()).map_err(|error| SettingsError::NotAUrl(error.to_string()))?;
        let loopback = url.host().is_some_and(|host| is_loopback(&host));
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(SettingsError::PlainHttp),
            other => return Err(SettingsError::Scheme(other.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SettingsError::Credentials);
        }
        if url.query().is_some() {
            return Err(SettingsError::Query);
        }
        if url.fragment().is_some() {
            return Err(SettingsError::Fragment);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The URL, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether requests go without TLS, which only this machine may be asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self(DEFAULT_BASE_URL.to_owned())
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No key.
    #[error("the Telnyx API key is empty: set TELNYX_API_KEY to the key from the portal")]
    NoApiKey,
    /// Not a header value.
    #[error("the Telnyx API key contains spaces or control characters: copy it from the portal again")]
    BadApiKey,
    /// Not a URL.
    #[error("the Telnyx base URL is not a URL ({0}): write it like {DEFAULT_BASE_URL}")]
    NotAUrl(String),
    /// Neither https nor http.
    #[error("the Telnyx base URL has the scheme {0}: only https is spoken, and http towards this machine")]
    Scheme(String),
    /// The key would travel in the clear.
    #[error(
        "the Telnyx base URL is plain http: the API key would travel in the clear; use https, \
         or http towards 127.0.0.1 for a simulator"
    )]
    PlainHttp,
    /// `user:password@`.
    #[error("the Telnyx base URL contains credentials: remove them, the API key is a setting of its own")]
    Credentials,
    /// `?…`.
    #[error("the Telnyx base URL has a query: remove everything from the question mark on")]
    Query,
    /// `#…`.
    #[error("the Telnyx base URL has a fragment: remove everything from the # on")]
    Fragment,
}
