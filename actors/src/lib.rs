//! The processes that own state: supervisor, registry, one generic actor for every machine, outbox, deadlines.

#![warn(missing_docs)]

pub mod ports;
