//! Where the events of one leg go, when not to the application's own URL.

use serde::{Deserialize, Serialize};

words! {
    /// How a webhook is delivered. `GET` carries no signed body, so ours are always `POST`.
    WebhookMethod {
        /// In the body.
        Post = "POST",
        /// In the query.
        Get = "GET",
    }
}

/// How often one event type is delivered again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRetries {
    /// Delays in milliseconds: at most five, 60000 in all.
    pub retries_ms: Vec<u32>,
}
