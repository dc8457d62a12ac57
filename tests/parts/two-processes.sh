#!/usr/bin/env bash
# `cordboard serve` and `cordboard simulate` as two processes that know only each other's addresses.
source tests/parts/tools.bash
python3 tests/two_processes.py --program "$(program)" --logs target/run/two-processes
