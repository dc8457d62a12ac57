//! The public address of the carrier door, and the spellings of one address that count as the same.

use url::Url;

/// Where Twilio reaches the carrier door: scheme, host, port and a path prefix, spelt exactly as in Twilio's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why a public address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Not a URL, or none that could be the beginning of another.
    #[error("is not an address ({0}); write it like https://voice.example.com")]
    NotAUrl(String),
    /// Neither https nor http.
    #[error("has the scheme {0}: Twilio calls https, or http")]
    Scheme(String),
    /// `?…` or `#…`.
    #[error("has a query or a fragment: remove it")]
    Query,
}

impl PublicUrl {
    /// Reads the address; a slash at its end does not matter, everything else is kept as it is, because Twilio signs the
    /// spelling (`Voice.Example.COM` is not `voice.example.com`, and `user:password@` is signed too).
    ///
    /// # Errors
    /// What is no beginning of an address.
    pub fn new(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|error| PublicUrlError::NotAUrl(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(PublicUrlError::Scheme(url.scheme().to_owned()));
        }
        if text.contains(['?', '#']) {
            return Err(PublicUrlError::Query);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole address of a request as Twilio was given it.
    pub(in crate::carriers::twilio) fn of(&self, path: &str, query: Option<&str>) -> String {
        match query {
            Some(query) => format!("{}{path}?{query}", self.0),
            None => format!("{}{path}", self.0),
        }
    }
}

/// An address taken apart without changing a byte of it.
pub(super) struct Parts<'a> {
    pub(super) scheme: &'a str,
    /// `user:password@` included.
    pub(super) host: &'a str,
    pub(super) port: Option<&'a str>,
    /// Path and query.
    pub(super) rest: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, Some(port))
            }
            _ => (authority, None),
        };
        Some(Self {
            scheme,
            host,
            port,
            rest,
        })
    }

    pub(super) fn with_port(&self, port: Option<&str>) -> String {
        let Self {
            scheme, host, rest, ..
        } = self;
        match port {
            Some(port) => format!("{scheme}://{host}:{port}{rest}"),
            None => format!("{scheme}://{host}{rest}"),
        }
    }

    /// The port that the scheme means when none is written.
    pub(super) fn default_port(&self) -> &'static str {
        if self.scheme == "https" { "443" } else { "80" }
    }
}

/// The spellings under which Twilio may have signed this address: as it is, without its port, with the default port, and
/// each of them with apostrophes in the query encoded the other way, as some of its services do.
pub(super) fn equivalents(url: &str) -> Vec<String> {
    // Twilio keeps a fragment for itself.
    let url = url.split('#').next().unwrap_or_default();
    let mut spellings = vec![url.to_owned()];
    if let Some(parts) = Parts::of(url) {
        spellings.push(match parts.port {
            Some(_) => parts.with_port(None),
            None => parts.with_port(Some(parts.default_port())),
        });
    }
    if let Some((_, query)) = url.split_once('?') {
        let other = match query.contains('\'') {
            true => query.replace('\'', "%27"),
            false => query.replace("%27", "'"),
        };
        if other != query {
            let swapped: Vec<String> = spellings
                .iter()
                .filter_map(|spelling| spelling.split_once('?'))
                .map(|(before, _)| format!("{before}?{other}"))
                .collect();
            spellings.extend(swapped);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_public_address_is_kept_as_it_is_spelt() {
        for (text, kept) in [
            ("https://voice.example.com", "https://voice.example.com"),
            (
                " https://Voice.Example.COM:8443/ \n",
                "https://Voice.Example.COM:8443",
            ),
            ("https://me:pass@host/a//b/", "https://me:pass@host/a//b"),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ] {
            assert_eq!(PublicUrl::new(text).unwrap().as_str(), kept, "{text}");
        }
        for text in [
            "",
            "voice.example.com",
            "ftp://host",
            "https://host/?x=1",
            "https://host#x",
        ] {
            assert!(PublicUrl::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_has_its_port_its_host_alone_and_its_apostrophes_both_ways() {
        assert_eq!(
            equivalents("https://h/a?b='c#x"),
            [
                "https://h/a?b='c",
                "https://h:443/a?b='c",
                "https://h/a?b=%27c",
                "https://h:443/a?b=%27c"
            ]
        );
        assert_eq!(
            equivalents("http://u:p@h:8080/"),
            ["http://u:p@h:8080/", "http://u:p@h/"]
        );
        assert_eq!(
            equivalents("http://[::1]/a:1"),
            ["http://[::1]/a:1", "http://[::1]:80/a:1"]
        );
    }
}
