//! Signatures: the vectors of API-FACTS part 4, every edge of 2.7, mutated requests, and what the diagnosis tells.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordboard_actors::ports::Rejection;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::delivering::{TOKEN, sign, signature_header};
use crate::carriers::twilio::signature::Signed;
use crate::carriers::twilio::{AuthTokens, Form, TokenError, Variant};

const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

fn tokens() -> AuthTokens {
    AuthTokens::new(&[TOKEN]).unwrap()
}

fn call() -> Form {
    Form::read(
        b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
    )
}

fn verify(url: &str, signed: Signed<'_>, signature: &str) -> Result<(), Rejection> {
    tokens().verify(url, signed, &signature_header(signature))
}

const WRONG: Result<(), Rejection> = Err(Rejection::WrongSignature);

#[test]
fn the_published_vectors_hold_with_and_without_a_port() {
    let plain = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    let with_443 = "kvajT1Ptam85bY51eRf/AJRuM3w=";
    let http_80 = "0ZXoZLH/DfblKGATFgpif+LLRf4=";
    let with_port = URL.replace(".com", ".com:443");
    let http = URL.replace("https", "http");
    let form = call();
    for (url, signature) in [
        (URL, plain),
        (URL, with_443),
        (&with_port, plain),
        (&with_port, with_443),
        (&http, http_80),
        (&http.replace(".com", ".com:80"), http_80),
    ] {
        assert_eq!(
            verify(url, Signed::Form(&form), signature),
            Ok(()),
            "{url} {signature}"
        );
    }
    assert_eq!(verify(&http, Signed::Form(&form), plain), WRONG);
    assert_eq!(
        verify(&URL.replace(".com", ".com:8443"), Signed::Form(&form), with_443),
        WRONG
    );
}

#[test]
fn a_json_body_is_believed_by_its_hash_in_the_address_and_never_without() {
    let body = br#"{"property": "value", "boolean": true}"#;
    let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    let url = format!("{URL}&bodySHA256={hash}");
    let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
    assert_eq!(verify(&url, Signed::Hashed(body), signature), Ok(()));
    assert_eq!(verify(&url, Signed::Hashed(b"{}"), signature), WRONG);
    assert_eq!(verify(URL, Signed::Hashed(body), &sign(TOKEN, URL)), WRONG);
    let twice = format!("{url}&bodySHA256={hash}");
    assert_eq!(verify(&twice, Signed::Hashed(body), &sign(TOKEN, &twice)), WRONG);
    let empty = format!("{URL}&bodySHA256=");
    assert_eq!(verify(&empty, Signed::Hashed(b""), &sign(TOKEN, &empty)), WRONG);
}

