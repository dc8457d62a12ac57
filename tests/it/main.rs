//! Tests of the whole program.

mod config_load;
mod config_routes;
mod http_framing;
mod http_operator;
mod http_webhook;
mod http_wire;
mod program;
mod program_conferences;
mod program_panics;
mod telnyx_simulated;
