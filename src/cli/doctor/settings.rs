//! What can be told from the settings alone: keys, destinations, the public URL.

use std::net::IpAddr;

use url::{Host, Url};

use super::finding::Finding;
use crate::carriers::telnyx::{ApiKey, WebhookKeys};
use crate::config::{Config, ConfigError, Secret};

/// Where our door takes webhooks.
const WEBHOOK_PATHS: [&str; 4] = [
    "/webhooks/telnyx",
    "/webhooks/twilio",
    "/webhooks/twilio/voice",
    "/webhooks/twilio/sms",
];
/// Keys of the portal begin so.
const KEY_BEGINS: &str = "KEY";

/// Settings that cannot be read at all.
pub(super) fn unusable(error: &ConfigError) -> Finding {
    Finding::fail(
        "configuration",
        error.to_string(),
        "mend what is named; cordboard.example.toml has every setting",
    )
}

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::ok(
        "configuration",
        "file and environment are read, and fit together",
    )];
    if serves_telnyx(config) {
        findings.push(api_key(config));
        findings.push(public_keys(config));
        findings.extend(applications(config));
    }
    findings.push(operator_door(config));
    findings.extend(destinations(&config.operator.dial_allow));
    findings
}

/// Whether Telnyx is to be served: somebody without any carrier is told what Telnyx needs.
pub(super) fn serves_telnyx(config: &Config) -> bool {
    config.telnyx.is_configured() || !config.twilio.is_configured()
}

fn applications(config: &Config) -> Option<Finding> {
    config.telnyx.connection_ids.is_empty().then(|| {
        Finding::warn(
            "applications",
            "telnyx.connection_ids is empty: events of every application are taken for ours, and calls are not compared \
             with the carrier's",
            "set telnyx.connection_ids to the id of your Call Control application",
        )
    })
}

fn api_key(config: &Config) -> Finding {
    let Some(key) = &config.telnyx.api_key else {
        return Finding::fail(
            "API key",
            "there is none, so no call could be answered",
            "make one at portal.telnyx.com, Keys & Credentials, and set TELNYX_API_KEY or telnyx.api_key_file",
        );
    };
    match ApiKey::new(key.expose()) {
        Err(error) => Finding::fail("API key", error.to_string(), "copy it from the portal again"),
        Ok(_) if !key.expose().trim().starts_with(KEY_BEGINS) => Finding::warn(
            "API key",
            "it does not look like a key of Telnyx' API version 2",
            "a key begins with KEY; for a simulated carrier any will do",
        ),
        Ok(_) => Finding::ok("API key", "has the form of one"),
    }
}

fn public_keys(config: &Config) -> Finding {
    let keys = [&config.telnyx.public_key, &config.telnyx.public_key_next];
    let keys: Vec<&str> = keys.into_iter().filter_map(|key| key.as_deref()).collect();
    if keys.is_empty() {
        return Finding::fail(
            "public key",
            "there is none, so no webhook could be believed",
            "copy it from portal.telnyx.com, Keys & Credentials, Public Key, and set TELNYX_PUBLIC_KEY",
        );
    }
    match WebhookKeys::new(&keys) {
        Ok(_) if keys.len() > 1 => Finding::ok(
            "public key",
            "two keys are believed: remove the old one when the exchange is over",
        ),
        Ok(_) => Finding::ok("public key", "is a sound Ed25519 key"),
        Err(error) => Finding::fail(
            "public key",
            error.to_string(),
            "copy it from the portal again, as one line",
        ),
    }
}

fn operator_door(config: &Config) -> Finding {
    let (listen, token) = (
        config.operator.listen,
        config.operator.token.as_ref().map(Secret::expose),
    );
    let remote = !listen.ip().to_canonical().is_loopback();
    match token {
        Some(_) if remote => Finding::warn(
            "operator door",
            format!("listens on {listen}, which other machines reach, in plain HTTP"),
            "put a proxy with TLS before it, or listen on 127.0.0.1",
        ),
        Some(_) => Finding::ok("operator door", format!("{listen}, with a token")),
        None => Finding::ok(
            "operator door",
            format!("{listen}, this machine only, without a token"),
        ),
    }
}

