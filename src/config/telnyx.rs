//! `[telnyx]`: how to reach Telnyx and whom to believe.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::duration;
use super::error::Problems;
use super::secret::Secret;

/// Telnyx' own API.
pub const DEFAULT_BASE_URL: &str = "https://api.telnyx.com/v2";

/// `[telnyx]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telnyx {
    /// API root, without a slash at its end. https, unless the host is this machine.
    pub base_url: String,
    /// API key (v2), or `TELNYX_API_KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// A file that holds the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// Public key that signs webhooks, Base64 as in the portal, or `TELNYX_PUBLIC_KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// A file that holds the public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key_file: Option<PathBuf>,
    /// A second public key that is believed too, while keys are being exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key_next: Option<String>,
    /// Ids of our Call Control applications; events of others are ignored. Empty: all are ours.
    pub connection_ids: Vec<String>,
    /// To open a connection to Telnyx.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// For one request, all in all.
    #[serde(with = "duration")]
    pub request_timeout: Duration,
}

impl Default for Telnyx {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.into(),
            api_key: None,
            api_key_file: None,
            public_key: None,
            public_key_file: None,
            public_key_next: None,
            connection_ids: Vec::new(),
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(10),
        }
    }
}

impl Telnyx {
    /// The keys that sign webhooks, raw; empty when none is set. Every key here passed [`parse_public_key`].
    pub fn public_keys(&self) -> Vec<[u8; 32]> {
        [&self.public_key, &self.public_key_next]
            .into_iter()
            .filter_map(|key| parse_public_key(key.as_deref()?).ok())
            .collect()
    }

    /// Whether it is to be served: one of its keys is set.
    pub fn is_configured(&self) -> bool {
        self.api_key.is_some() || self.public_key.is_some()
    }

    /// What is missing for serving it.
    pub(super) fn require(&self, problems: &mut Problems) {
        problems.require(
            self.public_key.is_some(),
            "telnyx.public_key",
            "is missing, so no webhook could be believed. Copy it from portal.telnyx.com, \"Keys & Credentials\", \
             \"Public Key\", and set TELNYX_PUBLIC_KEY, telnyx.public_key or telnyx.public_key_file",
        );
        problems.require(
            self.api_key.is_some(),
            "telnyx.api_key",
            "is missing, so no call could be answered. Make one at portal.telnyx.com, \"Keys & Credentials\", \
             \"API Keys\", and set TELNYX_API_KEY or telnyx.api_key_file",
        );
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if let Err(why) = check_base_url(&self.base_url) {
            problems.add("telnyx.base_url", why);
        }
        for (key, value) in [
            ("telnyx.public_key", &self.public_key),
            ("telnyx.public_key_next", &self.public_key_next),
        ] {
            if let Some(Err(why)) = value.as_deref().map(parse_public_key) {
                problems.add(key, why);
            }
        }
        let keys = self.public_keys();
        let same = matches!(keys.as_slice(), [one, two] if one == two);
        problems.require(
            !same,
            "telnyx.public_key_next",
            "is the same key as telnyx.public_key: remove it",
        );
        if let Some(key) = &self.api_key {
            let plain = !key.is_empty() && key.expose().bytes().all(|byte| byte.is_ascii_graphic());
            problems.require(
                plain,
                "telnyx.api_key",
                "is empty or holds characters that no API key has",
            );
        }
        for (key, span) in [
            ("telnyx.connect_timeout", self.connect_timeout),
            ("telnyx.request_timeout", self.request_timeout),
        ] {
            let sensible = (Duration::from_millis(1)..=Duration::from_secs(60)).contains(&span);
            problems.require(sensible, key, "must lie between 1ms and 1m");
        }
    }
}

