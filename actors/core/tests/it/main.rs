//! Tests of the pure core: scripts that read like a call, and properties over whole little worlds.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod both_carriers;
mod branches;
mod by_hand;
mod call_script;
mod facts;
mod flow_calls;
mod flow_faults;
mod flow_files;
mod flow_script;
mod gathers;
mod message_flows;
mod moods;
mod order;
mod placed_calls;
mod queue_calls;
mod queue_faults;
mod queue_script;
mod resuming;
mod room_operated;
mod room_script;
mod seed_bugs;
mod silence;
mod text_desk;
mod text_script;
mod ways;
mod world;
