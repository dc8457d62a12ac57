#!/usr/bin/env bash
# `cordboard serve` killed every 3 s on a bad day, with callers on the line: the journal brings every call back.
source tests/parts/tools.bash
python3 tests/crash.py --program "$(program)" --logs target/run/crash
