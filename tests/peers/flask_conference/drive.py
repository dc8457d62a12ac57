#!/usr/bin/env python3
"""A foreign program, unchanged, against `cordboard simulate`: three callers of one number meet in one conference.

    tests/peers/flask_conference/drive.py --program target/release/cordboard --logs target/run/flask

The program is a Flask application over the carrier's own Python SDK, version 2.1.6. It is taken from a published
workshop page when that lies beside the checkout; `program.py`, our own of the same kind, runs in any case.
Must run in a Python that has flask and telnyx.
"""

import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import check_report  # noqa: E402
from processes import Failure, Program, Simulator, free_port  # noqa: E402

WORKSHOP = HERE.parents[3] / "shared" / "seeds" / "004-conference.md"
CALLERS = 3
NUMBER = "+15550100000"


def assemble(page):
    """The workshop's program out of its page: imports, key, application, and the last version of the handler."""
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    def block(beginning, containing=""):
        found = [text for text in blocks if text.startswith(beginning) and containing in text]
        if not found:
            raise Failure(f"the workshop page has no block that begins with {beginning!r}")
        return found[0]

    # The page's first sketch of the application is not Python; only its first line is meant to stay.
    application = block("app = Flask").splitlines()[0] + "\n"
    handler = block("calls = []", containing="@app.route")
    return "\n".join([block("import telnyx"), block("from flask"), block("telnyx.api_key"), application, handler])


def programs(logs):
    """Files to run, by name."""
    found = {"ours": HERE / "program.py"}
    if WORKSHOP.exists():
        logs.mkdir(parents=True, exist_ok=True)
        path = logs / "workshop.py"
        path.write_text(assemble(WORKSHOP.read_text(encoding="utf-8")), encoding="utf-8")
        found["workshop"] = path
    else:
        print("note: the workshop's page is not beside the checkout, only our own program of its kind was run")
    return found


def run(program, source, logs):
    """One run with one Flask program; returns objections."""
    port = free_port()
    with Simulator(program, logs, f"http://127.0.0.1:{port}/webhook") as simulator:
        simulator.ready()
        # The SDK of that age puts the version into the path itself, so the root is without `/v2`.
        arguments = [sys.executable, HERE / "serve.py", source, port, simulator.root]
        with Program("flask", arguments, logs) as flask:
            flask.wait_for(f"http://127.0.0.1:{port}/ready")
            simulator.ring(NUMBER, CALLERS, talk_ms=2_000)
            report = simulator.report_when_over(CALLERS, seconds=60)
            flask.must_run()
    print(f"check: {logs.name}: {check_report.summary(report)}")
    wrong = check_report.objections(report, "calm", conferences_expected=1, callers=CALLERS, foreign=True)
    if report["webhooks"]["rejected"]:
        wrong.append(f"webhooks were given up: {report['webhooks']}")
    return wrong


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    options = parser.parse_args()
    logs = pathlib.Path(options.logs).absolute()
    failed = False
    try:
        for name, source in programs(logs).items():
            for objection in run(pathlib.Path(options.program).absolute(), source, logs / name):
                print(f"check: flask {name}: {objection}")
                failed = True
    except Failure as failure:
        print(f"check: flask: {failure}")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
