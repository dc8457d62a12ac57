#!/usr/bin/env bash
# The program as it is run: the parts after this one use target/release/cordboard.
cargo build --release --locked --bin cordboard
