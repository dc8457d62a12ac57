//! Which other address a refused webhook was signed for: what to mend when every webhook is refused.
//!
//! Only tells; nothing is believed because of it. Only an authentic request fits any variant, so what is told about one
//! comes from Twilio and not from a stranger.

use std::fmt;

use http::HeaderMap;
use http::header::HOST;

use super::address::{self, Parts};
use super::{AuthTokens, Signed, signature, sorted};

/// How the address that was signed differs from the one that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variant {
    /// `http` instead of `https`, or the other way round.
    Scheme,
    /// The host that the request names itself, in `Host`.
    Host(String),
    /// The host that a proxy names, in `X-Forwarded-Host`.
    ForwardedHost(String),
    /// Without the path prefix of the configured address.
    WithoutPrefix,
    /// Without the query: something before us adds one.
    WithoutQuery,
    /// With a slash at the end of the path, or without one.
    Slash,
    /// The host in small letters.
    LowerCase,
    /// Without the fields: the body was changed on its way.
    WithoutFields,
}

impl Variant {
    /// snake_case name, bounded, for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::Host(_) => "host",
            Self::ForwardedHost(_) => "forwarded_host",
            Self::WithoutPrefix => "without_prefix",
            Self::WithoutQuery => "without_query",
            Self::Slash => "slash",
            Self::LowerCase => "lower_case",
            Self::WithoutFields => "without_fields",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the other of http and https"),
            Self::Host(host) => write!(f, "the host {host}, which the request names in Host"),
            Self::ForwardedHost(host) => {
                write!(f, "the host {host}, which a proxy names in X-Forwarded-Host")
            }
            Self::WithoutPrefix => f.write_str("no path before /webhooks"),
            Self::WithoutQuery => f.write_str("no query: something on the way adds one"),
            Self::Slash => f.write_str("the slash at the end of the path there, or gone"),
            Self::LowerCase => f.write_str("the host in small letters"),
            Self::WithoutFields => {
                f.write_str("no fields: something on the way changes the body or its content type")
            }
        }
    }
}

impl AuthTokens {
    /// The smallest change to the configured address under which the signature fits; of two the first. `None`: the token
    /// is another one, or the request is forged.
    pub(in crate::carriers::twilio) fn diagnose(
        &self,
        url: &str,
        path: &str,
        signed: Signed<'_>,
        headers: &HeaderMap,
    ) -> Option<Vec<Variant>> {
        let signature = signature(headers).ok()?;
        let fields = sorted(signed);
        let fits = |url: &str, fields: &[(&str, &str)]| {
            address::equivalents(url)
                .iter()
                .any(|url| self.signed(url, fields, &signature))
        };
        if fits(url, &[]) && !fields.is_empty() {
            return Some(vec![Variant::WithoutFields]);
        }
        let changes = changes(url, path, headers);
        for (at, first) in changes.iter().enumerate() {
            let once = apply(first, url, path);
            if fits(&once, &fields) {
                return Some(vec![first.clone()]);
            }
            for second in &changes[at + 1..] {
                if fits(&apply(second, &once, path), &fields) {
                    return Some(vec![first.clone(), second.clone()]);
                }
            }
        }
        None
    }
}

/// The changes worth trying on this address; at most seven, so at most 28 signatures are computed.
fn changes(url: &str, path: &str, headers: &HeaderMap) -> Vec<Variant> {
    let named = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
        // What is told goes into a log.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        let sound = (1..=255).contains(&value.len()) && value.bytes().all(plain);
        sound.then(|| value.to_owned())
    };
    let mut changes = vec![Variant::Scheme];
    let (host, forwarded) = (named(HOST.as_str()), named("x-forwarded-host"));
    changes.extend(host.map(Variant::Host));
    changes.extend(forwarded.map(Variant::ForwardedHost));
    changes.extend([
        Variant::WithoutPrefix,
        Variant::WithoutQuery,
        Variant::Slash,
        Variant::LowerCase,
    ]);
    changes.retain(|change| apply(change, url, path) != url);
    changes
}

fn apply(change: &Variant, url: &str, path: &str) -> String {
    let Some(parts) = Parts::of(url) else {
        return url.to_owned();
    };
    let authority = match parts.port {
        Some(port) => format!("{}:{port}", parts.host),
        None => parts.host.to_owned(),
    };
    let (scheme, rest) = (parts.scheme, parts.rest);
    let (before, query) = match rest.split_once('?') {
        Some((before, query)) => (before, format!("?{query}")),
        None => (rest, String::new()),
    };
    match change {
        Variant::Scheme if scheme == "https" => format!("http://{authority}{rest}"),
        Variant::Scheme => format!("https://{authority}{rest}"),
        Variant::Host(host) | Variant::ForwardedHost(host) => format!("{scheme}://{host}{rest}"),
        Variant::WithoutPrefix => format!("{scheme}://{authority}{path}{query}"),
        Variant::WithoutQuery => format!("{scheme}://{authority}{before}"),
        Variant::Slash => match before.strip_suffix('/') {
            Some(shorter) => format!("{scheme}://{authority}{shorter}{query}"),
            None => format!("{scheme}://{authority}{before}/{query}"),
        },
        Variant::LowerCase => format!("{scheme}://{}{rest}", authority.to_ascii_lowercase()),
        Variant::WithoutFields => url.to_owned(),
    }
}
