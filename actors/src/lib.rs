//! The processes that own state: supervisors, registry, one generic actor for every machine, outbox, deadlines.
//!
//! What they need from outside is in [`ports`] and [`journal`]; the rules they follow are pure and live in
//! `cordboard-core`. No HTTP, no carrier's JSON, no configuration file may be known here.

#![warn(missing_docs)]

pub mod boot_guard;
pub mod census;
mod closed_flows;
mod commit;
pub mod cut;
pub mod deadlines;
pub mod delivery;
pub mod entity;
mod flows;
pub mod house;
pub mod journal;
mod landing;
pub mod outbox;
mod panics;
pub mod portrait;
pub mod ports;
pub mod quarantine;
pub mod reconciler;
pub mod registry;
pub mod replay;
pub mod router;
mod supervisor;
pub mod telemetry;
pub mod watchers;
pub mod witness;

pub use closed_flows::ClosedFlow;
pub use house::{House, HouseSettings, Occupancy, Ports};
