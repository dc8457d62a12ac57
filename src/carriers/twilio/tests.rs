//! The Twilio adapter against what Twilio's own libraries publish, and against its odd corners.
#![allow(clippy::unwrap_used)]

mod delivering;
mod documents;
mod messages;
mod signatures;
mod voice;
