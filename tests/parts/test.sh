#!/usr/bin/env bash
# Every crate's tests, in one cargo invocation; properties run few cases here.
env -u CORDBOARD_PROPERTY_CASES cargo test --workspace --locked --no-fail-fast
