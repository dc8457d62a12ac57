//! Where a request may go: the public internet over https, and what the operator allowed besides.
//!
//! An address is judged when a connection is made, after the name was resolved, and the connection goes to that very
//! address: a name that points elsewhere a moment later gains nothing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use ipnet::IpNet;
use thiserror::Error;
use tower::Service;
use url::{Host, Url};

/// Networks that are not the public internet (IANA special-purpose registries, multicast included). IPv4 within IPv6
/// is judged as the IPv4 address that it is.
const NOT_PUBLIC: [&str; 26] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// Why a request does not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// It cannot be read.
    #[error("the address is not an absolute http or https URL")]
    NotAUrl,
    /// Neither https nor, towards allowed networks, http.
    #[error("only https is spoken, and http towards addresses that `backend.allow` lists")]
    Scheme,
    /// `user:password@`.
    #[error("the URL contains credentials")]
    Credentials,
    /// A private, loopback, link-local or otherwise special address.
    #[error("the address is not on the public internet; `backend.allow` can list it")]
    NotPublic,
}

impl Forbidden {
    /// Bounded word for outcomes and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotAUrl => "not_a_url",
            Self::Scheme => "scheme",
            Self::Credentials => "credentials",
            Self::NotPublic => "not_public",
        }
    }
}

/// Judges URLs and addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    allowed: Arc<[IpNet]>,
    refused: Arc<[IpNet]>,
}

impl Guard {
    /// Allows the public internet and these networks.
    pub fn new(allowed: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            allowed: allowed.into_iter().collect(),
            refused: NOT_PUBLIC.iter().filter_map(|net| net.parse().ok()).collect(),
        }
    }

    /// Judges what can be judged before a name is resolved.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn url(&self, text: &str) -> Result<Url, Forbidden> {
        let url = Url::parse(text).map_err(|_| Forbidden::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(Forbidden::NotAUrl),
        };
        // The connector does not resolve a literal, so this is the only place that sees it.
        if literal.is_some_and(|address| !self.admits(address)) {
            return Err(Forbidden::NotPublic);
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if literal.is_some_and(|address| self.lists(address)) => Ok(url),
            "http" if url.host_str() == Some("localhost") && self.lists(IpAddr::from([127, 0, 0, 1])) => {
                Ok(url)
            }
            _ => Err(Forbidden::Scheme),
        }
    }

    /// Whether a connection to this address may be made.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.lists(address) || !self.refused.iter().any(|net| net.contains(&address))
    }

    fn lists(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&plain(address)))
    }
}

/// IPv4 in the forms in which it travels within IPv6: mapped, compatible, NAT64, 6to4.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let parts = six.segments();
    let low = || IpAddr::from(four(parts[6], parts[7]));
    match parts {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => low(),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => low(),
        [0x2002, high, rest, ..] => IpAddr::from(four(high, rest)),
        _ => address,
    }
}

fn four(high: u16, low: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    [a, b, c, d]
}

/// Resolves names to addresses that the guard admits, and to no others.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver(pub(super) Guard);

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| guard.admits(address.ip()))
                .collect();
            if admitted.is_empty() && !found.is_empty() {
                return Err(io::Error::other(Forbidden::NotPublic));
            }
            Ok(admitted.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn strict() -> Guard {
        Guard::new([])
    }

    #[test]
    fn every_network_of_the_table_is_read() {
        assert_eq!(strict().refused.len(), NOT_PUBLIC.len());
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_in_every_spelling() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "192.168.0.1",
            "172.31.255.255",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "ff02::1",
        ] {
            assert!(!strict().admits(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "172.32.0.1",
        ] {
            assert!(strict().admits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn urls_are_judged_before_anything_is_sent() {
        let allowing = Guard::new(["127.0.0.0/8".parse().unwrap()]);
        for (url, strictly, allowed) in [
            ("https://example.com/next", Ok(()), Ok(())),
            (
                "http://example.com/next",
                Err(Forbidden::Scheme),
                Err(Forbidden::Scheme),
            ),
            (
                "file:///etc/passwd",
                Err(Forbidden::NotAUrl),
                Err(Forbidden::NotAUrl),
            ),
            (
                "ftp://example.com",
                Err(Forbidden::Scheme),
                Err(Forbidden::Scheme),
            ),
            (
                "https://user:pw@example.com",
                Err(Forbidden::Credentials),
                Err(Forbidden::Credentials),
            ),
            (
                "https://169.254.169.254/latest",
                Err(Forbidden::NotPublic),
                Err(Forbidden::NotPublic),
            ),
            (
                "https://[::ffff:10.0.0.1]/",
                Err(Forbidden::NotPublic),
                Err(Forbidden::NotPublic),
            ),
            ("https://0x7f.1/", Err(Forbidden::NotPublic), Ok(())),
            ("https://2130706433/", Err(Forbidden::NotPublic), Ok(())),
            ("http://127.0.0.1:9000/next", Err(Forbidden::NotPublic), Ok(())),
            ("http://localhost:9000/next", Err(Forbidden::Scheme), Ok(())),
            ("next", Err(Forbidden::NotAUrl), Err(Forbidden::NotAUrl)),
        ] {
            assert_eq!(strict().url(url).map(|_| ()), strictly, "{url}");
            assert_eq!(allowing.url(url).map(|_| ()), allowed, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_a_private_address_resolves_to_nothing() {
        let mut resolver = GuardedResolver(strict());
        let error = resolver.call("localhost".parse().unwrap()).await.unwrap_err();
        assert_eq!(
            error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<Forbidden>()),
            Some(&Forbidden::NotPublic)
        );
    }
}
