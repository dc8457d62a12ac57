//! The program's library.

pub mod carriers;
pub mod config;
pub mod http;
