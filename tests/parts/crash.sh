#!/usr/bin/env bash
# `cordboard serve` killed, paused, starved and drained with callers on the line: nobody is lost, nothing done twice.
source tests/parts/tools.bash
built=$(program)
# Only a debug build can kill itself at a cut point. Copied, because the next build takes its name.
cargo build --locked --features failpoints --bin cordboard
mkdir -p target/run
cp target/debug/cordboard target/run/cordboard-failpoints
tests/crash --program "$built" --logs target/run/crash
