//! Where a carrier's API lives, and every address that is refused because requests, or the key, would go astray.

use std::net::IpAddr;

use url::{Host, Url};

/// Scheme, host and a path prefix without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads a URL such as `https://api.telnyx.com/v2`; plain `http` only towards this machine.
    ///
    /// # Errors
    /// Everything that would send commands, or the key, somewhere else than meant.
    pub fn new(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text.trim()).map_err(|error| BaseUrlError::NotAUrl(error.to_string()))?;
        let loopback = url.host().is_some_and(|host| is_loopback(&host));
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(BaseUrlError::PlainHttp),
            other => return Err(BaseUrlError::Scheme(other.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        if url.fragment().is_some() {
            return Err(BaseUrlError::Fragment);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// A carrier's own address, known to be sound.
    pub(super) fn of_carrier(text: &'static str) -> Self {
        Self(text.to_owned())
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

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL.
    #[error("the base URL is not a URL ({0}): write it like https://api.example.com/v2")]
    NotAUrl(String),
    /// Neither https nor http.
    #[error("the base URL has the scheme {0}: only https is spoken, and http towards this machine")]
    Scheme(String),
    /// The key would travel in the clear.
    #[error(
        "the base URL is plain http: the key would travel in the clear; use https, or http towards 127.0.0.1 \
         for a simulator"
    )]
    PlainHttp,
    /// `user:password@`.
    #[error("the base URL contains credentials: remove them, the key is a setting of its own")]
    Credentials,
    /// `?…`.
    #[error("the base URL has a query: remove everything from the question mark on")]
    Query,
    /// `#…`.
    #[error("the base URL has a fragment: remove everything from the # on")]
    Fragment,
}
