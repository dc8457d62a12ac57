//! Flow files as people write them: found, checked with line and caret, drawn, described.
//!
//! Called by the command line and by the wiring, which hands checked flows to the routes. What a step does at a call is
//! the core's; nothing here may run a flow.

pub mod check;
pub mod draw;
pub mod finding;
mod graph;
pub mod library;
pub mod reference;
pub mod schema;
mod source;

/// The shipped flows, by name.
pub const SHIPPED: &[(&str, &str)] = &[];

pub use check::{Checked, check};
pub use finding::{Finding, Severity};
pub use library::{Library, LibraryError};
