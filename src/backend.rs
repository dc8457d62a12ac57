//! The user's own program, asked by `http` steps and message flows: one signed request, one answer, no retries.
//!
//! The outbox calls it through the port and repeats by its own rule. Where a request may go is decided here, for every
//! connection anew (`guard.rs`); nothing of telephony may be known here, and nothing here logs what was sent.

mod exchange;
mod guard;
mod signature;

pub use self::exchange::{BackendClient, BackendReply, BackendRequest, BackendSettings};
pub use self::guard::{Forbidden, Guard};
pub use self::signature::{SecretError, SigningSecret};
