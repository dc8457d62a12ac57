//! Twilio: signed forms in, TwiML documents and REST requests out.
//!
//! The decoder believes and reads webhooks, [`TwilioClient`] makes one attempt of one command. As with every carrier,
//! retrying, ordering and deduplication are the outbox's and the journal's business and must never be here.

mod callback;
mod client;
mod decode;
mod form;
mod signature;

pub use callback::{CallbackKeys, Place};
pub use client::{Credentials, CredentialsError, MessageView, TwilioClient, TwilioSettings};
pub use decode::TwilioWebhooks;
pub use form::Form;
pub use signature::{AuthTokens, PublicUrl, PublicUrlError, TokenError, Variant};

#[cfg(test)]
mod tests;
