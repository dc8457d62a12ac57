//! A stateful simulated carrier over real HTTP, the callers who ring it, and the ledger that judges the
//! program under test.
//!
//! Used by the command line (`demo`, `load`, `simulate`) and by tests; it serves programs that are not ours
//! as well. It shares no code with the program's own carrier adapters, so each checks the other.
//!
//! `carrier` is pure; `world` drives it; `http`, `courier`, `callers` and `clock` are its surroundings;
//! `profile` draws the faults; `ledger` keeps the books.

pub mod book;
pub mod callers;
pub mod carrier;
mod clock;
mod courier;
pub mod dice;
mod http;
mod ledger;
pub mod pace;
pub mod profile;
pub mod settings;
mod simulator;
pub mod target;
mod twilio;
mod world;

pub use book::Book;
pub use callers::contract::{self, Contract};
pub use callers::scenario::{ConferenceScenario, LoadScenario};
pub use callers::script::{CallerScript, Cue, Message, Opening, Reply, TextWatch, Want};
pub use callers::scripts::{Scenario, UnknownScenario};
pub use callers::visitor::{Noticed, Visitor};
pub use courier::signature::Signer;
pub use ledger::latency::Percentiles;
pub use ledger::report::{
    Calls, Commands, Conferences, Failure, LatencyMs, LeftBehind, Messages, Report, Snapshot, Webhooks,
};
pub use pace::Pace;
pub use profile::{Profile, UnknownProfile};
pub use settings::Settings;
pub use simulator::{Simulator, StartError};
pub use target::{FarEnd, FarEndAnswer, Receipt, Who};
pub use twilio::{Face, TwilioAccount};