/// Prefixes that reach further than they seem to.
fn destinations(allowed: &[String]) -> Vec<Finding> {
    let wide = |prefix: &&String| prefix.trim_start_matches('+').len() < 2;
    let found: Vec<&str> = allowed.iter().filter(wide).map(String::as_str).collect();
    if found.is_empty() {
        let count = allowed.len();
        return vec![Finding::ok(
            "destinations",
            format!("operator.dial_allow has {count} prefixes"),
        )];
    }
    vec![Finding::warn(
        "destinations",
        format!(
            "operator.dial_allow has {}: +1 alone reaches two dozen countries and premium numbers",
            found.join(", ")
        ),
        "name longer prefixes, such as \"+1415\", and limit destinations in the carrier's outbound profile too",
    )]
}

/// The URL that the carrier was given, as far as it can be judged without asking it.
pub(super) fn webhook_url(url: Option<&str>) -> Vec<Finding> {
    const CHECK: &str = "webhook URL";
    let Some(text) = url else {
        return Vec::new();
    };
    let wrong = |found: String, advice: &str| vec![Finding::fail(CHECK, found, advice)];
    let advice = "give the carrier a URL such as https://calls.example.com/webhooks/telnyx";
    let Ok(url) = Url::parse(text) else {
        return wrong("it is no URL".into(), advice);
    };
    let local = url.host().is_none_or(|host| !is_public(&host));
    if local {
        return vec![Finding::warn(
            CHECK,
            "names this machine or a private network: a simulated carrier gets there, Telnyx does not",
            advice,
        )];
    }
    if url.scheme() != "https" {
        return wrong(
            format!(
                "it is {}: numbers and keys would travel in the clear",
                url.scheme()
            ),
            advice,
        );
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return wrong("it has a query, a fragment or a user".into(), advice);
    }
    if !WEBHOOK_PATHS.contains(&url.path()) {
        return wrong(
            format!(
                "its path is {}, our door's are {}",
                url.path(),
                WEBHOOK_PATHS.join(", ")
            ),
            advice,
        );
    }
    vec![Finding::ok(CHECK, "has the form that the carrier needs")]
}

pub(super) fn is_public(host: &Host<&str>) -> bool {
    let address = match host {
        Host::Domain(name) => {
            return name.contains('.') && !name.ends_with(".local") && !name.ends_with(".localhost");
        }
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => IpAddr::V6(*address),
    };
    match address.to_canonical() {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn webhook_urls_are_judged() {
        let verdict = |url: &str| webhook_url(Some(url))[0].verdict;
        assert_eq!(verdict("https://calls.example.com/webhooks/telnyx"), Verdict::Ok);
        for url in [
            "http://127.0.0.1:8080/webhooks/telnyx",
            "https://10.0.0.1/webhooks/telnyx",
            "https://host/x",
        ] {
            assert_eq!(verdict(url), Verdict::Warn, "{url}");
        }
        for url in [
            "calls.example.com",
            "http://calls.example.com/webhooks/telnyx",
            "https://calls.example.com/",
            "https://calls.example.com/webhooks/telnyx?token=x",
        ] {
            assert_eq!(verdict(url), Verdict::Fail, "{url}");
        }
        assert!(webhook_url(None).is_empty());
    }

    #[test]
    fn prefixes_of_one_digit_are_pointed_out() {
        assert_eq!(destinations(&["+1".into()])[0].verdict, Verdict::Warn);
        assert_eq!(destinations(&["+49".into()])[0].verdict, Verdict::Ok);
    }

    #[test]
    fn missing_keys_fail_and_odd_ones_are_said() {
        let config = Config::default();
        assert_eq!(api_key(&config).verdict, Verdict::Fail);
        assert_eq!(public_keys(&config).verdict, Verdict::Fail);
        let mut odd = Config::default();
        odd.telnyx.api_key = Some(Secret::new("simulated"));
        odd.telnyx.public_key = Some("not a key".into());
        assert_eq!(api_key(&odd).verdict, Verdict::Warn);
        assert_eq!(public_keys(&odd).verdict, Verdict::Fail);
        odd.telnyx.api_key = Some(Secret::new("KEY0123456789_abc"));
        assert_eq!(api_key(&odd).verdict, Verdict::Ok);
    }
}
