#!/usr/bin/env bash
# The same scenarios and flows through the second carrier: 40 calls each on a bad day.
source tests/parts/tools.bash
program >/dev/null
running=()
for name in conference ivr callback sms ring-group voicemail queue mix; do
    scenario "$name" bad-day 1 40 twilio &
    running+=($!)
done
failed=0
for run in "${running[@]}"; do
    wait "$run" || failed=1
done
exit "$failed"
