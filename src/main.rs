//! The `cordboard` program: reads the command line, starts the runtime, turns the result into an exit code.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cordboard::cli::run(cordboard::cli::Cli::parse())
}
