//! One question to Twilio that changes nothing: whether it takes the account and its token, and what time it is there.
//!
//! Asked by `cordboard doctor` only; calls never wait for it.

use super::TwilioClient;
use crate::carriers::checkup::Checkup;

impl TwilioClient {
    /// Looks at the account.
    ///
    /// # Errors
    /// Why there is no answer: `connect`, `timeout`, `reset` and the like.
    pub async fn checkup(&self) -> Result<Checkup, &'static str> {
        match self.rest.get("").await {
            Ok(reply) => Ok(Checkup::of(&reply)),
            Err(failure) => Err(failure.label()),
        }
    }
}
