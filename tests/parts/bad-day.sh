#!/usr/bin/env bash
# The same callers on a carrier's bad day, once per seed.
source tests/parts/tools.bash
for seed in ${BAD_DAY_SEEDS:-1 2 3 4 5}; do
    demo bad-day "$seed" --conferences 100 --callers 5
done
