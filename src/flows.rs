//! Flow files as people write them: found, checked with line and caret, drawn, described.
//!
//! Called by the command line and by the wiring, which hands checked flows to the routes. What a step does at a call is
//! the core's; nothing here may run a flow.

pub mod check;
pub mod draw;
pub mod finding;
mod graph;
pub mod library;
mod picture;
pub mod reference;
pub mod schema;
mod source;

/// The shipped flows, by name.
pub const SHIPPED: &[(&str, &str)] = &[
    ("announcement", include_str!("../flows/announcement.toml")),
    ("call-centre", include_str!("../flows/call-centre.toml")),
    ("conference", include_str!("../flows/conference.toml")),
    ("conference-pin", include_str!("../flows/conference-pin.toml")),
    ("contact-center", include_str!("../flows/contact-center.toml")),
    ("find-me", include_str!("../flows/find-me.toml")),
    ("queue", include_str!("../flows/queue.toml")),
    ("ring-group", include_str!("../flows/ring-group.toml")),
    (
        "sentiment-conference",
        include_str!("../flows/sentiment-conference.toml"),
    ),
    ("text-response", include_str!("../flows/text-response.toml")),
    ("voicemail", include_str!("../flows/voicemail.toml")),
];

pub use check::{Checked, check};
pub use finding::{Finding, Severity};
pub use library::{Library, LibraryError};
