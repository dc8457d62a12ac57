//! Tests of the pure core: scripts that read like a call, and properties over whole little worlds.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod by_hand;
mod call_script;
mod facts;
mod flow_calls;
mod flow_faults;
mod flow_files;
mod flow_script;
mod message_flows;
mod order;
mod placed_calls;
mod resuming;
mod room_operated;
mod room_script;
mod silence;
mod text_desk;
mod text_script;
mod ways;
mod world;
