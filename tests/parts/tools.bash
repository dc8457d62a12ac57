# What several parts need: tools installed under target/, the program, judged runs. Sourced by the parts.

# need_component NAME COMMAND: a part of the Rust toolchain, added by rustup when it is missing.
need_component() {
    $2 >/dev/null 2>&1 && return
    rustup component add "$1" || {
        echo "error: $1 is missing and rustup could not add it; install the toolchain's $1 and run again" >&2
        return 1
    }
}

# Path of a cargo-deny. Built once, unoptimised: it reads a lock file, and building it is what takes the time.
cargo_deny() {
    local version=0.20.2 tool=$PWD/target/tools/bin/cargo-deny
    if [[ "$("$tool" --version 2>/dev/null)" != "cargo-deny $version" ]]; then
        CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_TARGET_DIR=$PWD/target/tools/build \
            cargo install cargo-deny --version "$version" --locked --force --root target/tools >&2
        rm -rf target/tools/build
    fi
    echo "$tool"
}

# Path of a Jaeger: the one on the PATH, else one built from its Go module, once; nothing where neither can be had. The
# module's own `replace` lines keep `go install` from building it, and the pages of its viewer are not in it.
jaeger_program() {
    local version=v1.76.0 tool=$PWD/target/tools/bin/jaeger source=$PWD/target/tools/jaeger-source found
    if found=$(type -P jaeger-all-in-one); then
        echo "$found"
    elif [[ -x $tool ]]; then
        echo "$tool"
    elif command -v go >/dev/null; then
        found=$(go mod download -json "github.com/jaegertracing/jaeger@$version" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p') || return 0
        rm -rf "$source"
        mkdir -p "$(dirname "$tool")" && cp -r "$found" "$source" && chmod -R u+w "$source"
        (cd "$source" && GOFLAGS=-mod=mod go build -trimpath -ldflags="-s -w" -o "$tool" ./cmd/all-in-one) >&2 || true
        rm -rf "$source"
        [[ ! -x $tool ]] || echo "$tool"
    fi
}

# Path of a promtool: the one on the PATH, else that of Debian's package, unpacked; nothing where neither can be had.
promtool_program() {
    local tool=$PWD/target/tools/bin/promtool found
    if found=$(type -P promtool); then
        echo "$found"
    elif [[ -x $tool ]]; then
        echo "$tool"
    elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        found=$(mktemp -d)
        (cd "$found" && { apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }; } &&
            dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool) >&2 || true
        mkdir -p "$(dirname "$tool")"
        [[ ! -x $found/usr/bin/promtool ]] || mv "$found/usr/bin/promtool" "$tool"
        rm -rf "$found"
        [[ ! -x $tool ]] || echo "$tool"
    fi
}

# venv NAME REQUIREMENT…: path of a Python that has the requirements, in a folder of its own.
venv() {
    local home=$PWD/target/tools/venv-$1
    shift
    if [[ "$(cat "$home/requirements" 2>/dev/null)" != "$*" ]]; then
        rm -rf "$home"
        if ! python3 -m venv "$home" >&2; then
            echo "error: python3 -m venv does not work here; on Debian: apt-get install python3-venv" >&2
            return 1
        fi
        "$home/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
        echo "$*" >"$home/requirements"
    fi
    echo "$home/bin/python"
}

# Path of the program under test, built when the part is run by itself.
program() {
    cargo build --release --locked --bin cordboard >&2
    echo "$PWD/target/release/cordboard"
}

# demo PROFILE SEED ARGUMENT…: one run of `cordboard demo`, its report judged by tests/check_report.py.
demo() {
    local profile=$1 seed=$2 report=target/run/demo-$1-$2.json code=0 built
    shift 2
    built=$(program)
    "$built" demo "$@" --chaos "$profile" --seed "$seed" --json >"$report" || code=$?
    python3 tests/check_report.py --profile "$profile" --seed "$seed" "$@" "$report"
    if [[ $code -ne 0 ]]; then
        echo "error: cordboard demo exited with $code although its report is in order" >&2
        return 1
    fi
}

# scenario NAME PROFILE SEED CALLS [CARRIER]: one run of `cordboard load` with that scenario, judged in the same way. So few calls
# neither meet every kind of fault nor hold a floor exactly.
scenario() {
    local name=$1 profile=$2 seed=$3 calls=$4 carrier=${5:-telnyx} code=0 built
    local report=target/run/scenario-$carrier-$name-$profile.json
    built=$(program)
    "$built" load --scenario "$name" --carrier "$carrier" --calls "$calls" --rate 3 --chaos "$profile" --seed "$seed" --json >"$report" || code=$?
    python3 tests/check_report.py --profile "$profile" --seed "$seed" --callers "$calls" --name "$name" --few "$report"
    # 1 is the program's own verdict, by the exact floor; anything else is no verdict.
    if [[ $code -gt 1 ]]; then
        echo "error: cordboard load --scenario $name exited with $code although its report is in order" >&2
        return 1
    fi
}
