//! Traces, metrics, logs and redaction for every room of Cordboard.
//!
//! Called by the actors and by the program; a leaf that depends on none of our crates. Nothing here may
//! know what a call does: callers hand in names, ids and times, and this crate carries them outside.
#![warn(missing_docs)]

pub mod attributes;
pub mod logs;
pub mod metrics;
pub mod redact;
pub mod traces;
