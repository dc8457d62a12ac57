//! Telnyx Call Control v2: signed webhooks in, commands out.
//!
//! [`TelnyxWebhooks`] authenticates and decodes, [`TelnyxClient`] encodes, sends and classes the answer. Retrying,
//! ordering and deduplication are the outbox's and the journal's business and must never be here.

mod client;
mod decode;
mod encode;
mod signature;

pub use client::{ApiKey, SettingsError, TelnyxClient, TelnyxSettings};
pub use decode::TelnyxWebhooks;
pub use encode::{EncodeError, Request, encode};
pub use signature::{KeyError, TOLERANCE_SECS, WebhookKeys};

#[cfg(test)]
mod tests;
