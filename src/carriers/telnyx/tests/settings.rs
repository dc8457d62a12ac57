//! RELIABILITY 4.2, no. 95: what the client refuses to be told.

use crate::carriers::telnyx::{ApiKey, SettingsError, TelnyxSettings};
use crate::carriers::{BaseUrl, BaseUrlError};

#[test]
fn only_urls_that_lead_to_the_carrier_are_accepted() {
    for (text, expected) in [
        ("https://api.telnyx.com/v2", "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com/v2/", "https://api.telnyx.com/v2"),
        (" https://api.telnyx.com/v2//\n", "https://api.telnyx.com/v2"),
        ("https://proxy.example.com", "https://proxy.example.com"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
        ("http://127.9.9.9:1/v2", "http://127.9.9.9:1/v2"),
        ("http://[::1]:4010/v2", "http://[::1]:4010/v2"),
        ("http://localhost:4010/", "http://localhost:4010"),
    ] {
        assert_eq!(
            BaseUrl::new(text).map(|url| url.as_str().to_owned()),
            Ok(expected.to_owned()),
            "95: {text}"
        );
    }
    for (text, expected) in [
        ("http://api.telnyx.com/v2", BaseUrlError::PlainHttp),
        ("http://10.0.0.1", BaseUrlError::PlainHttp),
        ("http://localhost.example.com", BaseUrlError::PlainHttp),
        ("ftp://api.telnyx.com", BaseUrlError::Scheme("ftp".into())),
        ("https://user@api.telnyx.com", BaseUrlError::Credentials),
        ("https://user:password@api.telnyx.com", BaseUrlError::Credentials),
        ("https://api.telnyx.com/v2?x=1", BaseUrlError::Query),
        ("https://api.telnyx.com/v2?", BaseUrlError::Query),
        ("https://api.telnyx.com/v2#x", BaseUrlError::Fragment),
    ] {
        assert_eq!(BaseUrl::new(text), Err(expected), "95: {text}");
    }
    for text in ["", "api.telnyx.com", "https://", "/v2"] {
        assert!(BaseUrl::new(text).is_err(), "95: {text:?}");
    }
    let settings = TelnyxSettings::new(ApiKey::new("KEY").unwrap());
    assert_eq!(settings.base_url.as_str(), "https://api.telnyx.com/v2");
}

#[test]
fn a_refused_url_does_not_repeat_its_password() {
    let error = BaseUrl::new("https://user:hunter2@api.telnyx.com").unwrap_err();
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn an_api_key_is_a_plain_word_and_never_shows() {
    let key = ApiKey::new(" KEY0123_abc\n").unwrap();
    assert_eq!(format!("{key:?}"), "ApiKey(***)");
    assert_eq!(ApiKey::new(" \n").unwrap_err(), SettingsError::NoApiKey);
    for text in ["a b", "a\r\nX-Evil: 1", "a\0", "é"] {
        assert_eq!(
            ApiKey::new(text).unwrap_err(),
            SettingsError::BadApiKey,
            "{text:?}"
        );
    }
}
