#!/usr/bin/env bash
# Every scenario of the simulated callers against its flow: 60 calls each on a carrier's bad day.
source tests/parts/tools.bash
# First and once, so that the runs do not wait for one another's build.
program >/dev/null
# All beside each other: they mostly wait for people, in a queue for six minutes when nobody answers them.
running=()
for name in conference ivr callback sms ring-group voicemail queue mix; do
    scenario "$name" bad-day 1 60 &
    running+=($!)
done
failed=0
for run in "${running[@]}"; do
    wait "$run" || failed=1
done
exit "$failed"
