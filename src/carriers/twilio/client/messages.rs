//! Texts: sent with an address of their own for reports, looked at one by one, listed over pages.

use std::fmt;

use cordboard_core::command::SendMessage;
use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::outcome::TextView;
use cordboard_core::{Answer, Attempt, Command, MessageId, PhoneNumber, Text, Timestamp};
use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;

use super::rest::{BAD, Rest};
use super::{TwilioClient, refusal, unspeakable};
use crate::carriers::twilio::decode::status;
use crate::carriers::twilio::{CallbackKeys, Form};

/// What a trial account puts before every text.
const TRIAL: &str = "Sent from your Twilio trial account - ";

/// Texts to one phone that are looked at.
const PAGE: &str = "50";

/// Twilio's clock may be so far behind ours.
const CLOCKS_DIFFER_SECS: i64 = 5;

/// A messaging service's id begins so; the service chooses among its numbers.
const SERVICE: &str = "MG";

#[derive(Deserialize)]
struct Message {
    sid: String,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<MessageView>,
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

/// A text that may have been sent.
pub(super) struct Sent<'a> {
    pub(super) from: &'a PhoneNumber,
    pub(super) to: &'a PhoneNumber,
    pub(super) text: &'a Text,
    pub(super) since: Timestamp,
}

/// What Twilio shows of it, the oldest first. The list begins with the youngest, and what is searched for is minutes old:
/// its first page is enough.
pub(super) async fn search(rest: &Rest, sent: &Sent<'_>) -> Result<Vec<TextView>, Attempt> {
    let query = Form::default()
        .with("From", sent.from.expose())
        .with("To", sent.to.expose())
        .with("PageSize", PAGE);
    let reply = rest.look("Messages", &query).await?;
    if !reply.status.is_success() {
        return Err(refusal::class(None, &reply));
    }
    let page: Page = serde_json::from_slice(&reply.body).map_err(|_| BAD)?;
    let found = page.messages.iter().rev().filter(|message| message.may_be(sent));
    Ok(found.filter_map(MessageView::view).collect())
}

impl MessageView {
    fn may_be(&self, sent: &Sent<'_>) -> bool {
        let body = self.body.as_deref().unwrap_or_default();
        let words = body.strip_prefix(TRIAL).unwrap_or(body) == sent.text.expose();
        let made = self.date_created.as_deref();
        let made = made.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        let early = made.is_some_and(|made| {
            let since = i64::try_from(sent.since.as_secs()).unwrap_or(i64::MAX);
            made.as_second() + CLOCKS_DIFFER_SECS < since
        });
        words && !early && self.direction.starts_with("outbound")
    }

    fn view(&self) -> Option<TextView> {
        is_sid(&self.sid).then(|| TextView {
            message: self.sid.as_str().into(),
            status: status(&self.status),
        })
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
