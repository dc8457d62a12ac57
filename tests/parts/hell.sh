#!/usr/bin/env bash
# Far worse than life: many callers give up, none may be lost.
source tests/parts/tools.bash
for seed in ${HELL_SEEDS:-1}; do
    demo hell "$seed" --conferences 40 --callers 5
done
