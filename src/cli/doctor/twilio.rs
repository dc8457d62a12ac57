//! Twilio: whether its settings can be used, whether it takes the account, and whether its numbers lead to us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::finding::Finding;
use super::settings::is_public;
use crate::carriers::twilio::{
    AuthTokens, CallbackKeys, Credentials, NumberView, OpenLegs, PublicUrl, TwilioClient, TwilioSettings,
};
use crate::carriers::{BaseUrl, Checkup, ClientStateKey, Limits};
use crate::config::{Config, Secret};

const ADVICE: &str = "copy account SID and auth token from console.twilio.com, Account Info";
/// Numbers that are named one by one; the rest is counted.
const MOST_NAMED: usize = 5;

/// What the settings alone tell.
pub(super) fn settings(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "Twilio";
    if !config.twilio.is_configured() {
        return Vec::new();
    }
    if let Err(error) = config.require_carrier() {
        return vec![Finding::fail(CHECK, error.to_string(), ADVICE)];
    }
    let tokens = config.twilio.tokens();
    let mut findings = vec![match AuthTokens::new(&tokens) {
        Ok(_) if tokens.len() > 1 => Finding::ok(
            CHECK,
            "two tokens are believed: remove the old one when the rotation is over",
        ),
        Ok(_) => Finding::ok(CHECK, "account and token have the form of such"),
        Err(error) => Finding::fail(CHECK, error.to_string(), ADVICE),
    }];
    findings.extend(config.twilio_public_url().map(public_url));
    findings
}

fn public_url(text: &str) -> Finding {
    const CHECK: &str = "Twilio address";
    let local = Url::parse(text)
        .ok()
        .is_none_or(|url| url.host().is_none_or(|host| !is_public(&host)));
    let advice =
        "set twilio.public_url to the address that the tunnel or proxy has, spelt as in Twilio's settings";
    match text.starts_with("https://") {
        _ if local => Finding::warn(
            CHECK,
            "names this machine or a private network: a simulated carrier gets there, Twilio does not",
            advice,
        ),
        false => Finding::fail(
            CHECK,
            "it is http: numbers and words would travel in the clear",
            advice,
        ),
        true => Finding::ok(
            CHECK,
            "has the form that Twilio needs; signatures are checked against it",
        ),
    }
}

/// What Twilio says.
pub(super) async fn account(config: &Config) -> Vec<Finding> {
    if !config.twilio.is_configured() {
        return Vec::new();
    }
    let Some(client) = client(config) else {
        return Vec::new();
    };
    let began = Instant::now();
    let checkup = client.checkup().await;
    let finding = answer(&checkup, began.elapsed());
    let taken = checkup.is_ok_and(|checkup| (200..300).contains(&checkup.status));
    let mut findings = vec![finding];
    if taken {
        let root = config.twilio_public_url().unwrap_or_default();
        findings.push(match client.numbers().await {
            Ok(numbers) => numbers_lead_here(&numbers, root),
            Err(_) => Finding::warn(
                "Twilio numbers",
                "the account's numbers are not told",
                "see for yourself that voice and messaging of each number lead to /webhooks/twilio, by POST",
            ),
        });
    }
    findings
}

/// `None` when a setting is unusable, which has been said.
fn client(config: &Config) -> Option<TwilioClient> {
    let twilio = &config.twilio;
    let token = twilio.auth_token.as_ref().map_or("", Secret::expose);
    let credentials = Credentials::new(twilio.account_sid.as_deref()?, token).ok()?;
    let settings = TwilioSettings {
        base_url: BaseUrl::new(&twilio.base_url).ok()?,
        limits: Limits {
            connect: twilio.connect_timeout,
            attempt: twilio.request_timeout,
            ..Limits::default()
        },
        ..TwilioSettings::new(credentials)
    };
    let public_url = PublicUrl::new(config.twilio_public_url()?).ok()?;
    let callbacks = CallbackKeys::new(public_url, ClientStateKey::derive(""), None);
    // It only asks: no leg ever waits for it.
    let open = Arc::new(OpenLegs::new(Duration::ZERO));
    Some(TwilioClient::new(settings, callbacks, open))
}

