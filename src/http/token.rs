//! The operator's bearer token: compared in constant time, never accepted in a URL, never shown.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Query parameters under which people try to send a token.
const TOKEN_PARAMETERS: [&str; 6] = [
    "token",
    "access_token",
    "auth_token",
    "bearer",
    "api_key",
    "apikey",
];

/// The digest of a token: comparing digests hides the length too.
#[derive(Clone)]
pub(super) struct Token([u8; 32]);

impl Token {
    pub(super) fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether exactly one `Authorization: Bearer` header carries it.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some((scheme, given)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
            return false;
        };
        let digest: [u8; 32] = Sha256::digest(given.trim()).into();
        scheme.eq_ignore_ascii_case("bearer") && bool::from(self.0.ct_eq(&digest))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Whether a query carries something that looks like a token; it would end up in access logs and histories.
pub(super) fn in_query(query: Option<&str>) -> bool {
    query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .any(|name| {
            TOKEN_PARAMETERS
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_one_bearer_header_with_the_token_is_admitted() {
        let token = Token::new("s3cret");
        let with = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            token.admits(&headers)
        };
        assert!(with(&["Bearer s3cret"]));
        assert!(with(&["bearer s3cret"]));
        for refused in [
            &[][..],
            &["Bearer "],
            &["Bearer s3cre"],
            &["s3cret"],
            &["Basic s3cret"],
            &["Bearer s3cret"; 2],
        ] {
            assert!(!with(refused), "{refused:?}");
        }
        assert_eq!(format!("{token:?}"), "Token(***)");
    }

    #[test]
    fn a_token_in_the_query_is_noticed_under_its_usual_names() {
        assert!(in_query(Some("a=b&Token=x")));
        assert!(in_query(Some("access_token")));
        assert!(!in_query(Some("page_token_size=1&q=token")));
        assert!(!in_query(None));
    }
}
