//! Twilio: signed forms in, TwiML documents and REST requests out.
//!
//! The decoder believes and reads webhooks, [`TwilioClient`] makes one attempt of one command. A leg that asks what to do
//! is answered when there is a command for it ([`OpenLegs`]); what comes at another time goes by REST. As with every
//! carrier, retrying, ordering and deduplication are the outbox's and the journal's business and must never be here.

mod announcements;
mod callback;
mod client;
mod decode;
mod documents;
mod form;
mod held;
mod open_legs;
mod signature;
mod ticket;
mod twiml;
mod voice;

pub use callback::{CallbackKeys, Place};
pub use client::{Credentials, CredentialsError, MessageView, NumberView, TwilioClient, TwilioSettings};
pub use decode::TwilioWebhooks;
pub use form::Form;
pub use open_legs::OpenLegs;
pub use signature::{AuthTokens, PublicUrl, PublicUrlError, TokenError, Variant};

#[cfg(test)]
mod tests;
