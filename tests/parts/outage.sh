#!/usr/bin/env bash
# The carrier is gone for 90 seconds, longer than it repeats a webhook: nobody is lost, nothing is done twice.
source tests/parts/tools.bash
demo outage 1 --conferences 40 --callers 5
