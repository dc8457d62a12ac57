#!/usr/bin/env bash
# The dependency tree: licences, banned crates, sources; advisories when their database can be had.
source tests/parts/tools.bash
deny=$(cargo_deny)
# It reads the manifests of every platform, more than a build for this one fetches.
cargo fetch --locked --quiet
"$deny" --offline --log-level error check --hide-inclusion-graph bans licenses sources
# The database is a git repository, not a registry package: a machine that reaches only registries has none.
if timeout 120 "$deny" fetch db >target/run/deny-fetch.log 2>&1; then
    "$deny" --offline check --hide-inclusion-graph advisories
else
    why=$(grep -E '^fatal: ' target/run/deny-fetch.log | tail -1 || true)
    echo "note: advisories skipped, their database cannot be fetched from here (${why:-see target/run/deny-fetch.log})"
fi
