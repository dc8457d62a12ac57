//! Tests of the carrier as a whole: signed bytes in, requests out, answers of every kind.
#![allow(clippy::unwrap_used)]

mod answers;
mod bad_input;
mod encoding;
mod events;
mod messages;
mod odd_fields;
mod questions;
mod server;
mod settings;
mod signature;
mod signing;