/// Reads a public key: standard Base64 of 32 bytes. White space around it does not matter.
///
/// # Errors
/// Says what it is instead and where to find the right one.
pub fn parse_public_key(text: &str) -> Result<[u8; 32], String> {
    let text = text.trim();
    let whence = "copy it from portal.telnyx.com, \"Keys & Credentials\", \"Public Key\"";
    if text.starts_with("-----BEGIN") {
        return Err(format!(
            "is a PEM block; the key alone is wanted, 44 characters of Base64: {whence}"
        ));
    }
    let bytes = STANDARD.decode(text).map_err(|_| {
        format!("is not Base64; a Telnyx public key is 44 characters that end in `=`: {whence}")
    })?;
    let length = bytes.len();
    let key: [u8; 32] = bytes
        .try_into()
        .map_err(|_| format!("holds {length} bytes; an Ed25519 public key has 32: {whence}"))?;
    let point = ed25519_dalek::VerifyingKey::from_bytes(&key);
    let weak = point.map_or(true, |point| point.is_weak());
    if weak || !is_canonical(&key) {
        return Err(format!(
            "is no Ed25519 key that anything could be signed with: {whence}"
        ));
    }
    Ok(key)
}

/// Whether the encoded coordinate is below the field's modulus, 2^255 - 19. dalek also takes the other spelling.
fn is_canonical(key: &[u8; 32]) -> bool {
    let top = key[31] & 0x7f == 0x7f && key[1..31].iter().all(|&byte| byte == 0xff);
    !(top && key[0] >= 0xed)
}

fn check_base_url(text: &str) -> Result<(), String> {
    let url =
        Url::parse(text).map_err(|error| format!("is no URL ({error}); Telnyx is {DEFAULT_BASE_URL}"))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("has no host".into()),
    };
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        "http" => return Err("would send the API key in the clear: use https".into()),
        other => return Err(format!("has the scheme `{other}`: use https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds credentials: they belong into telnyx.api_key_file".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment: remove it".into());
    }
    if !matches!(url.path(), "/" | "/v2") || text.ends_with('/') {
        return Err(format!(
            "has another path than /v2, or ends in a slash; Telnyx is {DEFAULT_BASE_URL}"
        ));
    }
    if url.host_str() == Some("api.telnyx.com") && url.path() != "/v2" {
        return Err(format!("lacks the /v2 of Telnyx' API: {DEFAULT_BASE_URL}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_https_or_local_and_nothing_but_a_root() {
        for good in [
            DEFAULT_BASE_URL,
            "https://carrier.example",
            "http://127.0.0.1:9000",
            "http://[::1]:9/v2",
        ] {
            assert_eq!(check_base_url(good), Ok(()), "{good}");
        }
        for bad in [
            "http://api.telnyx.com/v2",
            "https://api.telnyx.com",
            "https://api.telnyx.com/v2/",
            "https://api.telnyx.com/v2?x=1",
            "https://api.telnyx.com/v2#x",
            "https://me:key@api.telnyx.com/v2",
            "https://api.telnyx.com/v3",
            "ftp://127.0.0.1",
            "api.telnyx.com",
            "",
        ] {
            assert!(check_base_url(bad).is_err(), "{bad}");
        }
        assert!(check_base_url("http://simulator:9000").is_err());
    }

    #[test]
    fn only_a_strong_canonical_key_is_taken() {
        let base_point = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=";
        assert!(parse_public_key(base_point).is_ok());
        assert!(parse_public_key(&format!("  {base_point}\n")).is_ok());
        let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
        let mut identity = [0_u8; 32];
        identity[0] = 1;
        let mut beyond = [0xff_u8; 32];
        beyond[0] = 0xf0;
        beyond[31] = 0x7f;
        for (bad, why) in [
            (encoded(&[7; 31]), "31 bytes"),
            (encoded(&[7; 33]), "33 bytes"),
            (encoded(&identity), "no Ed25519 key"),
            (encoded(&beyond), "no Ed25519 key"),
            ("-----BEGIN PUBLIC KEY-----\nMCow".into(), "PEM"),
            ("not base64!".into(), "not Base64"),
        ] {
            let error = parse_public_key(&bad).expect_err(&bad);
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
