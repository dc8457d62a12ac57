//! The carriers: what each says in its webhooks, and how each is asked for something.
//!
//! One folder per carrier, implementing the ports of `cordboard_actors`. Nothing here decides anything about a call,
//! and nothing here knows the HTTP doors or the journal.

mod base_url;
mod checkup;
mod choice;
mod client_state;
mod exchange;
#[cfg(test)]
mod scripted;
mod showable;
pub mod telnyx;
pub mod twilio;
mod wait;

pub use base_url::{BaseUrl, BaseUrlError};
pub use checkup::Checkup;
pub use choice::{CarrierName, Carriers};
pub use client_state::ClientStateKey;
pub use exchange::Limits;
