//! What the client needs to know, and everything it refuses to be told.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::carriers::{BaseUrl, Limits};

/// Where Twilio answers; part of it is the version of its API.
const BASE_URL: &str = "https://api.twilio.com/2010-04-01";

/// `AC` and 32 hexadecimal digits.
const SID_CHARS: usize = 34;

/// Settings of the client.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// Where requests go.
    pub base_url: BaseUrl,
    /// Who we are.
    pub credentials: Credentials,
    /// How long things may take.
    pub limits: Limits,
}

impl TwilioSettings {
    /// The defaults for one account.
    pub fn new(credentials: Credentials) -> Self {
        Self {
            base_url: BaseUrl::of_carrier(BASE_URL),
            credentials,
            limits: Limits::default(),
        }
    }
}

/// The account and its token. The token is never shown.
#[derive(Clone)]
pub struct Credentials {
    account: String,
    header: HeaderValue,
}

impl Credentials {
    /// Takes both as the console shows them; white space around them is trimmed.
    ///
    /// # Errors
    /// When either could not be one.
    pub fn new(account_sid: &str, auth_token: &str) -> Result<Self, CredentialsError> {
        let (account, token) = (account_sid.trim(), auth_token.trim());
        let is_sid = account.len() == SID_CHARS
            && account
                .strip_prefix("AC")
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if !is_sid {
            return Err(CredentialsError::BadAccount);
        }
        if token.is_empty() {
            return Err(CredentialsError::NoToken);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialsError::BadToken);
        }
        let encoded = STANDARD.encode(format!("{account}:{token}"));
        let mut header =
            HeaderValue::from_str(&format!("Basic {encoded}")).map_err(|_| CredentialsError::BadToken)?;
        header.set_sensitive(true);
        Ok(Self {
            account: account.to_owned(),
            header,
        })
    }

    /// `AC…`.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, ***)", self.account)
    }
}

/// Why the account or its token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Not `AC` and 32 hexadecimal digits.
    #[error("the Twilio account SID is not AC and 32 hexadecimal digits: copy it from console.twilio.com")]
    BadAccount,
    /// None.
    #[error("the Twilio auth token is empty: copy it from console.twilio.com")]
    NoToken,
    /// Not a plain word.
    #[error("the Twilio auth token contains spaces or control characters: copy it from the console again")]
    BadToken,
}
