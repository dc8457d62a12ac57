#!/usr/bin/env bash
# The records in a real Postgres server, started here on loopback and thrown away.
set -euo pipefail
readonly SKIPPED=77

# Debian keeps the server's programs out of the path.
shopt -s nullglob
found=(/usr/lib/postgresql/*/bin/initdb)
if [[ ${#found[@]} -eq 0 ]] && command -v apt-get >/dev/null && [[ $(id -u) -eq 0 ]]; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql; } || true
    found=(/usr/lib/postgresql/*/bin/initdb)
fi
if [[ ${#found[@]} -eq 0 ]]; then
    echo "skipped: no Postgres server is installed (Debian: apt-get install postgresql)"
    exit $SKIPPED
fi
bin=$(dirname "${found[-1]}")

# The server refuses to run as root.
data=$(mktemp -d)
as_server=(env)
if [[ $(id -u) -eq 0 ]]; then
    if ! id postgres >/dev/null 2>&1; then
        echo "skipped: Postgres does not run as root, and there is no user postgres"
        exit $SKIPPED
    fi
    chown postgres "$data"
    as_server=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi
stop() {
    "${as_server[@]}" "$bin/pg_ctl" -D "$data/server" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$data"
}
trap stop EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(
    cd "$data"
    "${as_server[@]}" "$bin/initdb" -D "$data/server" -U cordboard -A trust --no-sync -E UTF8 >/dev/null
    "${as_server[@]}" "$bin/pg_ctl" -D "$data/server" -w -l "$data/log" start \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data -c fsync=off" >/dev/null
)
CORDBOARD_TEST_POSTGRES=postgres://cordboard@127.0.0.1:$port/postgres \
    cargo test -p cordboard --locked --lib records::
