//! Forms as both directions send them: fields in order, the signature over them, and dates. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

/// Fields of a form, in order; a name may come again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// First value of a field that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let own = self.0.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.clone()).collect()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|text| text.parse().ok())
    }

    pub(crate) fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }

    /// `X-Twilio-Signature` of a POST with these fields to this address; for a GET the fields are in the address.
    pub(crate) fn signature(&self, token: &str, url: &str) -> String {
        let mut fields = self.0.clone();
        fields.sort();
        fields.dedup();
        let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
        // A fragment is for the carrier's own eyes.
        mac.update(url.split('#').next().unwrap_or_default().as_bytes());
        for (name, value) in &fields {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// A date as resources show it.
pub(crate) fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    #[test]
    fn the_published_vectors_hold() {
        let form = Form::default()
            .with("CallSid", "CA1234567890ABCDE")
            .with("Caller", "+14158675309")
            .with("Digits", "1234")
            .with("From", "+14158675309")
            .with("To", "+18005551212");
        assert_eq!(form.signature(TOKEN, URL), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        let doubled = Form::default()
            .with("Sid", "CA123")
            .with("SidAccount", "AC123")
            .with("Digits", "5678")
            .with("Digits", "1234")
            .with("Digits", "1234");
        assert_eq!(doubled.signature(TOKEN, URL), "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
    }

    #[test]
    fn dates_are_those_of_mail() {
        let at: Timestamp = "2010-08-31T20:36:28Z".parse().unwrap();
        assert_eq!(date(at), "Tue, 31 Aug 2010 20:36:28 +0000");
    }
}
