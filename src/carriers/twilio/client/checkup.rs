//! Questions to Twilio that change nothing: whether it takes the account and its token, and where its numbers lead.
//!
//! Asked by `cordboard doctor` only; calls never wait for them.

use cordboard_core::{Attempt, PhoneNumber};
use serde::Deserialize;

use super::TwilioClient;
use crate::carriers::checkup::Checkup;
use crate::carriers::twilio::Form;

/// Where a number of the account leads. `Debug` masks it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NumberView {
    /// The number.
    pub phone_number: PhoneNumber,
    /// Who is asked when it is called.
    #[serde(default)]
    pub voice_url: Option<String>,
    /// Who is told when it is texted.
    #[serde(default)]
    pub sms_url: Option<String>,
}

impl TwilioClient {
    /// Lists one call.
    ///
    /// # Errors
    /// Why there is no answer: `connect`, `timeout`, `reset` and the like.
    pub async fn checkup(&self) -> Result<Checkup, &'static str> {
        match self
            .rest
            .look("Calls", &Form::default().with("PageSize", "1"))
            .await
        {
            Ok(reply) => Ok(Checkup::of(&reply)),
            Err(failure) => Err(failure.label()),
        }
    }

    /// The account's numbers, all pages.
    ///
    /// # Errors
    /// What the attempt brought instead.
    pub async fn numbers(&self) -> Result<Vec<NumberView>, Attempt> {
        let all = Form::default();
        self.rest
            .list("IncomingPhoneNumbers", "incoming_phone_numbers", &all, None)
            .await
    }
}
