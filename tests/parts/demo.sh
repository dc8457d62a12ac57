#!/usr/bin/env bash
# 100 conferences of 5 callers at a calm carrier: nobody lost, nothing left behind.
source tests/parts/tools.bash
demo calm 1 --conferences 100 --callers 5
