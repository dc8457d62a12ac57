#!/usr/bin/env bash
# The documentation builds, and none of its links is dead.
RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked --keep-going
