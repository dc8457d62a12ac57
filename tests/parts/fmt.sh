#!/usr/bin/env bash
# Formatting, as rustfmt.toml says.
source tests/parts/tools.bash
need_component rustfmt "cargo fmt --version"
cargo fmt --all --check
