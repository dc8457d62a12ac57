//! The carrier account: whether it answers, whether it takes the key, and whether its clock agrees with ours; and
//! whether our own door is behind the public URL.

use std::time::{Duration, Instant};

use cordboard_core::ConnectionId;
use http::StatusCode;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::finding::Finding;
use crate::carriers::telnyx::{ApiKey, SettingsError, TOLERANCE_SECS, TelnyxClient, TelnyxSettings};
use crate::carriers::{BaseUrl, Checkup, ClientStateKey, Limits};
use crate::config::{Config, Secret};

/// A clock that is wrong by more than this deserves a look; webhooks are refused at ten times as much.
const NOTEWORTHY_SKEW_SECS: i64 = 30;
/// Applications that are asked about; more are told by the calls themselves.
const MOST_ASKED: usize = 10;
/// A tunnel that is up answers in a fraction of it.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "carrier";
    let client = match client(config) {
        Ok(client) => client,
        Err(error) => {
            return vec![Finding::fail(
                CHECK,
                error.to_string(),
                "mend the setting that is named",
            )];
        }
    };
    let connections = &config.telnyx.connection_ids;
    let mut asked: Vec<Option<ConnectionId>> = connections
        .iter()
        .take(MOST_ASKED)
        .map(|id| Some(ConnectionId::new(id)))
        .collect();
    if asked.is_empty() {
        asked.push(None);
    }
    let mut findings = Vec::new();
    let mut skew = None;
    for connection in asked {
        let began = Instant::now();
        let checkup = client.checkup(connection.as_ref()).await;
        let took = began.elapsed();
        findings.push(answer(&checkup, connection.as_ref(), took));
        skew = skew.or_else(|| clock(checkup.as_ref().ok()?.date.as_deref()?, Timestamp::now(), took));
        if checkup.is_err() {
            break;
        }
    }
    findings.extend(skew);
    findings
}

fn client(config: &Config) -> Result<TelnyxClient, SettingsError> {
    let key = ApiKey::new(config.telnyx.api_key.as_ref().map_or("", Secret::expose))?;
    let settings = TelnyxSettings {
        base_url: BaseUrl::new(&config.telnyx.base_url)?,
        limits: Limits {
            connect: config.telnyx.connect_timeout,
            attempt: config.telnyx.request_timeout,
            ..Limits::default()
        },
        ..TelnyxSettings::new(key)
    };
    Ok(TelnyxClient::new(settings, ClientStateKey::derive("")))
}

fn answer(
    checkup: &Result<Checkup, &'static str>,
    connection: Option<&ConnectionId>,
    took: Duration,
) -> Finding {
    const CHECK: &str = "carrier";
    let whose = connection.map_or_else(|| "the account".into(), |id| format!("application {id}"));
    let checkup = match checkup {
        Ok(checkup) => checkup,
        Err(why) => {
            return Finding::fail(
                CHECK,
                format!("does not answer ({why})"),
                "check telnyx.base_url, DNS and the firewall towards it (HTTPS, port 443)",
            );
        }
    };
    match checkup.status {
        200..=299 => Finding::ok(
            CHECK,
            format!("takes the key for {whose}, in {} ms", took.as_millis()),
        ),
        401 | 403 => Finding::fail(
            CHECK,
            format!("refuses the key for {whose} (HTTP {})", checkup.status),
            "make a new API key at portal.telnyx.com, Keys & Credentials; was the old one revoked?",
        ),
        404 => Finding::fail(
            CHECK,
            format!("does not know {whose}"),
            "copy the application's id from the portal, Voice API applications, into telnyx.connection_ids",
        ),
        status => Finding::warn(
            CHECK,
            format!("answers HTTP {status} for {whose}"),
            "ask again in a minute; see status.telnyx.com",
        ),
    }
}

/// Compares the carrier's `Date` with our clock at `now`, which is when the answer had come.
fn clock(date: &str, now: Timestamp, took: Duration) -> Option<Finding> {
    const CHECK: &str = "clock";
    // Seconds only, and stamped some time during the exchange.
    let there = rfc2822::DateTimeParser::new().parse_timestamp(date.trim()).ok()?;
    let half = i64::try_from(took.as_secs() / 2).unwrap_or(0);
    let skew = now.as_second() - half - there.as_second();
    let advice = "let the system keep time (timedatectl set-ntp true)";
    let found = format!(
        "{} s {} the carrier's",
        skew.abs(),
        if skew < 0 { "behind" } else { "ahead of" }
    );
    Some(match skew.unsigned_abs() {
        far if far >= TOLERANCE_SECS => {
            Finding::fail(CHECK, format!("{found}: every webhook would be refused"), advice)
        }
        far if far >= NOTEWORTHY_SKEW_SECS.unsigned_abs() => Finding::warn(CHECK, found, advice),
        0 | 1 => Finding::ok(CHECK, "agrees with the carrier's to the second"),
        _ => Finding::ok(CHECK, found),
    })
}

/// Asks the public URL like a browser would: our door answers that only POST is taken there.
pub(super) async fn webhook_door(url: &str) -> Option<Finding> {
    const CHECK: &str = "webhook door";
    let advice = "is serve running, and does the tunnel or proxy lead to server.listen?";
    let answer = tokio::time::timeout(PATIENCE, super::super::desk::knock(url)).await;
    let found = match answer {
        Err(_) => return Some(Finding::fail(CHECK, "no answer within 10 s", advice)),
        Ok(Err(why)) => return Some(Finding::fail(CHECK, why, advice)),
        Ok(Ok(found)) => found,
    };
    Some(match found {
        (StatusCode::METHOD_NOT_ALLOWED, Some(allowed)) if allowed.contains("POST") => {
            Finding::ok(CHECK, "a door like ours answers there")
        }
        // Twilio may be told to use GET: then the door answers that nobody signed this one.
        (StatusCode::FORBIDDEN, _) if url.contains("/webhooks/twilio") => {
            Finding::ok(CHECK, "a door like ours answers there")
        }
        (status, _) => Finding::fail(
            CHECK,
            format!("something else answers there (HTTP {})", status.as_u16()),
            advice,
        ),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn clocks_are_compared_to_the_second() {
        let now: Timestamp = "2026-11-21T05:00:00Z".parse().unwrap();
        let verdict = |date: &str| clock(date, now, Duration::ZERO).unwrap().verdict;
        assert_eq!(verdict("Sat, 21 Nov 2026 05:00:00 GMT"), Verdict::Ok);
        assert_eq!(verdict("Sat, 21 Nov 2026 05:00:29 GMT"), Verdict::Ok);
        assert_eq!(verdict("Sat, 21 Nov 2026 04:59:20 GMT"), Verdict::Warn);
        assert_eq!(verdict("Sat, 21 Nov 2026 05:05:01 GMT"), Verdict::Fail);
        assert!(clock("yesterday", now, Duration::ZERO).is_none());
    }

    #[test]
    fn answers_are_told_apart() {
        let verdict = |status| {
            let date = None;
            answer(&Ok(Checkup { status, date }), None, Duration::ZERO).verdict
        };
        let expected = [
            (200, Verdict::Ok),
            (401, Verdict::Fail),
            (404, Verdict::Fail),
            (500, Verdict::Warn),
        ];
        for (status, wanted) in expected {
            assert_eq!(verdict(status), wanted, "{status}");
        }
        assert_eq!(
            answer(&Err("timeout"), None, Duration::ZERO).verdict,
            Verdict::Fail
        );
    }
}
