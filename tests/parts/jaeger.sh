#!/usr/bin/env bash
# Every call's trace in a real Jaeger, over http and gRPC, across a kill -9; metrics and alerts as Prometheus sees them.
source tests/parts/tools.bash
promtool=$(promtool_program)
if [[ -n $promtool ]]; then
    "$promtool" check rules deploy/observability/alerts.yml
else
    echo "check: neither promtool nor Debian's package prometheus is to be had: alerts are not checked"
fi
jaeger=$(jaeger_program)
if [[ -z $jaeger ]]; then
    echo "skipped: no jaeger-all-in-one on the PATH, and no Go to build one with"
    exit 77
fi
mkdir -p target/run
plain=$(program)
# Unoptimised, beside what the tests have built: another release build would cost the parts after this one theirs.
cargo build --locked --features grpc --bin cordboard
cp target/debug/cordboard target/run/cordboard-grpc
"$(venv metrics 'prometheus-client==0.23.1')" tests/jaeger --program "$plain" \
    --grpc-program target/run/cordboard-grpc --jaeger "$jaeger"