#[test]
fn repeated_names_count_by_their_distinct_values_in_byte_order() {
    let form = Form::read(b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234");
    assert_eq!(
        verify(URL, Signed::Form(&form), "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        Ok(())
    );
}

#[test]
fn fields_are_sorted_by_name_and_not_by_name_and_value() {
    let form = Form::read(b"ReasonConferenceEnded=x&Reason=y&reason=z&Empty=&%C3%BC=%E2%82%AC+%2B");
    let signed = format!("{URL}EmptyReasonyReasonConferenceEndedxreasonzü€ +");
    assert_eq!(verify(URL, Signed::Form(&form), &sign(TOKEN, &signed)), Ok(()));
    let by_both = format!("{URL}EmptyReasonConferenceEndedxReasonyreasonzü€ +");
    assert_eq!(verify(URL, Signed::Form(&form), &sign(TOKEN, &by_both)), WRONG);
}

#[test]
fn a_get_is_signed_by_its_address_as_it_was_sent() {
    let url = "https://h.example/a//B?Body=it's%20%2B1&b=";
    for signed in [
        url,
        &url.replace('\'', "%27"),
        &url.replace(".example", ".example:443"),
    ] {
        assert_eq!(
            verify(url, Signed::Address, &sign(TOKEN, signed)),
            Ok(()),
            "{signed}"
        );
    }
    for signed in [
        &url.replace("%20", " "),
        &url.replace("//", "/"),
        &format!("{url}x"),
        "https://h.example/a//B",
    ] {
        assert_eq!(
            verify(url, Signed::Address, &sign(TOKEN, signed)),
            WRONG,
            "{signed}"
        );
    }
    let with_fragment = format!("{url}#rc=2");
    assert_eq!(
        verify(&with_fragment, Signed::Address, &sign(TOKEN, url)),
        Ok(()),
        "fragments are not signed"
    );
}

#[test]
fn credentials_and_spelling_of_the_host_are_signed() {
    let url = "https://me:secret@Voice.Example.com/x";
    assert_eq!(verify(url, Signed::Address, &sign(TOKEN, url)), Ok(()));
    let without = "https://Voice.Example.com/x";
    assert_eq!(verify(url, Signed::Address, &sign(TOKEN, without)), WRONG);
    assert_eq!(
        verify(without, Signed::Address, &sign(TOKEN, &without.to_lowercase())),
        WRONG
    );
}

#[test]
fn two_tokens_are_believed_while_one_replaces_the_other() {
    let both = AuthTokens::new(&["old", "new"]).unwrap();
    for token in ["old", "new"] {
        assert_eq!(
            both.verify(URL, Signed::Address, &signature_header(&sign(token, URL))),
            Ok(())
        );
    }
    assert_eq!(
        both.verify(URL, Signed::Address, &signature_header(&sign("third", URL))),
        WRONG
    );
    assert_eq!(AuthTokens::new::<&str>(&[]).unwrap_err(), TokenError::Missing);
    assert_eq!(AuthTokens::new(&[" "]).unwrap_err(), TokenError::Missing);
    assert_eq!(AuthTokens::new(&["a", "a\n"]).unwrap_err(), TokenError::Same);
    assert_eq!(
        AuthTokens::new(&["a", "b", "c"]).unwrap_err(),
        TokenError::TooMany
    );
    assert_eq!(format!("{both:?}"), "AuthTokens(2 of them)");
}

#[test]
fn a_missing_repeated_or_broken_header_says_so() {
    let tokens = tokens();
    let check = |headers: &HeaderMap| tokens.verify(URL, Signed::Address, headers);
    assert_eq!(check(&HeaderMap::new()), Err(Rejection::MissingHeader));
    assert_eq!(check(&signature_header("")), Err(Rejection::MissingHeader));
    let mut twice = signature_header(&sign(TOKEN, URL));
    twice.append(
        "x-twilio-signature",
        HeaderValue::from_str(&sign(TOKEN, URL)).unwrap(),
    );
    assert_eq!(check(&twice), Err(Rejection::RepeatedHeader));
    let short = STANDARD.encode([7; 19]);
    for text in ["%%%", "AAAA", &short, &"A".repeat(4096)] {
        assert_eq!(
            check(&signature_header(text)),
            Err(Rejection::MalformedSignature),
            "{text}"
        );
    }
}

#[test]
fn the_diagnosis_names_the_smallest_change_that_fits() {
    let configured = "https://Voice.example.com/pbx/webhooks/twilio/voice?x=1";
    let path = "/webhooks/twilio/voice";
    let form = call();
    let told = |signed_url: &str, fields: bool| {
        let text = match fields {
            true => format!(
                "{signed_url}CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
            ),
            false => signed_url.to_owned(),
        };
        let mut headers = signature_header(&sign(TOKEN, &text));
        headers.insert("host", HeaderValue::from_static("inner:8080"));
        headers.insert(
            "x-forwarded-host",
            HeaderValue::from_static("outer.example.com, proxy"),
        );
        tokens().diagnose(configured, path, Signed::Form(&form), &headers)
    };
    let rest = "/pbx/webhooks/twilio/voice";
    for (url, expected) in [
        (
            format!("http://Voice.example.com{rest}?x=1"),
            vec![Variant::Scheme],
        ),
        (
            format!("https://inner:8080{rest}?x=1"),
            vec![Variant::Host("inner:8080".into())],
        ),
        (
            format!("http://outer.example.com{rest}?x=1"),
            vec![
                Variant::Scheme,
                Variant::ForwardedHost("outer.example.com".into()),
            ],
        ),
        (
            format!("https://Voice.example.com{path}?x=1"),
            vec![Variant::WithoutPrefix],
        ),
        (
            format!("https://Voice.example.com{rest}"),
            vec![Variant::WithoutQuery],
        ),
        (
            format!("https://Voice.example.com{rest}/?x=1"),
            vec![Variant::Slash],
        ),
        (
            format!("https://voice.example.com{rest}?x=1"),
            vec![Variant::LowerCase],
        ),
    ] {
        assert_eq!(told(&url, true), Some(expected), "{url}");
    }
    assert_eq!(told(configured, false), Some(vec![Variant::WithoutFields]));
    assert_eq!(told("https://elsewhere.example/x", true), None);
}

/// One change to a signed request that a forger could try.
#[derive(Clone, Debug)]
enum Mutation {
    UrlByte(usize),
    Value(usize, u8),
    Name(usize, u8),
    Drop(usize),
    Add(String, String),
    SignatureBit(usize),
    OtherToken,
    Split(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        any::<usize>().prop_map(Mutation::UrlByte),
        (any::<usize>(), b'a'..=b'z').prop_map(|(at, byte)| Mutation::Value(at, byte)),
        (any::<usize>(), b'a'..=b'z').prop_map(|(at, byte)| Mutation::Name(at, byte)),
        any::<usize>().prop_map(Mutation::Drop),
        ("[A-Z][a-z]{1,8}", "[0-9]{1,8}").prop_map(|(name, value)| Mutation::Add(name, value)),
        (0..160_usize).prop_map(Mutation::SignatureBit),
        Just(Mutation::OtherToken),
        any::<usize>().prop_map(Mutation::Split),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn two_hundred_mutated_requests_are_refused(mutation in mutation()) {
        let mut fields: Vec<(String, String)> = call().fields().to_vec();
        let mut url = URL.as_bytes().to_vec();
        let mut signature = STANDARD.decode("RSOYDt4T1cUTdK1PDd93/VVr8B8=").unwrap();
        let count = fields.len();
        match mutation.clone() {
            Mutation::UrlByte(at) => {
                let at = at % url.len();
                url[at] = if url[at] == b'x' { b'y' } else { b'x' };
            }
            Mutation::Value(at, byte) => fields[at % count].1.push(char::from(byte)),
            Mutation::Name(at, byte) => fields[at % count].0.insert(0, char::from(byte)),
            Mutation::Drop(at) => drop(fields.remove(at % count)),
            Mutation::Add(name, value) => fields.push((name, value)),
            Mutation::SignatureBit(bit) => signature[bit / 8] ^= 1 << (bit % 8),
            Mutation::OtherToken => signature = STANDARD.decode(sign("54321", URL)).unwrap(),
            // A value cut in two: the second half becomes a field of its own, before all others.
            Mutation::Split(at) => {
                let value = fields[at % count].1.split_off(2);
                fields.insert(0, ("A".to_owned(), value));
            }
        }
        let mut form = Form::default();
        for (name, value) in fields {
            form.push(&name, value);
        }
        let url = String::from_utf8(url).unwrap();
        let verdict = verify(&url, Signed::Form(&form), &STANDARD.encode(signature));
        prop_assert_eq!(verdict, WRONG, "{:?}", mutation);
    }
}
