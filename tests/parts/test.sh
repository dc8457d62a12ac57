#!/usr/bin/env bash
# Every crate's tests, in one cargo invocation; properties run few cases here. Then the exporter over gRPC.
set -e
env -u CORDBOARD_PROPERTY_CASES cargo test --workspace --locked --no-fail-fast
cargo test -p cordboard-observability --features grpc --locked traces::
