//! The program's library.

pub mod config;
pub mod http;
