//! What the client needs to know, and everything it refuses to be told.

use std::fmt;

use http::HeaderValue;

use crate::carriers::{BaseUrl, BaseUrlError, Limits};

/// Where Telnyx answers.
const BASE_URL: &str = "https://api.telnyx.com/v2";

/// Settings of the client.
#[derive(Clone, Debug)]
pub struct TelnyxSettings {
    /// Where commands go.
    pub base_url: BaseUrl,
    /// Who we are.
    pub api_key: ApiKey,
    /// How long things may take.
    pub limits: Limits,
    /// The public address of our carrier door, such as `https://voice.example.com/webhooks/telnyx`. Reports about each
    /// text come to an address of its own below it, which resolves texts in doubt.
    pub reports: Option<String>,
}

impl TelnyxSettings {
    /// The defaults for one API key.
    pub fn new(api_key: ApiKey) -> Self {
        Self {
            base_url: BaseUrl::of_carrier(BASE_URL),
            api_key,
            limits: Limits::default(),
            reports: None,
        }
    }
}

/// An API key. Never shown.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Takes the key as the portal shows it; white space around it is trimmed.
    ///
    /// # Errors
    /// When it is empty or could not stand in a header.
    pub fn new(text: &str) -> Result<Self, SettingsError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SettingsError::NoApiKey);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::BadApiKey);
        }
        let mut value =
            HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| SettingsError::BadApiKey)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No key.
    #[error("the Telnyx API key is empty: set TELNYX_API_KEY to the key from the portal")]
    NoApiKey,
    /// Not a header value.
    #[error("the Telnyx API key contains spaces or control characters: copy it from the portal again")]
    BadApiKey,
    /// The address leads astray.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
}
