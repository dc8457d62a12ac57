//! Texts: sent with an address of their own for reports, looked at one by one, listed over pages.

use std::fmt;

use cordboard_core::command::SendMessage;
use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::{Answer, Attempt, Command, MessageId, PhoneNumber};
use serde::Deserialize;

use super::rest::{BAD, Rest};
use super::{TwilioClient, refusal, unspeakable};
use crate::carriers::twilio::{CallbackKeys, Form};

/// A messaging service's id begins so; the service chooses among its numbers.
const SERVICE: &str = "MG";

#[derive(Deserialize)]
struct Message {
    sid: String,
}

/// A text as Twilio's books show it. `Debug` shows neither numbers nor words.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct MessageView {
    /// Its id.
    pub sid: String,
    /// `queued`, `sent`, `delivered` and so on.
    pub status: String,
    /// `inbound`, `outbound-api` and so on.
    pub direction: String,
    /// The words.
    #[serde(default)]
    pub body: Option<String>,
    /// When it was made, as mail writes it.
    #[serde(default)]
    pub date_created: Option<String>,
}

impl fmt::Debug for MessageView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MessageView({}, {}, {})",
            self.sid, self.direction, self.status
        )
    }
}

impl TwilioClient {
    /// One text.
    ///
    /// # Errors
    /// What the attempt brought instead.
    pub async fn message(&self, message: &MessageId) -> Result<MessageView, Attempt> {
        let sid = Some(message.as_str()).filter(|sid| is_sid(sid));
        let sid = sid.ok_or_else(|| unspeakable("the id of a text is none of Twilio's"))?;
        let reply = self.rest.get(&format!("Messages/{sid}")).await?;
        if !reply.status.is_success() {
            return Err(refusal::class(None, &reply));
        }
        serde_json::from_slice(&reply.body).map_err(|_| BAD)
    }

    /// All texts between two numbers, the youngest first, over all pages.
    ///
    /// # Errors
    /// What the attempt brought instead.
    pub async fn messages(&self, from: &PhoneNumber, to: &PhoneNumber) -> Result<Vec<MessageView>, Attempt> {
        let filters = Form::default()
            .with("From", from.expose())
            .with("To", to.expose());
        self.rest.list("Messages", "messages", &filters, None).await
    }
}

/// Sends one text.
pub(super) async fn send(rest: &Rest, callbacks: &CallbackKeys, message: &SendMessage) -> Attempt {
    let reply = match rest.post("Messages", &form(callbacks, message)).await {
        Ok(reply) => reply,
        Err(failure) => return failure.into(),
    };
    if !reply.status.is_success() {
        return refusal::class(Some(&Command::SendMessage(Box::new(message.clone()))), &reply);
    }
    let taken: Option<Message> = serde_json::from_slice(&reply.body).ok();
    match taken.filter(|message| is_sid(&message.sid)) {
        Some(message) => Attempt::Accepted(Answer::Message(message.sid.as_str().into())),
        None => BAD,
    }
}

fn form(callbacks: &CallbackKeys, message: &SendMessage) -> Form {
    let mut form = Form::default()
        .with("To", message.to.expose())
        .with("From", message.from.expose())
        .with("Body", message.text.expose())
        .with("StatusCallback", callbacks.text(&message.key));
    if let Some(service) = &message.messaging_profile
        && service.starts_with(SERVICE)
    {
        form.push("MessagingServiceSid", service);
    }
    form
}

fn is_sid(sid: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&sid.len()) && sid.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
