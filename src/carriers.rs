//! The carriers: what each says in its webhooks, and how each is asked for something.
//!
//! One folder per carrier, implementing the ports of `cordboard_actors`. Nothing here decides anything about a call,
//! and nothing here knows the HTTP doors or the journal.

pub mod telnyx;
