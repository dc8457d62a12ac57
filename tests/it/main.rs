//! Tests of the whole program.

mod config_load;
mod config_routes;
mod flow_check;
mod http_framing;
mod http_operator;
mod http_webhook;
mod http_wire;
mod journal_golden;
mod program;
mod program_boot_loop;
mod program_conferences;
mod program_disk;
mod program_doctor;
mod program_operator;
mod program_operator_cli;
mod program_operator_limits;
mod program_operator_lists;
mod program_panics;
mod program_privacy;
mod program_quarantine;
mod program_replay;
mod program_restarts;
mod program_stopping;
mod program_traces;
mod program_webhooks;
mod telnyx_simulated;
