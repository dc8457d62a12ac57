//! The program: command line, configuration, HTTP doors, carriers, and their wiring in [`app`].
//!
//! The rooms `http` and `carriers` do not know each other; they meet through `cordboard_actors::ports`.

pub mod api;
pub mod app;
pub mod backend;
pub mod carriers;
pub mod cli;
pub mod config;
pub mod flows;
pub mod http;
pub mod journal;
pub mod records;