fn answer(checkup: &Result<Checkup, &'static str>, took: Duration) -> Finding {
    const CHECK: &str = "Twilio account";
    let checkup = match checkup {
        Ok(checkup) => checkup,
        Err(why) => {
            return Finding::fail(
                CHECK,
                format!("does not answer ({why})"),
                "check twilio.base_url, DNS and the firewall towards it (HTTPS, port 443)",
            );
        }
    };
    match checkup.status {
        200..=299 => Finding::ok(CHECK, format!("takes the token, in {} ms", took.as_millis())),
        status @ (401 | 403) => Finding::fail(CHECK, format!("refuses the token (HTTP {status})"), ADVICE),
        404 => Finding::fail(
            CHECK,
            "does not know the account, or twilio.base_url is another API's",
            ADVICE,
        ),
        status => Finding::warn(
            CHECK,
            format!("answers HTTP {status}"),
            "ask again in a minute; see status.twilio.com",
        ),
    }
}

/// Which numbers of the account lead to this program, and which lead there under another spelling.
fn numbers_lead_here(numbers: &[NumberView], root: &str) -> Finding {
    const CHECK: &str = "Twilio numbers";
    let ours = format!("{}/webhooks/twilio", root.trim_end_matches('/'));
    let here = |url: &String| url == &ours || url.starts_with(&format!("{ours}/"));
    let urls = |number: &NumberView| [number.voice_url.clone(), number.sms_url.clone()];
    let leads = |number: &&NumberView| urls(number).iter().flatten().any(here);
    let close = |url: &String| !here(url) && url.contains("/webhooks/twilio");
    let astray: Vec<String> = numbers
        .iter()
        .filter(|number| urls(number).iter().flatten().any(close))
        .take(MOST_NAMED)
        .map(|number| number.phone_number.to_string())
        .collect();
    if !astray.is_empty() {
        return Finding::fail(
            CHECK,
            format!(
                "{} lead to this door under another address than {ours}: every webhook would be refused",
                astray.join(", ")
            ),
            "spell twilio.public_url and the numbers' settings alike, to the letter",
        );
    }
    match numbers.iter().filter(leads).count() {
        0 => Finding::warn(
            CHECK,
            format!("none of {} leads to {ours}", numbers.len()),
            "set it for voice and messaging of your numbers, by POST",
        ),
        count => Finding::ok(CHECK, format!("{count} of {} lead to {ours}", numbers.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn numbers_that_lead_here_under_another_spelling_are_pointed_out() {
        let number = |voice: &str| NumberView {
            phone_number: "+15550200000".into(),
            voice_url: Some(voice.to_owned()),
            sms_url: None,
        };
        let root = "https://voice.example.com";
        for (url, verdict) in [
            ("https://voice.example.com/webhooks/twilio", Verdict::Ok),
            ("https://voice.example.com/webhooks/twilio/voice", Verdict::Ok),
            ("http://voice.example.com/webhooks/twilio", Verdict::Fail),
            ("https://Voice.example.com/webhooks/twilio", Verdict::Fail),
            ("https://demo.twilio.com/welcome/voice/", Verdict::Warn),
        ] {
            let finding = numbers_lead_here(&[number(url)], root);
            assert_eq!(finding.verdict, verdict, "{url}");
            assert!(!finding.found.contains("5550200000"), "{}", finding.found);
        }
        assert_eq!(numbers_lead_here(&[], root).verdict, Verdict::Warn);
    }

    #[test]
    fn answers_and_addresses_are_told_apart() {
        let verdict = |status| {
            let date = None;
            answer(&Ok(Checkup { status, date }), Duration::ZERO).verdict
        };
        assert_eq!(
            [200, 401, 404, 500].map(verdict),
            [Verdict::Ok, Verdict::Fail, Verdict::Fail, Verdict::Warn]
        );
        assert_eq!(public_url("https://voice.example.com").verdict, Verdict::Ok);
        assert_eq!(public_url("http://voice.example.com").verdict, Verdict::Fail);
        assert_eq!(public_url("http://127.0.0.1:8080").verdict, Verdict::Warn);
    }
}
