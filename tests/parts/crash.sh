#!/usr/bin/env bash
# `cordboard serve` killed, paused and starved with callers on the line: the journal brings every call back.
source tests/parts/tools.bash
tests/crash --program "$(program)" --logs target/run/crash
