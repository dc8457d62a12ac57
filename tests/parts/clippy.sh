#!/usr/bin/env bash
# The lints of the workspace, tests and examples included; a warning is an error.
source tests/parts/tools.bash
need_component clippy "cargo clippy --version"
cargo clippy --workspace --all-targets --locked -- -D warnings
