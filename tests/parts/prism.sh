#!/usr/bin/env bash
# Every request of ours and every answer of the simulator, judged by the carrier's own OpenAPI description.
source tests/parts/tools.bash
CORDBOARD=$(program) exec tests/prism/run
