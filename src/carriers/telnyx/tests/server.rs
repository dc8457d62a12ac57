//! A Telnyx for one test.

use super::signing::client_state_key;
use crate::carriers::BaseUrl;
use crate::carriers::scripted::{self, limits};
pub(super) use crate::carriers::scripted::{Script, json, with_headers};
use crate::carriers::telnyx::{ApiKey, TelnyxClient, TelnyxSettings};

/// A running server. The last script repeats.
pub(super) struct Server(scripted::Server);

impl Server {
    pub(super) async fn start(scripts: Vec<Script>) -> Self {
        Self(scripted::Server::start(scripts).await)
    }

    /// The requests so far, head and body.
    pub(super) fn seen(&self) -> Vec<String> {
        self.0.seen()
    }

    /// The request lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lines()
    }

    pub(super) fn base_url(&self) -> String {
        self.0.url("/v2")
    }

    pub(super) fn client(&self) -> TelnyxClient {
        client(&self.base_url())
    }
}

pub(super) fn client(base_url: &str) -> TelnyxClient {
    let settings = TelnyxSettings {
        base_url: BaseUrl::new(base_url).unwrap(),
        limits: limits(),
        ..TelnyxSettings::new(ApiKey::new("KEY-secret").unwrap())
    };
    TelnyxClient::new(settings, client_state_key())
}
