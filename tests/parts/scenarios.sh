#!/usr/bin/env bash
# Every scenario of the simulated callers against its flow: 60 calls each on a carrier's bad day.
source tests/parts/tools.bash
# The shared program first, so that the runs beside each other do not wait for one another's build.
program >/dev/null
# Two beside each other: they mostly wait for people who talk, and one after the other they take a quarter of an hour.
failed=0
for pair in "conference ivr" "callback sms" "ring-group voicemail" "queue mix"; do
    running=()
    for name in $pair; do
        scenario "$name" bad-day 1 60 &
        running+=($!)
    done
    for run in "${running[@]}"; do
        wait "$run" || failed=1
    done
done
exit "$failed"
