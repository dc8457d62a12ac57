#!/usr/bin/env bash
# Every request of ours and every answer of the simulator, judged by the carriers' own OpenAPI descriptions.
source tests/parts/tools.bash
CORDBOARD=$(program) exec tests/prism/run
