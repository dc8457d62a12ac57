//! The simulator over real HTTP: a toy orchestrator, the API as a client sees it, deliveries and faults.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod api;
mod client;
mod conferences;
mod delivery;
mod desk;
mod scenarios;
mod toy;
mod twiml;
