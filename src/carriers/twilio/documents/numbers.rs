//! Whom a leg is connected with: Dial with numbers and SIP addresses, and Enqueue.

use cordboard_core::CallControlId;
use cordboard_core::command::LONGEST_LEG_SECS;
use cordboard_core::command::leg::{Enqueue, Transfer};

use super::{Page, Unspeakable, only};
use crate::carriers::twilio::ticket::Kind;
use crate::carriers::twilio::twiml::Verb;

/// What is told about a leg that is rung.
pub(in crate::carriers::twilio) const PROGRESS: [&str; 3] = ["initiated", "answered", "completed"];

impl Page<'_> {
    /// Rings somebody for a leg. Whoever is rung tells of itself; the leg asks when it is alone again.
    pub(super) fn transfer(&self, leg: &CallControlId, transfer: &Transfer) -> Result<Verb, Unspeakable> {
        let known = [
            "to",
            "from",
            "timeout_secs",
            "time_limit_secs",
            "park_after_unbridge",
            "early_media",
            "send_digits_on_answer",
            "sip_auth_username",
            "sip_auth_password",
        ];
        only("transfer", transfer, &known)?;
        let to = transfer.to.expose();
        let noun = if is_sip(to) {
            Verb::new("Sip")
                .maybe("username", transfer.sip_auth_username.as_deref())
                .maybe(
                    "password",
                    transfer.sip_auth_password.as_ref().map(|secret| secret.expose()),
                )
        } else {
            Verb::new("Number").maybe(
                "sendDigits",
                transfer.send_digits_on_answer.as_ref().map(|keys| keys.expose()),
            )
        };
        let noun = noun
            .with("statusCallback", self.ticket(Kind::Leg, Some(leg)))
            .with("statusCallbackMethod", "POST")
            .with("statusCallbackEvent", PROGRESS.join(" "))
            .saying(to);
        let dial = Verb::new("Dial")
            .with("action", self.ticket(Kind::Transferred, None))
            .with("method", "POST")
            .maybe("callerId", transfer.from.as_ref().map(|from| from.expose()))
            .maybe("timeout", transfer.timeout_secs)
            .with("timeLimit", transfer.time_limit_secs.unwrap_or(LONGEST_LEG_SECS))
            .around(noun);
        Ok(dial)
    }

    pub(super) fn enqueue(&self, queue: &Enqueue) -> Verb {
        Verb::new("Enqueue")
            .with("action", self.ticket(Kind::Dequeued, None))
            .with("method", "POST")
            .saying(queue.queue_name.as_str())
    }
}

/// Whether somebody is reached by an address instead of a number.
pub(in crate::carriers::twilio) fn is_sip(to: &str) -> bool {
    to.starts_with("sip:") || to.starts_with("sips:")
}
